package schemas

// Output is what leaves the engine. The caller writes it and calls Reset; it
// may gather several steps before. What it holds is never changed afterwards.
type Output struct {
	Decisions []Decision
	Incidents []Incident
	Timeline  []TimelineEntry
	Problems  []Problem
	Effects   []Effect
	Actions   []ActionItem
}

// Reset empties o, keeping its memory unless it is what one step in a thousand needs.
func (o *Output) Reset() {
	reset(&o.Decisions)
	reset(&o.Incidents)
	reset(&o.Timeline)
	reset(&o.Problems)
	reset(&o.Effects)
	reset(&o.Actions)
}

// resetKeeps is for how many outcomes of a kind memory is kept. The end of a storm
// says a hundred thousand in one step.
const resetKeeps = 256

func reset[T any](list *[]T) {
	if cap(*list) > resetKeeps {
		*list = nil
		return
	}
	clear(*list)
	*list = (*list)[:0]
}

// Empty reports whether there is nothing to write. The engine is asked for
// every repeat, so it is written out.
func (o *Output) Empty() bool {
	return len(o.Decisions)+len(o.Incidents)+len(o.Timeline)+len(o.Problems)+len(o.Effects)+len(o.Actions) == 0
}

// Each hands every outcome to f, in the order of Outcomes.
func (o *Output) Each(f func(Emission)) {
	for _, k := range Outcomes {
		k.each(o, f)
	}
}
