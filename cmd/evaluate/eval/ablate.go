package eval

import "pinkstar/correlate/rules"

// Ablations are the engine as it is, and once without each kind of evidence, so
// that a table shows what each is worth. The rest is not fitted again.
func Ablations() []Assigner {
	out := []Assigner{Engine{}}
	add := func(label string, change func(*rules.Correlation)) {
		set := rules.Default()
		change(&set.Correlation)
		out = append(out, Engine{Label: "without " + label, Rules: set})
	}
	curves := func(label string, change func(*rules.Curves)) {
		add(label, func(c *rules.Correlation) {
			for _, g := range []*rules.Curves{&c.Events.Same, &c.Events.Again, &c.Events.Across, &c.Events.Apart, &c.Same, &c.Again, &c.Across, &c.Apart, &c.Ticket} {
				change(g)
			}
		})
	}
	const never = -20_000
	add("topology", func(c *rules.Correlation) { c.Hops, c.Weights.Alike = 0, never })
	add("direction", func(c *rules.Correlation) {
		w := &c.Weights
		w.WrongOrder = 0
		w.CalledBy1, w.CalledBy2, w.CalledBy3 = w.DependsOn1, w.DependsOn2, w.DependsOn3
	})
	add("two and three hops", func(c *rules.Correlation) {
		w := &c.Weights
		w.DependsOn2, w.DependsOn3, w.CalledBy2, w.CalledBy3, w.SharedCallee, w.SharedCaller = never, never, never, never, never, never
	})
	add("names", func(c *rules.Correlation) { c.Weights.Alike = never })
	add("hosts", func(c *rules.Correlation) {
		c.Weights.SameHost, c.Weights.HostOfService, c.Weights.HostToo = never, never, 0
	})
	add("mentions", func(c *rules.Correlation) {
		c.Weights.Mention, c.Weights.MentionPeer, c.Weights.MentionInText, c.Weights.MentionName, c.Weights.MentionToo = never, never, never, never, 0
	})
	curves("gap to the nearest", func(c *rules.Curves) { c.Gap = nil })
	curves("onset", func(c *rules.Curves) { c.Onset = nil })
	curves("what still fires there", func(c *rules.Curves) { c.Firing = nil })
	curves("idleness and age", func(c *rules.Curves) { c.Idle, c.Age = nil, nil })
	curves("size", func(c *rules.Curves) { c.Alerts, c.Services = nil, nil })
	curves("what still fires", func(c *rules.Curves) { c.Active = nil })
	curves("pace", func(c *rules.Curves) { c.Pace = nil })
	curves("background", func(c *rules.Curves) { c.Busy = nil })
	add("earlier episodes", func(c *rules.Correlation) { c.Weights.SameAlert, c.Weights.Refire = 0, 0 })
	add("template", func(c *rules.Correlation) { c.Weights.Template = 0 })
	add("storms", func(c *rules.Correlation) { c.Weights.Storm = never })
	add("linking incidents", func(c *rules.Correlation) { c.Parent = 1_000_000 })
	return out
}
