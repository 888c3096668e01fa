package process

import "time"

// pace decides when a transaction ends. Ending one costs 1 ms on the embedded
// broker and 10 to 80 on Apache Kafka, so the interval follows what it costs:
// short enough to be quick when idle, long enough that under load most of the
// time goes into work.
type pace struct {
	min, max time.Duration
	cost     time.Duration // of an end, smoothed
	lastEnd  time.Time
	backlog  bool
}

// workPerEnd is how much longer than its end a transaction lasts at least.
const workPerEnd = 4

func (p *pace) interval() time.Duration {
	d := workPerEnd * p.cost
	if p.backlog {
		d = max(4*d, 5*p.min)
	}
	return min(max(d, p.min), p.max)
}

// due is when the open transaction should end. After a pause that is at once:
// a single alert at night must not wait for company.
func (p *pace) due() time.Time { return p.lastEnd.Add(p.interval()) }

func (p *pace) ended(now time.Time, cost time.Duration) {
	p.lastEnd = now
	if p.cost == 0 {
		p.cost = cost
		return
	}
	p.cost += (cost - p.cost) / 8
}
