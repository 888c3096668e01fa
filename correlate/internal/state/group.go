package state

import "pinkstar/schemas"

// Group is what a rule has grouped under one set of values.
type Group struct {
	Key      string
	Seq      int64
	Incident *Incident
	Pending  []*Incident // opened by its signals before the threshold was reached
	First    schemas.Time
	Last     schemas.Time // start of the latest signal
	Count    int32
}
