package notify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/schemas"
)

// desk has the deliveries of one partition for as long as it is ours.
type desk struct {
	cfg     *Config
	now     func() time.Time
	routes  Routes
	gates   map[string]*gate
	journal journal
	log     zerolog.Logger
	m       *metrics
	// doubtful is what becomes of an attempt whose end nobody saw; a test replaces
	// it with what would be wrong.
	doubtful schemas.DeliveryState

	ctx    context.Context // ends when the partition is taken away
	cancel context.CancelFunc
	wg     sync.WaitGroup
	lost   func(error) // the journal can't be written: the session is over

	mu       sync.Mutex
	known    map[string]schemas.Time // deliveries by id: of the newest revision
	lanes    map[laneKey]*lane
	heard    map[string]*hearing // by incident
	couriers map[string]*courier // by the name of their route
}

func (n *Notifier) newDesk(j journal, lost func(error)) *desk {
	d := &desk{
		cfg: &n.cfg, now: n.now, routes: n.routes, gates: n.gates, journal: j, log: n.log, m: n.m, doubtful: schemas.DeliveryUnknown, lost: lost,
		known: map[string]schemas.Time{}, lanes: map[laneKey]*lane{}, heard: map[string]*hearing{}, couriers: map[string]*courier{},
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// restore reads the journal, and goes on with what is not final.
func (d *desk) restore(ctx context.Context) error {
	newest := schemas.Deliveries.Newest()
	if err := d.journal.Read(ctx, func(x *schemas.Delivery) { newest.Put(x) }); err != nil {
		return err
	}
	var orphans []*schemas.Delivery // of targets that the settings no longer have
	for x := range newest.All() {
		if x.State == schemas.DeliverySending {
			// Whoever was sending may still be: their attempt is over after one timeout.
			c := *x
			c.State, c.NextAt = d.doubtful, d.stamp().Add(d.cfg.Timeout.Milliseconds())
			x = &c
		}
		if d.routes.of(x.Target) == nil && !x.State.Final() {
			c := *x
			fail(&c, unknownTarget(x.Target))
			c.Revision, c.At = x.Revision+1, d.stamp()
			orphans = append(orphans, &c)
			continue
		}
		d.note(x)
	}
	return d.write(ctx, orphans...)
}

func (d *desk) stamp() schemas.Time { return schemas.TimeOf(d.now()) }

// accept takes effects that were read, in order. When it returns nil what they
// are for is durable.
func (d *desk) accept(ctx context.Context, effects []*schemas.Effect) error {
	var fresh []*schemas.Delivery
	for _, e := range effects {
		if d.before(e) {
			d.m.before.Inc()
			continue
		}
		for _, l := range d.legs(e) {
			if x := d.first(e, l); x != nil {
				d.hears(x)
				fresh = append(fresh, x)
			}
		}
	}
	return d.write(ctx, fresh...)
}

// first is the first revision of a delivery, or nil when it is known.
func (d *desk) first(e *schemas.Effect, l leg) *schemas.Delivery {
	key := l.target
	if l.person != "" {
		key += "\n" + l.person
	}
	x := &schemas.Delivery{
		ID: schemas.DeliveryID(e.ID, key), Revision: 1, EffectID: e.ID, IncidentID: e.IncidentID, Seq: e.Seq, Scope: e.Scope, Kind: e.Kind,
		Target: l.target, Person: l.person, State: schemas.DeliveryWaiting, DecidedAt: e.At, NotedAt: d.stamp(), Effect: e,
	}
	x.At = x.NotedAt
	d.mu.Lock()
	_, known := d.known[x.ID]
	h := d.heard[e.IncidentID]
	waiting := 0
	if c := d.couriers[routeName(l.target)]; c != nil {
		waiting = c.waiting
	}
	d.mu.Unlock()
	if known {
		return nil
	}
	switch age := d.now().Sub(e.At.Std()); {
	case l.problem != "":
		fail(x, l.problem)
	case age > d.cfg.MaxAge:
		fail(x, fmt.Sprintf("not said: it was decided %s before it was read, over notify.max_age, %s", age.Round(time.Second), d.cfg.MaxAge))
	case e.Kind != schemas.EffectReopened && (h == nil || !h.told) && e.Head.DetectedAt != 0 && d.now().Sub(e.Head.DetectedAt.Std()) > d.cfg.MaxAge:
		fail(x, fmt.Sprintf("not said: nobody was told of the incident, and it was detected over notify.max_age, %s, ago", d.cfg.MaxAge))
	case waiting >= d.cfg.MaxWaiting && !urgent(x):
		fail(x, fmt.Sprintf("not said: %d messages wait for this target already (notify.max_waiting)", waiting))
	}
	return x
}

func fail(x *schemas.Delivery, why string) {
	x.State, x.Error, x.NextAt, x.Effect = schemas.DeliveryFailed, why, 0, nil
}

// write makes revisions durable and goes by them. After an error the session is
// over.
func (d *desk) write(ctx context.Context, xs ...*schemas.Delivery) error {
	if len(xs) == 0 {
		return nil
	}
	if err := d.journal.Write(ctx, xs...); err != nil {
		d.cancel()
		d.lost(err)
		return err
	}
	for _, x := range xs {
		d.m.noted(x)
		d.note(x)
	}
	return nil
}

// note takes a durable revision: its lane has it, and if it comes to the front
// its courier is told.
func (d *desk) note(x *schemas.Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[x.ID] = x.At
	key := laneKey{x.IncidentID, x.Target}
	l := d.lanes[key]
	if l == nil {
		l = &lane{key: key}
		d.lanes[key] = l
	}
	d.heardOf(x)
	c := d.courier(x.Target)
	before := len(l.open)
	l.put(x)
	if c == nil { // no such target any more
		return
	}
	c.waiting += len(l.open) - before
	d.m.waits(c.name, len(l.open)-before)
	c.queue(l)
}

// courier returns the one for a target, started; nil when the settings have no
// such target. The caller has the lock.
func (d *desk) courier(target string) *courier {
	name := routeName(target)
	r := d.routes[name]
	if r == nil {
		return nil
	}
	c := d.couriers[name]
	if c == nil {
		c = newCourier(d, r, d.gates[name])
		d.couriers[name] = c
		d.wg.Go(c.run)
	}
	return c
}

// forget lets go of what was said long ago.
func (d *desk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.stamp().Add(-d.cfg.Remember.Milliseconds())
	for id, at := range d.known {
		if at < before {
			delete(d.known, id)
		}
	}
	for incident, h := range d.heard {
		if h.last < before {
			delete(d.heard, incident)
		}
	}
	for key, l := range d.lanes {
		if len(l.open) == 0 && !l.queued && l.last < before {
			delete(d.lanes, key)
		}
	}
}

// stop ends the couriers; an attempt under way may finish within its timeout.
func (d *desk) stop() {
	d.cancel()
	d.wg.Wait()
	d.mu.Lock()
	for name, c := range d.couriers {
		d.m.waits(name, -c.waiting)
	}
	d.mu.Unlock()
	d.journal.Close()
}
