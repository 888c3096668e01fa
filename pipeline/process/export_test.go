package process

// BehaveAs makes c one of a release whose engines have that behaviour.
func (c *Correlator) BehaveAs(number int64) { c.behaviour = number }
