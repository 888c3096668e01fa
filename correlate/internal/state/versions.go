package state

// Behaviour numbers what the engine makes of a log under given rules. Whoever
// changes what is decided raises it, by one for what is released together; what
// is only written otherwise (a sentence, a figure) leaves it. 1 is the first
// release, which did not know it.
const Behaviour = 4

// Versions names what a decision was made under.
type Versions struct {
	Rules, Topology, Learnt string
	Behaviour               int64 // 0: an engine of before there was a number
}

// NewVersions notes that rules, topology or learnt pairs are others now.
func (st *State) NewVersions() {
	st.Versions = &Versions{Rules: st.Rules.Version, Topology: st.Topology.Source.Version, Learnt: st.Learnt.Version, Behaviour: Behaviour}
}

// NextSeq numbers what is created.
func (st *State) NextSeq() int64 {
	st.seq++
	return st.seq
}
