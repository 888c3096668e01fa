package schemas

// WhatProblems is an activation that makes problems of the past known: its text is
// a JSON list of KnownProblem. They are added to what the engine knows, and never
// taken away, so it is never in force.
const WhatProblems = "problems"

// KnownProblem is a problem and how its incidents are recognised.
type KnownProblem struct {
	Problem Problem     `json:"problem"`
	Alerts  []AlertName `json:"alerts"` // what fires where, the signature; sorted by service and name
	Starts  []Time      `json:"starts"` // of its latest incidents, oldest first
	// Weight is over how many incidents the alerts were counted, in thousandths;
	// none: they are those of one.
	Weight int64 `json:"weight,omitempty"`
}

// AlertName is the name of an alert on a service.
type AlertName struct {
	Name    string `json:"name"`
	Service string `json:"service"`
	Count   int64  `json:"count,omitempty"` // thousandths of the incidents that showed it
}
