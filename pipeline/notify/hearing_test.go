package notify

import (
	"testing"
	"testing/synctest"
	"time"

	"pinkstar/schemas"
)

// told counts the messages that took effect at a system.
func (b *bench) told(name string) int { return len(b.systems[name].seen()) }

func of(kind schemas.EffectKind, n int, inc string, to ...string) *schemas.Effect {
	e := news(n, inc, to...)
	e.Kind = kind
	return e
}

// Whoever was called hears that somebody answered and that it is over, also after a
// restart, and of nothing else; what was said before the call is none of theirs.
func TestWhoWasCalledHearsWhoAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "pager", "chat")
		b.open()
		defer func() { b.d.stop() }()
		page := of(schemas.EffectPage, 3, "A")
		page.To.People = []schemas.Person{{Name: "ada", Targets: []string{"pager"}}}
		b.say(of(schemas.EffectOpened, 1, "A", "chat"), of(schemas.EffectOwner, 2, "A", "chat"), page, of(schemas.EffectSeverity, 4, "A", "chat"))
		time.Sleep(time.Minute)
		if n := b.told("pager"); n != 1 {
			t.Fatalf("the pager heard %d, want the page", n)
		}
		b.open()
		b.say(of(schemas.EffectOwner, 2, "A", "chat"), of(schemas.EffectOwner, 5, "A", "chat"), of(schemas.EffectResolved, 6, "A", "chat"), of(schemas.EffectResolved, 1, "B", "chat"))
		time.Sleep(time.Minute)
		b.expect("EFF-A5", "pager", schemas.DeliverySent, "")
		b.expect("EFF-A6", "pager", schemas.DeliverySent, "")
		if n, m := b.told("pager"), b.told("chat"); n != 3 || m != 6 {
			t.Errorf("the pager heard %d and the chat %d, want 3 and 6", n, m)
		}
	})
}

// What is long over wakes nobody at the first start, or when history comes in; what
// reopens does, and so does what goes on with an incident that was told of.
func TestOldIncidentsPageNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat")
		b.open()
		defer func() { b.d.stop() }()
		old := func(e *schemas.Effect, age time.Duration) *schemas.Effect {
			e.Head.DetectedAt = schemas.TimeOf(time.Now().Add(-age))
			return e
		}
		b.say(old(of(schemas.EffectPage, 1, "A", "chat"), 7*time.Hour), old(of(schemas.EffectPage, 1, "B", "chat"), 5*time.Hour),
			old(of(schemas.EffectReopened, 1, "C", "chat"), 48*time.Hour), old(of(schemas.EffectPage, 2, "C", "chat"), 48*time.Hour))
		time.Sleep(8 * time.Hour)
		b.expect("EFF-A1", "chat", schemas.DeliveryFailed, "nobody was told of the incident")
		b.open() // and after a restart it is known still
		b.say(old(of(schemas.EffectResolved, 2, "A", "chat"), 15*time.Hour), old(of(schemas.EffectResolved, 2, "B", "chat"), 13*time.Hour))
		time.Sleep(time.Minute)
		b.expect("EFF-A2", "chat", schemas.DeliveryFailed, "nobody was told of the incident")
		b.expect("EFF-B2", "chat", schemas.DeliverySent, "")
		b.expect("EFF-C2", "chat", schemas.DeliverySent, "")
	})
}

func TestNothingIsSaidOfTheTimeBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat")
		since := time.Now()
		b.cfg.Since = since.Format(time.RFC3339Nano)
		b.cfg.MaxAge = 1000 * time.Hour
		b.open()
		defer func() { b.d.stop() }()
		at := func(e *schemas.Effect, detected, decided time.Duration) *schemas.Effect {
			e.Head.DetectedAt, e.At = schemas.TimeOf(since.Add(detected)), schemas.TimeOf(since.Add(decided))
			return e
		}
		b.say(at(of(schemas.EffectPage, 1, "A", "chat"), -time.Hour, -time.Minute), at(of(schemas.EffectPage, 2, "A", "chat"), -time.Hour, time.Minute),
			at(of(schemas.EffectReopened, 1, "B", "chat"), -time.Hour, -time.Minute), at(of(schemas.EffectPage, 1, "C", "chat"), time.Second, time.Minute))
		time.Sleep(time.Minute)
		b.mu.Lock()
		noted := len(b.log)
		b.mu.Unlock()
		if n := b.told("chat"); n != 1 || noted == 0 {
			t.Errorf("%d were said and %d noted, want that of C alone said", n, noted)
		}
		b.say(at(of(schemas.EffectReopened, 3, "A", "chat"), -time.Hour, time.Hour), at(of(schemas.EffectPage, 4, "A", "chat"), -time.Hour, time.Hour))
		time.Sleep(time.Minute)
		if n := b.told("chat"); n != 3 {
			t.Errorf("%d were said, want what reopened too", n)
		}
	})
}
