package rules

import (
	"pinkstar/schemas"
)

// Default returns the rule set of an empty file. The weights come from the
// simulator's tuning seeds (see correlate/eval).
func Default() *Set {
	s := defaults()
	s.seal(nil)
	return s
}

func defaults() *Set {
	return &Set{
		Correlation: defaultCorrelation(),
		Lifecycle: Lifecycle{
			ResolveDelay:  Duration(1 * schemas.Minute),
			ReopenWindow:  Duration(15 * schemas.Minute),
			NewEpisode:    Duration(1 * schemas.Minute),
			FlapCount:     3,
			FlapWindow:    Duration(10 * schemas.Minute),
			Inactivity:    Duration(1 * schemas.Day),
			MaxLifetime:   Duration(7 * schemas.Day),
			LateAfter:     Duration(1 * schemas.Hour),
			Forget:        Duration(1 * schemas.Day),
			FlushIncident: Duration(1 * schemas.Second),
			FlushRepeats:  Duration(10 * schemas.Second),
			TicketQuiet:   Duration(3 * schemas.Day),
		},
		Problems: Problems{
			MinIncidents:  3,
			Period:        Duration(30 * schemas.Day),
			MinSignals:    2,
			Similarity:    400,
			Significance:  1000,
			SeasonalSlack: Duration(15 * schemas.Minute),
			SeasonalShare: 800,
		},
		Impact: Impact{
			Currency:         "EUR",
			StaffCostPerHour: 90,
			People: map[string]float64{
				"critical": 5, "major": 3, "warning": 1, "info": 0.5, "unknown": 1,
			},
			Loss: map[string][]float64{
				"critical": {0.30, 0.70, 1.00},
				"major":    {0.10, 0.30, 0.60},
				"warning":  {0.00, 0.05, 0.20},
				"info":     {0.00, 0.00, 0.02},
				"unknown":  {0.00, 0.10, 0.50},
			},
		},
		Limits: Limits{
			Alerts:           2_000_000,
			Incidents:        200_000,
			Scopes:           10_000,
			KnownSignals:     5_000_000,
			Members:          50,
			Tickets:          50_000,
			Changes:          10_000,
			Patterns:         10_000,
			Facts:            10_000,
			Groups:           200_000,
			JoiningPerMinute: 100_000,
		},
	}
}

func defaultCorrelation() Correlation {
	return Correlation{
		Join:   2200,
		Parent: 4000,
		Weights: Weights{
			Rule:          6000,
			SameAlert:     1500,
			SameService:   3200,
			SameInstance:  200,
			SameHost:      2700,
			HostOfService: 3500,
			DependsOn1:    4700,
			DependsOn2:    2400,
			DependsOn3:    1400,
			WrongOrder:    -2100,
			SharedCallee:  3000,
			SharedCaller:  0,
			HostToo:       650,
			Template:      0,
			Learnt:        3000,
			Mention:       3000,
			MentionToo:    100,
			MentionPeer:   5000,
			MentionName:   3000,
			MentionKey:    6000,
			Maintenance:   2000,
			Change:        600,
			Lone:          -700,
			LoneAcross:    -800,
			Spread:        900,
			Pace:          470,
			PaceAcross:    740,
			Quiet:         -340,
			QuietAcross:   -300,
			Background:    -790,
			Recovered:     -1500,
			Storm:         300,
			Refire:        -4000,
			LinkDirect:    3800,
			LinkFar:       -500,
			LinkLone:      -1100,
		},
		Time: []TimePoint{
			{0, 3500},
			{Duration(15 * schemas.Second), 1000},
			{Duration(30 * schemas.Second), 800},
			{Duration(1 * schemas.Minute), 0},
			{Duration(4 * schemas.Minute), -150},
			{Duration(8 * schemas.Minute), -900},
			{Duration(16 * schemas.Minute), -2350},
			{Duration(30 * schemas.Minute), -5260},
			{Duration(1 * schemas.Hour), -6000},
			{Duration(4 * schemas.Hour), -8000},
		},
		TimeAcross: []TimePoint{
			{0, 1900},
			{Duration(15 * schemas.Second), 1050},
			{Duration(30 * schemas.Second), 700},
			{Duration(1 * schemas.Minute), 0},
			{Duration(4 * schemas.Minute), -300},
			{Duration(8 * schemas.Minute), -570},
			{Duration(16 * schemas.Minute), -1200},
			{Duration(1 * schemas.Hour), -3000},
		},
		Onset: []TimePoint{
			{0, 1150},
			{Duration(15 * schemas.Second), 200},
			{Duration(1 * schemas.Minute), 0},
			{Duration(2 * schemas.Minute), -680},
			{Duration(4 * schemas.Minute), -1680},
			{Duration(8 * schemas.Minute), -2400},
			{Duration(20 * schemas.Minute), -4000},
		},
		ServiceLabels: []string{"service", "service_name", "service.name", "app", "app_kubernetes_io_name",
			"app.kubernetes.io/name", "k8s_app", "component", "deployment", "container", "workload", "job"},
		WeakLabels:     []string{"job", "component", "container", "workload"},
		Hops:           3,
		HubDegree:      64,
		OrderSlack:     Duration(30 * schemas.Second),
		Candidates:     16,
		Stale:          Duration(2 * schemas.Hour),
		MaxSignals:     20_000,
		MaxServices:    500,
		MaxDuration:    Duration(1 * schemas.Day),
		MaxChildren:    200,
		ChangeLookBack: Duration(2 * schemas.Hour),
		ChangeHops:     2,
	}
}
