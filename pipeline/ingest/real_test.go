package ingest

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"pinkstar/pipeline/alertmanagertest"
	"pinkstar/schemas"
)

// tagged is a Producer that says which of two gateways a signal came through.
type tagged struct {
	mu  sync.Mutex
	ids map[string]map[string]schemas.Signal // gateway -> id -> signal
}

func (p *tagged) from(name string) Producer {
	return producerFunc(func(_ context.Context, signals []schemas.Signal) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ids[name] == nil {
			p.ids[name] = map[string]schemas.Signal{}
		}
		for _, s := range signals {
			p.ids[name][s.ID] = s
		}
		return nil
	})
}

type producerFunc func(context.Context, []schemas.Signal) error

func (f producerFunc) Produce(ctx context.Context, s []schemas.Signal) error { return f(ctx, s) }
func (f producerFunc) Refuse(context.Context, []schemas.DeadLetter) error    { return nil }

// both returns how many signals of a kind and status came through both gateways.
func (p *tagged) both(kind schemas.Kind, status schemas.Status) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, s := range p.ids["webhook"] {
		if _, ok := p.ids["recorder"][id]; ok && s.Kind == kind && s.Status == status {
			n++
		}
	}
	return n
}

func (p *tagged) through(name string, kind schemas.Kind) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.ids[name] {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

// TestRealAlertmanager lets a real one tell the same alerts by its webhook and
// by its event recorder, and both must give the same signals.
func TestRealAlertmanager(t *testing.T) {
	p := &tagged{ids: map[string]map[string]schemas.Signal{}}
	serve := func(name string) string {
		g := newGateway(t, p.from(name), nil)
		g.now = time.Now
		srv := httptest.NewServer(g.Handler())
		t.Cleanup(srv.Close)
		return srv.URL + "/webhook/alertmanager"
	}
	config := alertmanagertest.Config(serve("webhook"), "", "", "") +
		"event_recorder:\n  webhook_outputs:\n    - url: " + serve("recorder") + "\n      batch: true\n"
	am := alertmanagertest.Start(t, config)
	begun := time.Now().Add(-time.Minute)
	shield := alertmanagertest.Alert{
		Labels:      map[string]string{"alertname": "ShieldDown", "service": "shield-generator", "severity": "critical", "empty": ""},
		Annotations: map[string]string{"summary": "The force field is <down>"}, StartsAt: begun, EndsAt: time.Now().Add(time.Minute),
	}
	turret := alertmanagertest.Alert{
		Labels: map[string]string{"alertname": "TurretDown", "pod": "turret-é"}, StartsAt: begun, EndsAt: time.Now().Add(time.Minute),
	}
	am.Post(shield, turret)
	am.Silence("service", "life-support", "ripley", "planned work")
	wait(t, "both alerts firing by both ways", func() bool { return p.both(schemas.KindAlert, schemas.StatusFiring) == 2 })
	wait(t, "the silence as a window", func() bool { return p.through("recorder", schemas.KindMaintenance) == 1 })
	shield.EndsAt = time.Now().Add(-time.Second)
	am.Post(shield)
	wait(t, "one resolved by both ways", func() bool { return p.both(schemas.KindAlert, schemas.StatusResolved) == 1 })
	time.Sleep(1500 * time.Millisecond) // long enough for the turret's alert to be repeated
	for _, name := range []string{"webhook", "recorder"} {
		if n := p.through(name, schemas.KindAlert); n != 3 {
			t.Errorf("%s: %d different alert signals after repeats, want 3: %+v", name, n, p.ids[name])
		}
	}
}

// patience is how long a test waits for what must come, on a loaded machine too.
const patience = 4 * time.Minute

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", patience, what)
		}
	}
}
