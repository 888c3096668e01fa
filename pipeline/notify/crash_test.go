package notify

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

var allKinds = []schemas.EffectKind{schemas.EffectOpened, schemas.EffectAlertType, schemas.EffectSeverity, schemas.EffectPage, schemas.EffectResolved, schemas.EffectExpired}

// randomEffects are those of a few incidents, in the order of a partition.
func randomEffects(r *rand.Rand, at time.Time) []*schemas.Effect {
	seq := map[string]int64{}
	var out []*schemas.Effect
	for i := range 10 + r.IntN(20) {
		inc := fmt.Sprint("INC-", r.IntN(4))
		seq[inc]++
		e := &schemas.Effect{ID: fmt.Sprint("EFF-", i), IncidentID: inc, Seq: seq[inc], Scope: "default", Kind: allKinds[r.IntN(len(allKinds))],
			At: schemas.TimeOf(at), To: schemas.Audience{Targets: []string{"chat:#ops", "tickets"}, People: nil}}
		if e.Kind == schemas.EffectSeverity {
			e.Coalesce = "head"
		}
		if e.Kind == schemas.EffectPage {
			e.To = schemas.Audience{People: []schemas.Person{{Name: "ada", Targets: []string{"pager", "chat:@ada"}}, {Name: "bob", Targets: []string{"fax", "pager"}}}}
		}
		out = append(out, e)
	}
	return out
}

// world is three other systems and a partition that outlive whoever delivers.
type world struct {
	t       *testing.T
	r       *rand.Rand
	systems map[string]*system
	mu      sync.Mutex // of log and owner
	log     []*schemas.Delivery
	owner   int
	effects []*schemas.Effect
	read    int // offset of the group
	wrong   schemas.DeliveryState
}

func newWorld(t *testing.T, seed uint64, faulty bool) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 3)), systems: map[string]*system{
		"chat": {manner: searchable}, "tickets": {manner: lagging}, "pager": {manner: keyed},
	}}
	if faulty {
		for i, name := range []string{"chat", "tickets", "pager"} {
			w.systems[name].faults = rand.New(rand.NewPCG(seed, uint64(100+i)))
		}
	}
	w.effects = randomEffects(w.r, time.Now())
	return w
}

// life starts a desk that dies at a point by chance, or lives to the end, and
// reports whether it did.
func (w *world) life(deadly bool) (died bool) {
	me, steps := w.next(), -1
	if deadly {
		steps = w.r.IntN(60)
	}
	gone := make(chan struct{})
	routes := Routes{}
	for name, s := range w.systems {
		routes[name] = &Route{Name: name, Target: s}
	}
	n, err := New(DefaultConfig(), kafka.Config{}, kafka.Deps{Log: zerolog.Nop()}, routes, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	j := &memoryJournal{mu: &w.mu, log: &w.log, owner: &w.owner, me: me}
	j.hook = func(string) bool {
		if steps < 0 || w.owner != me {
			return false
		}
		if steps--; steps < 0 {
			w.owner++ // from here on nothing that it does counts
			close(gone)
			return true
		}
		return false
	}
	d := n.newDesk(j, func(error) {})
	if w.wrong != "" {
		d.doubtful = w.wrong
	}
	defer d.stop()
	if d.restore(w.t.Context()) != nil {
		return true
	}
	for w.read < len(w.effects) {
		batch := w.effects[w.read:min(len(w.effects), w.read+1+w.r.IntN(5))]
		if d.accept(w.t.Context(), batch) != nil {
			return true
		}
		if deadly && w.r.IntN(20) == 0 {
			w.next() // killed between the journal and the commit of its offset
			return true
		}
		w.read += len(batch)
		time.Sleep(time.Duration(w.r.IntN(2000)) * time.Millisecond)
	}
	limit := 30 * time.Minute
	if deadly {
		limit = time.Duration(w.r.IntN(120)) * time.Second
	}
	select {
	case <-gone:
		return true
	case <-time.After(limit):
		w.next()
		return deadly
	}
}

// next is another owner, from whom on nobody else can write.
func (w *world) next() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owner++
	return w.owner
}

// finals returns the newest revision of each delivery.
func (w *world) finals() map[string]*schemas.Delivery {
	newest := map[string]*schemas.Delivery{}
	for _, x := range w.log {
		newest[x.ID] = x
	}
	return newest
}

// judge says what was lost, doubled or out of order; "" nothing.
func (w *world) judge() string {
	counts := map[string]int{}
	for name, s := range w.systems {
		for key, n := range s.counts() {
			counts[key] += n
		}
		if bad := s.outOfOrder(); bad != "" {
			return name + ": " + bad
		}
	}
	for id, x := range w.finals() {
		switch n := counts[id]; {
		case !x.State.Final():
			return fmt.Sprintf("%s to %s is still %s: %s", x.Kind, x.Target, x.State, x.Error)
		case n > 1:
			return fmt.Sprintf("%s to %s took effect %d times", x.Kind, x.Target, n)
		case n == 0 && (x.State == schemas.DeliverySent || x.State == schemas.DeliveryConfirmed):
			return fmt.Sprintf("%s to %s is said to be %s, and never took effect", x.Kind, x.Target, x.State)
		case n == 1 && x.State != schemas.DeliverySent && x.State != schemas.DeliveryConfirmed:
			return fmt.Sprintf("%s to %s took effect, and is said to be %s", x.Kind, x.Target, x.State)
		case x.State == schemas.DeliveryFailed:
			return fmt.Sprintf("%s to %s failed: %s", x.Kind, x.Target, x.Error)
		}
		delete(counts, id)
	}
	for id := range counts {
		return id + " took effect, and nobody knows of it"
	}
	return w.missing()
}

// missing looks for an effect without its deliveries.
func (w *world) missing() string {
	have := map[string]bool{}
	for _, x := range w.log {
		have[x.EffectID+" "+x.Target+" "+x.Person] = true
	}
	for _, e := range w.effects {
		if e.Kind == schemas.EffectExpired {
			continue
		}
		want := []string{" chat:#ops ", " tickets "}
		if e.Kind == schemas.EffectPage {
			want = []string{" pager ada", " pager bob"}
		}
		for _, to := range want {
			if !have[e.ID+to] {
				return e.ID + " has no delivery to" + to
			}
		}
	}
	return ""
}

func runWorld(t *testing.T, seed uint64, wrong schemas.DeliveryState) (verdict string, lives int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, true)
		w.wrong = wrong
		for lives = 1; lives < 12; lives++ {
			if !w.life(true) {
				break
			}
		}
		for _, s := range w.systems { // the trouble ends
			s.mu.Lock()
			s.faults = nil
			s.mu.Unlock()
		}
		w.life(false)
		verdict = w.judge()
	})
	return verdict, lives
}

// Whoever delivers is killed at every point, again and again, while the other
// systems lose answers, refuse, stall and lag: nothing is lost and nothing has
// its effect twice.
func TestNothingIsLostOrDoubled(t *testing.T) {
	seeds := uint64(600)
	if testing.Short() {
		seeds = 60
	}
	for seed := range seeds {
		if verdict, lives := runWorld(t, seed, ""); verdict != "" {
			t.Errorf("seed %d, %d lives: %s", seed, lives, verdict)
		}
	}
}

// The same oracle finds the doubles of one that takes an attempt whose end
// nobody saw for one that never was, and the losses of one that takes it for
// done.
func TestTheOracleCanFail(t *testing.T) {
	for wrong, what := range map[schemas.DeliveryState]string{schemas.DeliveryWaiting: "doubles", schemas.DeliverySent: "losses"} {
		found := false
		for seed := range uint64(60) {
			verdict, _ := runWorld(t, seed, wrong)
			found = found || verdict != ""
		}
		if !found {
			t.Errorf("no %s in 60 runs of one that makes them", what)
		}
	}
}
