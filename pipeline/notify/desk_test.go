package notify

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// bench is a desk over systems, for as long as a test's bubble.
type bench struct {
	t       *testing.T
	systems map[string]*system
	routes  Routes
	cfg     Config
	mu      sync.Mutex // of log
	log     []*schemas.Delivery
	owner   int
	d       *desk
}

func newBench(t *testing.T, names ...string) *bench {
	b := &bench{t: t, systems: map[string]*system{}, routes: Routes{}, cfg: DefaultConfig()}
	for _, name := range names {
		b.systems[name] = &system{manner: searchable}
		b.routes[name] = &Route{Name: name, Target: b.systems[name]}
	}
	return b
}

// open starts the desk anew, as a restart does.
func (b *bench) open() {
	b.t.Helper()
	if b.d != nil {
		b.d.stop()
	}
	b.owner++
	n, err := New(b.cfg, kafka.Config{}, kafka.Deps{Log: zerolog.Nop()}, b.routes, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.d = n.newDesk(&memoryJournal{mu: &b.mu, log: &b.log, owner: &b.owner, me: b.owner, hook: func(string) bool { return false }}, func(error) {})
	if err := b.d.restore(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) say(es ...*schemas.Effect) {
	b.t.Helper()
	if err := b.d.accept(b.t.Context(), es); err != nil {
		b.t.Fatal(err)
	}
}

// went returns the newest revision of an effect's delivery.
func (b *bench) went(effect, target string) *schemas.Delivery {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range slices.Backward(b.log) {
		if x.EffectID == effect && x.Target == target {
			return x
		}
	}
	b.t.Fatalf("no delivery of %s to %s", effect, target)
	return nil
}

func (b *bench) expect(effect, target string, state schemas.DeliveryState, why string) {
	b.t.Helper()
	if x := b.went(effect, target); x.State != state || !strings.Contains(x.Error, why) {
		b.t.Errorf("%s to %s is %s, %q; want %s, %q", effect, target, x.State, x.Error, state, why)
	}
}

func news(n int, inc string, to ...string) *schemas.Effect {
	return &schemas.Effect{ID: fmt.Sprint("EFF-", inc, n), IncidentID: inc, Seq: int64(n), Kind: schemas.EffectOpened,
		At: schemas.TimeOf(time.Now()), To: schemas.Audience{Targets: to}}
}

func TestADeadTargetHoldsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat", "tickets")
		b.systems["tickets"].stall(48 * time.Hour)
		b.open()
		defer func() { b.d.stop() }()
		for i := range 20 {
			b.say(news(1, fmt.Sprint("A", i), "chat", "tickets"))
		}
		time.Sleep(time.Minute)
		b.expect("EFF-A191", "chat", schemas.DeliverySent, "")
		b.expect("EFF-A01", "tickets", schemas.DeliveryWaiting, "503")
		if calls := b.systems["tickets"].called(); calls > 10 {
			t.Errorf("a target that takes nothing was called %d times in a minute", calls)
		}
		time.Sleep(25 * time.Hour)
		b.expect("EFF-A01", "tickets", schemas.DeliveryFailed, "given up after 24h")
	})
}

func TestAPersonIsCalledTheNextWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "pager", "chat")
		b.cfg.GiveUpAfter = 15 * time.Minute
		b.systems["pager"].stall(time.Hour)
		b.open()
		defer func() { b.d.stop() }()
		e := news(1, "A")
		e.Kind, e.To.People = schemas.EffectPage, []schemas.Person{
			{Name: "ada", Targets: []string{"telex", "pager", "chat:@ada"}}, {Name: "bob", Targets: []string{"telex"}}, {Name: "eve"}}
		b.say(e)
		time.Sleep(time.Minute)
		b.expect(e.ID, "pager", schemas.DeliveryWaiting, "503")
		time.Sleep(3 * time.Minute)
		b.expect(e.ID, "pager", schemas.DeliveryWaiting, "503")
		b.expect(e.ID, "chat:@ada", schemas.DeliverySent, "")
		time.Sleep(15 * time.Minute)
		b.expect(e.ID, "pager", schemas.DeliveryFailed, "given up")
		b.expect(e.ID, "telex", schemas.DeliveryFailed, "no way to reach bob")
		b.expect(e.ID, "", schemas.DeliveryFailed, "no way to reach eve")
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "pager", "chat")
		b.cfg.GiveUpAfter = 5 * time.Minute
		b.routes["pager"].Target = refusing{b.systems["pager"]}
		b.open()
		defer func() { b.d.stop() }()
		e := news(1, "A")
		e.Kind, e.To.People = schemas.EffectPage, []schemas.Person{{Name: "ada", Targets: []string{"pager", "chat:@ada"}}}
		b.say(e)
		time.Sleep(time.Minute)
		b.expect(e.ID, "pager", schemas.DeliveryFailed, "no such user")
		b.expect(e.ID, "chat:@ada", schemas.DeliverySent, "")
	})
}

func TestWhatIsNotSaidIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat")
		b.cfg.MaxWaiting = 3
		b.systems["chat"].stall(time.Hour)
		b.open()
		defer func() { b.d.stop() }()
		old := news(1, "old", "chat")
		old.At = schemas.TimeOf(time.Now().Add(-7 * time.Hour))
		b.say(old, news(1, "lost", "telex"))
		b.expect(old.ID, "chat", schemas.DeliveryFailed, "over notify.max_age")
		b.expect("EFF-lost1", "telex", schemas.DeliveryFailed, "no target telex")
		for i := range 5 {
			b.say(news(1, fmt.Sprint("A", i), "chat"))
		}
		time.Sleep(time.Second)
		b.expect("EFF-A41", "chat", schemas.DeliveryFailed, "3 messages wait")
		b.expect("EFF-A01", "chat", schemas.DeliveryWaiting, "")
	})
}

// A restart knows the thread, goes on with what waits, and says nothing twice
// that is read again; a target that is gone from the settings fails what waits.
func TestARestartGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat", "tickets")
		b.open()
		first, second := news(1, "A", "chat"), news(2, "A", "chat")
		b.say(first)
		time.Sleep(time.Second)
		b.systems["tickets"].stall(time.Hour)
		b.say(news(3, "A", "tickets"))
		time.Sleep(time.Second)
		b.routes = Routes{"chat": b.routes["chat"]}
		b.open()
		defer func() { b.d.stop() }()
		b.say(first, second)
		time.Sleep(time.Second)
		if n := b.systems["chat"].counts(); len(n) != 2 {
			t.Errorf("2 messages took effect %v times", n)
		}
		if got, want := b.went(second.ID, "chat").Thread, b.went(first.ID, "chat").Thread; len(got) != 0 || len(want) != 1 {
			t.Errorf("the second message did not know of the first: %v", got)
		}
		b.expect("EFF-A3", "tickets", schemas.DeliveryFailed, "no target tickets")
	})
}

func TestPagesGoFirstAndSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "chat")
		b.routes["chat"].Target = paced{b.systems["chat"]}
		b.open()
		defer func() { b.d.stop() }()
		var es []*schemas.Effect
		for i := range 10 {
			es = append(es, news(1, fmt.Sprint("A", i), "chat"))
		}
		page := news(1, "P")
		page.Kind, page.To.People = schemas.EffectPage, []schemas.Person{{Name: "ada", Targets: []string{"chat"}}}
		b.say(append(es, page)...)
		time.Sleep(4500 * time.Millisecond)
		had := b.systems["chat"].seen()
		if len(had) != 5 {
			t.Fatalf("%d messages in 4.5 s at one a second", len(had))
		}
		if had[0].inc != "P" && had[1].inc != "P" { // one may be under way when it comes
			t.Errorf("the page came after %s and %s", had[0].inc, had[1].inc)
		}
	})
}

func TestWhoGetsWhat(t *testing.T) {
	if legs := (Routes{}).plan(&schemas.Effect{Kind: schemas.EffectOpened, To: schemas.Audience{Targets: []string{"#ops"}}}); legs != nil {
		t.Errorf("without targets it goes to %v", legs)
	}
	b := newBench(t, "all", "shield", "mail")
	b.routes["shield"].Channels = true
	b.routes["all"].Everything, b.routes["shield"].Teams, b.routes["mail"].Company = true, []string{"shield"}, true
	for _, c := range []struct {
		to   schemas.Audience
		want string
	}{
		{schemas.Audience{}, "all"},
		{schemas.Audience{Team: "shield"}, "all shield"},
		{schemas.Audience{Team: "turret", Targets: []string{"shield:#x", "shield:#x"}}, "shield:#x all"},
		{schemas.Audience{Company: true}, "mail"},
		{schemas.Audience{Targets: []string{"#x", "shield:#x"}, People: []schemas.Person{{Name: "ada", Targets: []string{"#ada"}}}}, "shield:#x all shield:#ada"},
	} {
		var got []string
		for _, l := range b.routes.plan(&schemas.Effect{Kind: schemas.EffectOpened, To: c.to}) {
			got = append(got, l.target)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v goes to %v, want %s", c.to, got, c.want)
		}
	}
}
