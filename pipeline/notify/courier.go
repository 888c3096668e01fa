package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
)

// courier brings a partition's messages to one target, one after another. The
// desk's lock guards what is in it.
type courier struct {
	d     *desk
	name  string
	route *Route
	gate  *gate
	wake  chan struct{}

	ready, pages []*lane // whose head can be tried now; those with a page first
	later        []*lane // whose head has a time to wait for
	waiting      int     // deliveries that are not final
}

func newCourier(d *desk, r *Route, g *gate) *courier {
	return &courier{d: d, name: r.Name, route: r, gate: g, wake: make(chan struct{}, 1)}
}

// queue puts a lane where its head belongs. The caller has the lock.
func (c *courier) queue(l *lane) {
	head := l.head()
	if head == nil || l.queued {
		return
	}
	l.queued = true
	switch {
	case head.NextAt > c.d.stamp():
		c.later = append(c.later, l)
	case urgent(head):
		c.pages = append(c.pages, l)
	default:
		c.ready = append(c.ready, l)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// next takes the lane to serve, or returns how long there is none.
func (c *courier) next() (*lane, time.Duration) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	now := c.d.stamp()
	idle := time.Hour
	due := c.later
	c.later = nil
	for _, l := range due {
		wait := time.Duration(l.head().NextAt.Sub(now)) * time.Millisecond
		if l.queued = false; wait <= 0 {
			c.queue(l)
			continue
		}
		l.queued = true
		c.later = append(c.later, l)
		idle = min(idle, wait)
	}
	for _, from := range []*[]*lane{&c.pages, &c.ready} {
		// An address that may not be called yet does not hold another's.
		for i, l := range *from {
			_, address := destination(l.key.target)
			wait := c.gate.wait(address)
			if wait == 0 {
				*from = slices.Delete(*from, i, i+1)
				l.queued = false
				return l, 0
			}
			if idle = min(idle, wait); i >= maxPassedOver {
				break
			}
		}
	}
	return nil, idle
}

// maxPassedOver bounds how many lanes are looked at for one that may be served.
const maxPassedOver = 100

func (c *courier) run() {
	for c.d.ctx.Err() == nil {
		l, wait := c.next()
		if l == nil {
			t := time.NewTimer(wait)
			select {
			case <-c.d.ctx.Done():
			case <-c.wake:
			case <-t.C:
			}
			t.Stop()
			continue
		}
		c.serve(l)
	}
}

// serve does what the head of a lane needs next. Nobody else serves the lane
// meanwhile: only its courier does.
func (c *courier) serve(l *lane) {
	c.d.mu.Lock()
	var gone []*schemas.Delivery
	for _, x := range l.superseded() {
		x = c.revise(x, schemas.DeliverySuperseded, "a later message says it")
		x.Effect = nil
		gone = append(gone, x)
	}
	var head *schemas.Delivery
	if len(gone) < len(l.open) {
		head = l.open[len(gone)]
	}
	thread := l.thread
	l.queued = true // what is noted meanwhile does not queue it again
	c.d.mu.Unlock()

	ctx := c.d.ctx
	if c.d.write(ctx, gone...) == nil && head != nil {
		c.work(ctx, head, thread)
	}

	c.d.mu.Lock()
	l.queued = false
	c.queue(l)
	c.d.mu.Unlock()
}

func (c *courier) work(ctx context.Context, x *schemas.Delivery, thread schemas.Labels) {
	m := &outbound.Message{Key: x.ID, Effect: x.Effect, Person: x.Person, Thread: thread, Attempt: x.Attempts + 1}
	if _, m.Address = destination(x.Target); x.Attempts > 0 {
		m.TriedAt = x.TriedAt.Std()
	}
	switch age := c.d.now().Sub(x.NotedAt.Std()); {
	case age > c.d.cfg.GiveUpAfter && x.State == schemas.DeliveryUnknown:
		c.finish(ctx, x, fmt.Sprintf("nobody knows whether it was taken: the answer was lost, and %s could not tell for %s (notify.give_up_after); last: %s", c.name, c.d.cfg.GiveUpAfter, x.Error))
	case age > c.d.cfg.GiveUpAfter:
		c.finish(ctx, x, fmt.Sprintf("given up after %s (notify.give_up_after); last: %s", c.d.cfg.GiveUpAfter, x.Error))
	case x.State == schemas.DeliveryUnknown:
		c.look(ctx, x, m)
	default:
		c.attempt(ctx, x, m)
	}
}

// attempt notes that it begins, calls the target, and notes how it went.
func (c *courier) attempt(ctx context.Context, x *schemas.Delivery, m *outbound.Message) {
	x = c.revise(x, schemas.DeliverySending, "")
	x.TriedAt, x.NextAt, x.Attempts = x.At, 0, x.Attempts+1
	if c.d.write(ctx, x) != nil {
		return
	}
	began := time.Now()
	receipt, err := within(ctx, c.d.cfg.Timeout, func(ctx context.Context) (outbound.Receipt, error) {
		return c.route.Target.Deliver(ctx, m)
	})
	c.d.m.tried(c.name, time.Since(began), err)
	retry, isRetry := errors.AsType[*outbound.RetryError](err)
	refused, isRefused := errors.AsType[*outbound.RefusedError](err)
	switch {
	case err == nil:
		c.works()
		c.taken(ctx, x, schemas.DeliverySent, receipt)
	case isRefused:
		c.works()
		c.finish(ctx, x, refused.Error())
	case isRetry:
		c.pause(err, retry.After)
		x = c.revise(x, schemas.DeliveryWaiting, retry.Error())
		x.NextAt = x.At.Add(max(retry.After, c.backoff(x.Attempts)).Milliseconds())
		c.note(ctx, x)
	default:
		c.pause(err, 0)
		x = c.revise(x, schemas.DeliveryUnknown, "the answer was lost: "+err.Error())
		x.NextAt = x.At.Add(c.d.cfg.Timeout.Milliseconds())
		c.note(ctx, x)
	}
}

// look asks the target what became of an attempt whose answer was lost.
func (c *courier) look(ctx context.Context, x *schemas.Delivery, m *outbound.Message) {
	var found outbound.Finding
	receipt, err := within(ctx, c.d.cfg.Timeout, func(ctx context.Context) (r outbound.Receipt, err error) {
		r, found, err = c.route.Target.Find(ctx, m)
		return r, err
	})
	c.d.m.looked(c.name, found, err)
	switch {
	case err != nil:
		c.pause(err, 0)
		x = c.revise(x, schemas.DeliveryUnknown, "the answer was lost, and asking failed: "+err.Error())
		x.NextAt = x.At.Add(c.d.cfg.BackoffLast.Milliseconds())
		c.note(ctx, x)
	case found == outbound.Found:
		c.works()
		c.taken(ctx, x, schemas.DeliveryConfirmed, receipt)
	case found == outbound.NotFound:
		c.works()
		x = c.revise(x, schemas.DeliveryWaiting, x.Error)
		x.NextAt = 0
		c.note(ctx, x)
	default:
		c.works()
		x = c.revise(x, schemas.DeliveryUnknown, x.Error)
		x.NextAt = x.At.Add(c.d.cfg.Timeout.Milliseconds())
		c.note(ctx, x)
	}
}

// within calls f with a limit, although the partition may be taken away: what
// was begun is seen to its end.
func within(ctx context.Context, limit time.Duration, f func(context.Context) (outbound.Receipt, error)) (outbound.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return f(ctx)
}

func (c *courier) backoff(attempts int64) time.Duration {
	d := c.d.cfg.BackoffFirst << min(attempts-1, 20)
	return min(max(d, c.d.cfg.BackoffFirst), c.d.cfg.BackoffLast)
}

func (c *courier) revise(x *schemas.Delivery, state schemas.DeliveryState, why string) *schemas.Delivery {
	r := *x
	r.Revision, r.State, r.At, r.Error = x.Revision+1, state, c.d.stamp(), why
	if state.Final() {
		r.NextAt = 0
	}
	return &r
}

// note writes a revision, and with it the next way to call a person whom this
// one has not reached, or not in time.
func (c *courier) note(ctx context.Context, x *schemas.Delivery) {
	notes := []*schemas.Delivery{x}
	late := x.At.Sub(x.NotedAt) > c.d.cfg.NextWayAfter.Milliseconds() && !x.State.Final()
	if e := x.Effect; e != nil && x.Person != "" && (late || x.State == schemas.DeliveryFailed) {
		for i := range e.To.People {
			if e.To.People[i].Name != x.Person {
				continue
			}
			if l, ok := c.d.routes.another(&e.To.People[i], x.Target); ok {
				if other := c.d.first(e, l); other != nil {
					notes = append(notes, other)
				}
			}
		}
	}
	if x.State.Final() {
		x.Effect = nil
	}
	_ = c.d.write(ctx, notes...)
}

func (c *courier) taken(ctx context.Context, x *schemas.Delivery, state schemas.DeliveryState, r outbound.Receipt) {
	x = c.revise(x, state, "")
	x.Ref, x.URL, x.Thread = r.Ref, r.URL, r.Thread
	c.note(ctx, x)
}

// finish notes that a message will never be brought this way.
func (c *courier) finish(ctx context.Context, x *schemas.Delivery, why string) {
	c.d.log.Warn().Str("delivery", x.ID).Str("incident", x.IncidentID).Str("target", x.Target).Str("kind", string(x.Kind)).Str("why", why).
		Msg("a message could not be brought")
	c.note(ctx, c.revise(x, schemas.DeliveryFailed, why))
}

// works and pause tell of a target once when it goes and once when it is back.
func (c *courier) works() {
	if away, back := c.gate.answered(); back {
		c.d.log.Info().Str("target", c.name).Dur("away_ms", away).Msg("the target takes messages again; what waited is being brought")
	}
}

func (c *courier) pause(err error, after time.Duration) {
	if c.gate.refused(err, after) {
		c.d.log.Warn().Str("target", c.name).Err(err).Msg("the target takes nothing for now; its messages wait and are tried again")
	}
}
