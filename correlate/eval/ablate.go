package eval

import (
	"pinkstar/correlate/rules"
)

// Ablations returns the engine with its defaults and once without each kind of
// evidence, so that a table shows what each is worth.
func Ablations() []Assigner {
	out := []Assigner{Engine{}}
	add := func(label string, change func(*rules.Correlation)) {
		set := rules.Default()
		change(&set.Correlation)
		out = append(out, Engine{Label: "without " + label, Rules: set})
	}
	flat := func(t []rules.TimePoint) []rules.TimePoint {
		return []rules.TimePoint{{Gap: 0, Points: 0}, t[len(t)-1]}
	}
	const never = -20_000
	add("topology", func(c *rules.Correlation) { c.Hops = 0 })
	add("direction", func(c *rules.Correlation) { c.Weights.WrongOrder = 0 })
	add("two and three hops", func(c *rules.Correlation) {
		c.Weights.DependsOn2, c.Weights.DependsOn3, c.Weights.SharedCallee, c.Weights.SharedCaller = never, never, never, never
	})
	add("hosts", func(c *rules.Correlation) {
		c.Weights.SameHost, c.Weights.HostOfService, c.Weights.HostToo = never, never, 0
	})
	add("mentions", func(c *rules.Correlation) {
		c.Weights.Mention, c.Weights.MentionPeer, c.Weights.MentionName, c.Weights.MentionToo = never, never, never, 0
	})
	add("time", func(c *rules.Correlation) {
		c.Time, c.TimeAcross, c.Onset = flat(c.Time), flat(c.TimeAcross), flat(c.Onset)
	})
	add("onset", func(c *rules.Correlation) { c.Onset = []rules.TimePoint{{Gap: 0, Points: 0}} })
	add("pace and silence", func(c *rules.Correlation) {
		w := &c.Weights
		w.Pace, w.PaceAcross, w.Quiet, w.QuietAcross = 0, 0, 0, 0
	})
	add("size", func(c *rules.Correlation) { c.Weights.Lone, c.Weights.LoneAcross, c.Weights.Spread = 0, 0, 0 })
	add("background", func(c *rules.Correlation) { c.Weights.Background = 0 })
	add("refiring", func(c *rules.Correlation) { c.Weights.Refire = 0 })
	add("recovery", func(c *rules.Correlation) { c.Weights.Recovered = 0 })
	add("storms", func(c *rules.Correlation) { c.Weights.Storm = never })
	add("template", func(c *rules.Correlation) { c.Weights.Template = 0 })
	add("linking incidents", func(c *rules.Correlation) { c.Parent = 1_000_000 })
	return out
}
