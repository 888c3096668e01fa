package state

// Versions names what a decision was made under.
type Versions struct{ Rules, Topology, Learnt string }

// NewVersions notes that rules, topology or learnt pairs are others now.
func (st *State) NewVersions() {
	st.Versions = &Versions{Rules: st.Rules.Version, Topology: st.Topology.Source.Version, Learnt: st.Learnt.Version}
}

// NextSeq numbers what is created.
func (st *State) NextSeq() int64 {
	st.seq++
	return st.seq
}
