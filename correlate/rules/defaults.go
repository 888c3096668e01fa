package rules

import (
	_ "embed"

	"github.com/goccy/go-yaml"

	"pinkstar/schemas"
)

// The points of evidence were fitted, by `go run ./cmd/evaluate --fit`; the package
// documentation of cmd/evaluate/eval says on what, and how the fits were mixed.
//
//go:embed weights.yaml
var weightsText []byte

// What held in the first release that had a version for it, with every value. A
// setting that is added later gets the value here under which an older log goes
// on as it did; besides that the file never changes.
//
//go:embed released.yaml
var releasedText []byte

// Released returns what holds until a log says otherwise: the defaults of the
// first release. Those of this binary come into force by an activation.
func Released() *Set {
	s := released()
	s.seal(nil)
	return s
}

func released() *Set {
	s := &Set{}
	if err := yaml.Unmarshal(releasedText, s); err != nil { // embedded, and read by every test
		panic("rules: released.yaml: " + err.Error())
	}
	return s
}

// Default returns the rule set of an empty file.
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
			ResolveGrace:  Duration(10 * schemas.Minute),
			NewEpisode:    Duration(1 * schemas.Minute),
			PeerDelay:     Duration(15 * schemas.Second),
			FlapCount:     3,
			FlapWindow:    Duration(10 * schemas.Minute),
			Inactivity:    Duration(1 * schemas.Day),
			MaxLifetime:   Duration(7 * schemas.Day),
			LateAfter:     Duration(1 * schemas.Hour),
			Forget:        Duration(1 * schemas.Day),
			FlushIncident: Duration(1 * schemas.Second),
			FlushRepeats:  Duration(10 * schemas.Second),
			FlushCosts:    Duration(1 * schemas.Minute),
			TicketQuiet:   Duration(3 * schemas.Day),
		},
		Problems: Problems{
			MinIncidents:     3,
			Period:           Duration(60 * schemas.Day),
			MinSignals:       2,
			FalseDiscoveries: 50,
			Similarity:       500,
			Significance:     1000,
			SeasonalSlack:    Duration(15 * schemas.Minute),
			SeasonalShare:    800,
		},
		Messages: defaultMessages(),
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
			Corrections:      10_000,
			Groups:           200_000,
			JoiningPerMinute: 100_000,
		},
	}
}

func defaultMessages() Messages {
	return Messages{
		PerIncident: 40,
		Period:      Duration(1 * schemas.Day),
		Wait:        Duration(15 * schemas.Second),
		Interval:    Duration(1 * schemas.Minute),
		From:        schemas.SeverityWarning,
		JustChanged: Duration(30 * schemas.Minute),
	}
}

func defaultCorrelation() Correlation {
	c := Correlation{
		MachineJobs:    []string{"node-exporter", "node_exporter", "node", "windows-exporter", "windows_exporter"},
		TimeoutAfter:   16,
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
	n := schemas.DefaultNaming()
	for _, l := range c.labelLists(&n) {
		*l.list = l.named
	}
	if err := yaml.Unmarshal(weightsText, &c); err != nil { // embedded, and read by every test
		panic("rules: weights.yaml: " + err.Error())
	}
	return c
}
