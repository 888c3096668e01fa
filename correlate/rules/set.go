package rules

import (
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/schemas"
)

// Set is one version of everything that decides how signals are correlated.
type Set struct {
	Rules       []Rule      `yaml:"rules,omitempty"`
	Correlation Correlation `yaml:"correlation"`
	Lifecycle   Lifecycle   `yaml:"lifecycle"`
	Problems    Problems    `yaml:"problems"`
	Impact      Impact      `yaml:"impact"`
	Messages    Messages    `yaml:"messages"`
	Procedures  []Procedure `yaml:"procedures,omitempty"`

	Teams  map[string]*Team    `yaml:"teams,omitempty"`
	People map[string]*Contact `yaml:"people,omitempty"`
	Rotas  map[string]*Rota    `yaml:"rotas,omitempty"`

	Limits Limits `yaml:"limits"`

	// Text is YAML with every value that holds, defaults and weights too: the
	// effective set. Version is the first 12 hexadecimal digits of its SHA-256, so
	// two sets that decide alike have one version, and other defaults are another.
	// A set out of the log keeps the text that is there.
	Text    []byte `yaml:"-"`
	Version string `yaml:"-"`

	index ruleIndex
}

// Action is what a rule does with the signals it matches.
type Action string

// The actions of a rule.
const (
	// ActionGroup puts signals with the same values of By into one incident.
	ActionGroup Action = "group"
	// ActionSeparate does the same, and nothing else may join them.
	ActionSeparate Action = "separate"
	// ActionSuppress takes the signal as expected: it opens no incident.
	ActionSuppress Action = "suppress"
)

// Rule groups signals that its author knows to belong together.
type Rule struct {
	Name string `yaml:"name"`
	// Match holds matchers in Alertmanager's syntax; all must hold. Besides
	// labels they see the names kind, source, name, service, instance, host,
	// severity, team, environment, tenant, where no label is called so.
	Match []string `yaml:"match"`
	By    []string `yaml:"by,omitempty"`
	// Window is how long after the last signal of a group the next one still
	// belongs to it.
	Window Duration `yaml:"window,omitempty"`
	// Threshold is how many signals of a group there must be within the window
	// before the rule speaks for joining them.
	Threshold int    `yaml:"threshold,omitempty"`
	Action    Action `yaml:"action,omitempty"`

	matchers labels.Matchers
}

// Correlation holds the weights and bounds of scoring. Points are thousandths
// of a natural log-odds.
type Correlation struct {
	// Join is the score from which a signal joins an incident; Parent the
	// higher one from which two incidents are linked.
	Join   int64 `yaml:"join"`
	Parent int64 `yaml:"parent"`

	Weights Weights `yaml:"weights"`

	// Same, Across and Apart say what times and the state of an incident add
	// to a tie: on the same service, from one service to another, and where
	// only the moment connects the two. Ticket is for tickets,
	// which people write minutes later.
	Same   Curves `yaml:"same"`
	Across Curves `yaml:"across"`
	Again  Curves `yaml:"again"` // the same alert, still firing in the incident, started again
	Apart  Curves `yaml:"apart"`
	// Refire is for an alert that fires again within the reopen window, and its
	// old incident.
	Refire RefireCurves `yaml:"refire"`
	Ticket Curves       `yaml:"ticket"`
	// Events are the same for scopes in which no alert has ever recovered, or
	// all only by timeout: what comes there are events, and what still fires is
	// not known.
	Events EventCurves `yaml:"events"`
	// Link is for two incidents.
	Link LinkCurves `yaml:"link"`

	// ServiceLabels are the labels that may name an alert's service, most
	// trusted first; the last ones named in WeakLabels are believed only when
	// the service is declared, or nothing else names the entity. These and the
	// following lists come from the section labels of the settings (see Named).
	ServiceLabels []string `yaml:"service_labels"`
	WeakLabels    []string `yaml:"weak_labels"`
	// NamespaceLabels name what an alert is about when nothing nearer is named.
	NamespaceLabels []string `yaml:"namespace_labels"`
	// HostLabels, InstanceLabels and TeamLabels count where a signal came in
	// without: labels that are given a meaning later have it in the log, too.
	HostLabels     []string `yaml:"host_labels"`
	InstanceLabels []string `yaml:"instance_labels"`
	TeamLabels     []string `yaml:"team_labels"`
	// MachineJobs are values of the label job by which the instance of an alert
	// is a machine, as exporters of a machine's own metrics have them.
	MachineJobs []string `yaml:"machine_jobs"`

	// TimeoutAfter is after how many recoveries, nearly all of them the same time
	// after the alert's start, those of a scope are taken for timeouts: its alerts
	// are weighed like events. 0: never.
	TimeoutAfter int `yaml:"timeout_after"`
	// Hops is how far topology evidence reaches, at most 3.
	Hops int `yaml:"hops"`
	// HubDegree: a service with more neighbours gives no topology evidence.
	HubDegree int `yaml:"hub_degree"`
	// OrderSlack is how much later than its caller's a callee's start may be
	// and still count as the earlier one: alerts wait for their "for:".
	OrderSlack Duration `yaml:"order_slack"`
	// Candidates caps how many incidents are weighed for one signal.
	Candidates int `yaml:"candidates"`
	// Stale: an incident without a new signal for so long is not weighed for
	// being near; a rule, a key or an operator can still reach it.
	Stale Duration `yaml:"stale"`
	// MaxSignals, MaxDuration and MaxServices stop an incident from growing by
	// scoring. The signal then finds another one or opens its own.
	MaxSignals  int      `yaml:"max_signals"`
	MaxServices int      `yaml:"max_services"`
	MaxDuration Duration `yaml:"max_duration"`
	// MaxChildren caps the incidents below one main incident.
	MaxChildren int `yaml:"max_children"`
	// ChangeLookBack is how long after its start a change is a candidate cause.
	ChangeLookBack Duration `yaml:"change_look_back"`
	// ChangeHops is how far upstream a candidate cause may be.
	ChangeHops int `yaml:"change_hops"`
}

// Lifecycle says how incidents and alerts begin and end. All of it runs on log
// time, except where it says start or end.
type Lifecycle struct {
	// ResolveDelay is how long after the last alert's recovery an incident
	// resolves; ReopenWindow how long after that it can still reopen.
	ResolveDelay Duration `yaml:"resolve_delay"`
	ReopenWindow Duration `yaml:"reopen_window"`
	// ResolveGrace is how long a person's word that an incident is resolved stands
	// against its alerts: one that is told as firing so long after it, or later,
	// opens it again. 0: none does, until it has recovered.
	ResolveGrace Duration `yaml:"resolve_grace"`
	// NewEpisode: for so long after a recovery that was all that was known of an
	// alert, a firing that had begun before it was overtaken by it; later it fires
	// anew. Where nothing ever recovers, a firing alert that starts again this much
	// later is an event of its own.
	NewEpisode Duration `yaml:"new_episode"`
	// PeerDelay is how much later than the first of a highly available pair the
	// other may tell the same: a firing told again within it after the recovery
	// is a late copy, later it fires anew.
	PeerDelay Duration `yaml:"peer_delay"`
	// FlapCount recoveries within FlapWindow make an alert a flapping one: it
	// keeps its incident open until FlapWindow passes quietly.
	FlapCount  int      `yaml:"flap_count"`
	FlapWindow Duration `yaml:"flap_window"`
	// Inactivity ends an alert of which nothing was heard for so long.
	Inactivity Duration `yaml:"inactivity"`
	// MaxLifetime ends an incident that has lived for so long, unless an alert
	// of it is still heard of.
	MaxLifetime Duration `yaml:"max_lifetime"`
	// LateAfter: a recovery of something never seen, that ended longer ago and
	// belongs to nothing open, changes nothing any more.
	LateAfter Duration `yaml:"late_after"`
	// Forget is how long after its last delivery a signal's id is still known.
	Forget Duration `yaml:"forget"`
	// FlushIncident and FlushRepeats bound how often mere counts are written.
	FlushIncident Duration `yaml:"flush_incident"`
	FlushRepeats  Duration `yaml:"flush_repeats"`
	// FlushCosts is how soon an open incident is written again because its costs
	// grow; the older it is the rarer, at least once an hour.
	FlushCosts Duration `yaml:"flush_costs"`
	// TicketQuiet closes an incident that only has tickets after so long
	// without a word.
	TicketQuiet Duration `yaml:"ticket_quiet"`
}

// Problems says when what recurs is a problem.
type Problems struct {
	// MinIncidents is how many occurrences there must be within Period.
	MinIncidents int      `yaml:"min_incidents"`
	Period       Duration `yaml:"period"`
	// MinSignals is how many different alerts two of the incidents must have. The
	// others may have fewer. With 1, a single alert that recurs is a problem.
	MinSignals int `yaml:"min_signals"`
	// FalseDiscoveries is the share of mistaken problems that is allowed, in
	// thousandths.
	FalseDiscoveries int64 `yaml:"false_discoveries"`
	// Similarity is how much of what one occurrence shows at the root another must
	// show too, on average over all pairs, in thousandths.
	Similarity int64 `yaml:"similarity"`
	// Significance meant something up to behaviour 2; it is read and does nothing.
	Significance int64 `yaml:"significance"`
	// SeasonalSlack is how close to the same minute of the day, or of the
	// week, occurrences must lie to be a schedule's.
	SeasonalSlack Duration `yaml:"seasonal_slack"`
	// SeasonalShare is the least share of occurrences on the schedule, in
	// thousandths.
	SeasonalShare int64 `yaml:"seasonal_share"`
}

// Impact prices incidents.
type Impact struct {
	Currency string `yaml:"currency"`
	// RevenuePerMinute is what a service earns per minute, around the clock
	// unless Hours says more.
	Services map[string]Revenue `yaml:"services,omitempty"`
	// StaffCostPerHour is what one responder costs; People how many work on an
	// incident of a severity.
	StaffCostPerHour float64            `yaml:"staff_cost_per_hour"`
	People           map[string]float64 `yaml:"people"`
	// Loss is the share of revenue lost by severity: low, likely, high. Where
	// several incidents claim the same loss of measured revenue, each is charged in
	// proportion to what its severity is likely to lose.
	Loss map[string][]float64 `yaml:"loss"`
	// Zone is the IANA zone of hours of the week; none: UTC.
	Zone string `yaml:"zone,omitempty"`
	// Figures prices business figures (impact signals with a figure) by name. The
	// figure "revenue" is money and needs no price.
	Figures map[string]Figure `yaml:"figures,omitempty"`
	// CatchUp is for how long after an incident customers are taken to come back:
	// what comes beyond the expected until then is told as caught up.
	CatchUp Duration `yaml:"catch_up,omitempty"`

	zone *time.Location
}

// Figure is what a business figure is worth.
type Figure struct {
	Worth float64 `yaml:"worth"` // of one, in the currency of impact; 0: it is not priced
}

// Revenue is what a service earns per minute.
type Revenue struct {
	PerMinute float64 `yaml:"per_minute"`
	// Hours changes it for hours of the week, in Zone.
	Hours []RevenueHours `yaml:"hours,omitempty"`
	// Zone is the IANA zone of Hours; none: that of impact.
	Zone string `yaml:"zone,omitempty"`

	zone *time.Location
}

// RevenueHours overrides the revenue on some days and hours; the last that
// matches wins. Hours that end before they begin run over midnight, into the day
// after each of Days.
type RevenueHours struct {
	Days      []string `yaml:"days,omitempty"` // mon … sun; none: every day
	From      int      `yaml:"from"`           // hour 0-23
	To        int      `yaml:"to"`             // hour 1-24, exclusive
	PerMinute float64  `yaml:"per_minute"`
}

// Procedure says who does what when a signal matches.
type Procedure struct {
	Name  string   `yaml:"name"`
	Match []string `yaml:"match"`
	Owner string   `yaml:"owner,omitempty"` // team
	// OnCall is the rota or the person who is called where no escalation says more.
	OnCall    string `yaml:"on_call,omitempty"`
	Emergency string `yaml:"emergency_channel,omitempty"` // target that is watched around the clock
	Runbook   string `yaml:"runbook,omitempty"`
	// Severity is what an incident of it is at least.
	Severity   schemas.Severity `yaml:"severity,omitempty"`
	Steps      []ProcedureStep  `yaml:"steps,omitempty"`
	Escalation []EscalationStep `yaml:"escalation,omitempty"`
	// MailCompany: everybody is told when it begins and when it is over.
	MailCompany bool `yaml:"mail_company,omitempty"`

	matchers labels.Matchers
}

// Limits bound the memory of one partition's engine.
type Limits struct {
	Alerts           int `yaml:"alerts"`    // alerts held
	Incidents        int `yaml:"incidents"` // live incidents of one scope
	Scopes           int `yaml:"scopes"`
	KnownSignals     int `yaml:"known_signals"` // ids remembered
	Members          int `yaml:"members"`       // listed per incident
	Tickets          int `yaml:"tickets"`       // held per scope
	Changes          int `yaml:"changes"`       // held per scope
	Patterns         int `yaml:"patterns"`      // signatures per scope
	Corrections      int `yaml:"facts"`         // operators' corrections per scope
	Groups           int `yaml:"groups"`        // rule groups per scope
	JoiningPerMinute int `yaml:"joining_per_minute"`
	Figures          int `yaml:"figures,omitempty"`  // business figures per scope, about a quarter of a megabyte each; 0: the default
	Accounts         int `yaml:"accounts,omitempty"` // incidents per scope whose losses by figures are revised after they closed; 0: the default
	Actions          int `yaml:"actions,omitempty"`  // open actions of post-mortems per scope; 0: the default
}
