//go:build simulate

package process_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// The simulation runs brokers, a sender and several processes in one bubble of
// virtual time, on a network of its own that it cuts, stops and makes deaf. Hours
// pass in a second, so thousands of seeds fit into minutes; the tests with real
// processes and Apache Kafka (crash_test.go) show that the bubble is like the world.
//
// A bubble's time stands while a goroutine waits for a mutex whose owner waits for
// time, as the client does while it asks for a producer's id. So it runs with a Go
// runtime for which such a goroutine waits, too: .ci/simulate makes it, and sets the
// build tag.
//
// A seed fixes which faults come when. What runs at the same virtual moment runs in
// the order of Go's scheduler, so a seed that failed may have to be run a few times.

// world is one simulated installation.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	log    zerolog.Logger
	net    kfake.VirtualNetwork
	fake   *kfake.Cluster
	kc     kafka.Config // of who is never harmed: the sender and the judge
	ended  atomic.Bool
	began  time.Time
	build  builder
	judge  judges
	procs  []*simulated
	links  []*link  // of all there ever were
	happen []string // what was done to it, to be told when it fails
}

// builder makes what a process runs.
type builder func(kc kafka.Config, cfg process.Config, log zerolog.Logger) (func(context.Context) error, error)

// judges says what is wrong with the topics.
type judges func(t *testing.T, kc kafka.Config, acked map[string]bool) []string

// simulated is one process.
type simulated struct {
	name   string
	link   *link
	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it ended; after done
}

const simulatedBrokers = 3

func newWorld(t *testing.T, seed uint64, build builder, judge judges) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), log: zerolog.Nop(), began: time.Now(), build: build, judge: judge}
	if os.Getenv("PINKSTAR_TEST_LOG") != "" {
		w.log = kafkatest.Log(t).Hook(virtualTime{})
	}
	ports := make([]int, simulatedBrokers)
	for i := range ports {
		ports[i] = 9092 + i
	}
	const century = 100 * 365 * 24 * time.Hour
	var err error
	w.fake, err = kfake.NewCluster(kfake.NumBrokers(simulatedBrokers), kfake.Ports(ports...), kfake.ListenFn(w.net.Listen),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": strconv.FormatInt(century.Milliseconds(), 10)}))
	if err != nil {
		t.Fatal(err)
	}
	w.kc = kafka.DefaultConfig()
	w.kc.Brokers, w.kc.Partitions, w.kc.Simulated = w.fake.ListenAddrs(), 3, through(w.newLink().dial)
	cl := kafkatest.Client(t, w.kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, w.kc); err != nil {
		t.Fatal(err)
	}
	return w
}

// through has a client of the bubble use dial.
func through(dial func(ctx context.Context, network, addr string) (net.Conn, error)) []kgo.Opt {
	return []kgo.Opt{kgo.Dialer(dial), kgo.WithDecompressor(outsideBubble{kgo.DefaultDecompressor()})}
}

// outsideBubble reads what is compressed with zstd by one decoder that no bubble
// owns: those of the client end by finalizers, which belong to none.
type outsideBubble struct{ kgo.Decompressor }

var unzstd, _ = zstd.NewReader(nil)

func (o outsideBubble) Decompress(src []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if codec == kgo.CodecZstd {
		return unzstd.DecodeAll(src, nil)
	}
	return o.Decompressor.Decompress(src, codec)
}

// virtualTime puts the bubble's clock into the log.
type virtualTime struct{}

func (virtualTime) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str("virtual", time.Now().Format("15:04:05.000"))
}

func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%8s ", time.Since(w.began).Truncate(time.Millisecond)) + fmt.Sprintf(format, args...)
	w.happen = append(w.happen, line)
	w.log.Info().Msg(line)
}

// start begins process i, or begins it again.
func (w *world) start(i int) {
	for len(w.procs) <= i {
		w.procs = append(w.procs, nil)
	}
	p := &simulated{name: fmt.Sprintf("p%d", i), link: w.newLink(), done: make(chan struct{})}
	w.procs[i] = p
	kc := w.kc
	kc.Simulated = through(p.link.dial)
	cfg := process.DefaultConfig()
	cfg.SnapshotRecords, cfg.SnapshotInterval, cfg.TickAfter = 60, 30*time.Second, 3*time.Second
	cfg.Instance = p.name
	run, err := w.build(kc, cfg, w.log.With().Str("process", p.name).Logger())
	if err != nil {
		w.t.Fatal(err)
	}
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(p.done)
		p.err = run(ctx)
	}()
}

// kill ends process i as kill -9 does: nothing more is heard of it.
func (w *world) kill(i int) {
	w.procs[i].link.cut(true)
	w.stop(i)
}

// stop ends process i in order.
func (w *world) stop(i int) {
	p := w.procs[i]
	p.cancel()
	<-p.done
	if p.err != nil {
		w.fail("%s ended with: %v", p.name, p.err)
	}
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nwhat had happened:\n%s", fmt.Sprintf(format, args...), strings.Join(w.happen, "\n"))
}

// send has a sender bring n signals over some minutes, and returns what says which
// ids were acknowledged, when it has ended.
func (w *world) send(n int, over time.Duration) func() map[string]bool {
	acked, done := map[string]bool{}, make(chan struct{})
	signals := storm(rand.New(rand.NewPCG(w.rng.Uint64(), 2)), n, schemas.TimeOf(w.began.Add(-time.Hour)))
	go func() {
		defer close(done)
		p, err := kafka.NewProducer(w.kc, "sender", kafka.Deps{Log: w.log})
		if err != nil {
			w.t.Error(err)
			return
		}
		defer p.Client().Close()
		const batch = 10
		for i := 0; i < n && !w.ended.Load(); {
			chunk := signals[i:min(i+batch, n)]
			time.Sleep(over * batch / time.Duration(n))
			// What is not acknowledged is sent again, as every sender does.
			if err := p.Produce(context.Background(), chunk); err != nil {
				w.log.Info().Err(err).Msg("the sender is refused")
				if time.Since(w.began) > time.Hour {
					w.t.Errorf("the sender is still refused after an hour: %v", err)
					return
				}
				continue
			}
			for _, s := range chunk {
				acked[s.ID] = true
			}
			i += len(chunk)
		}
	}()
	return func() map[string]bool { <-done; return acked }
}

// link is a process's way to the brokers.
type link struct {
	net *kfake.VirtualNetwork

	mu      sync.Mutex
	rng     *rand.Rand
	conns   map[*linked]bool
	down    bool          // nobody is reached
	open    chan struct{} // closed: what is read and written passes
	deaf    bool          // what is written arrives, answers do not
	slowest time.Duration // what is written takes up to that long
}

type linked struct {
	net.Conn
	l    *link
	port string // of the broker
}

func (w *world) newLink() *link {
	open := make(chan struct{})
	close(open)
	l := &link{net: &w.net, rng: rand.New(rand.NewPCG(w.rng.Uint64(), 3)), conns: map[*linked]bool{}, open: open}
	w.links = append(w.links, l)
	// Never nothing: who asks again and again until a broker is back would do so for
	// ever in one moment.
	l.slowest = time.Millisecond
	if l.rng.IntN(2) == 0 {
		l.slowest += time.Duration(l.rng.IntN(40)) * time.Millisecond
	}
	return l
}

var errLinkDown = errors.New("simulated: nobody is reached")

func (l *link) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l.mu.Lock()
	down, open := l.down, l.open
	l.mu.Unlock()
	if down {
		return nil, errLinkDown
	}
	select {
	case <-open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := l.net.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	lc := &linked{c, l, port}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		_ = c.Close()
		return nil, errLinkDown
	}
	l.conns[lc] = true
	return lc, nil
}

// cut ends all connections and lets none begin until mend.
func (l *link) cut(down bool) {
	l.mu.Lock()
	conns := l.conns
	l.conns, l.down, l.deaf = map[*linked]bool{}, down, false
	l.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
}

// lose ends the connections to one broker.
func (l *link) lose(port string) {
	var conns []*linked
	l.set(func() {
		for c := range l.conns {
			if c.port == port {
				conns = append(conns, c)
			}
		}
	})
	for _, c := range conns {
		_ = c.Close()
	}
}

// freeze stops what is under way without ending a connection, as a process that
// stands still does; thaw lets it go on.
func (l *link) freeze() { l.set(func() { l.open = make(chan struct{}) }) }
func (l *link) thaw()   { l.set(func() { close(l.open) }) }
func (l *link) deafen() { l.set(func() { l.deaf = true }) }
func (l *link) mend()   { l.set(func() { l.down = false }) }

func (l *link) set(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// pass waits until something may go through, and says whether answers are lost.
func (l *link) pass() (deaf bool, wait time.Duration) {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	<-open
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deaf, l.slowest/2 + time.Duration(l.rng.Int64N(int64(l.slowest/2)))
}

func (c *linked) Write(b []byte) (int, error) {
	_, wait := c.l.pass()
	time.Sleep(wait)
	return c.Conn.Write(b)
}

func (c *linked) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if deaf, _ := c.l.pass(); deaf && err == nil {
			continue
		}
		return n, err
	}
}

func (c *linked) Close() error {
	c.l.set(func() { delete(c.l.conns, c) })
	return c.Conn.Close()
}

// correlators builds the correlator with engines.
func correlators(engines process.Engines) builder {
	return func(kc kafka.Config, cfg process.Config, log zerolog.Logger) (func(context.Context) error, error) {
		c, err := process.NewCorrelator(cfg, kc, engines, process.Deps{Log: log})
		if err != nil {
			return nil, err
		}
		return c.Run, nil
	}
}

// replayed holds the topics against a replay of the log.
func replayed(engines process.Engines) judges {
	return func(t *testing.T, kc kafka.Config, acked map[string]bool) []string {
		return judge(t, kc, engines, acked)
	}
}

// sloppy builds the same work without transactions.
func sloppy(kc kafka.Config, _ process.Config, _ zerolog.Logger) (func(context.Context) error, error) {
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			_ = runAtLeastOnce(ctx, kc) // it ends with each error, and begins again
			time.Sleep(time.Second)
		}
		return nil
	}, nil
}

// uncounted is for who appends no ticks, without which the last repeats stay untold.
func uncounted(t *testing.T, kc kafka.Config, _ map[string]bool) []string {
	want, _ := offline(t, kc, counters{})
	return published(t, kc).diff(want)
}

// simulate is one seed: it harms the world and then says what is wrong with it.
func simulate(t *testing.T, seed uint64, build builder, judge judges, harms []harm) []string {
	var wrong []string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, build, judge)
		defer w.end()
		for i := range 2 {
			w.start(i)
		}
		acked := w.send(200+w.rng.IntN(200), 3*time.Minute)
		for range 1 + w.rng.IntN(5) {
			w.rest(40 * time.Second)
			if len(harms) > 0 {
				h := harms[w.rng.IntN(len(harms))]
				w.note("%s", h.name)
				h.do(w)
			}
		}
		ids := acked()
		wrong = w.comesRight(ids)
		for i := range w.procs {
			w.stop(i)
		}
		if len(wrong) > 0 {
			wrong = append(wrong, w.happen...)
		}
	})
	return wrong
}

// end lets nobody live on: whoever does would wait for ever for time to pass.
func (w *world) end() {
	w.ended.Store(true)
	for _, l := range w.links {
		l.cut(true)
	}
	for _, p := range w.procs {
		p.cancel()
		<-p.done
	}
	w.fake.Close()
	time.Sleep(time.Minute) // for who has not noticed yet: time ends with the test
}

// comesRight waits until nothing is wrong. Once all faults are over that may take a
// minute.
func (w *world) comesRight(acked map[string]bool) []string {
	w.note("calm")
	for calm := time.Now(); ; time.Sleep(4 * time.Second) {
		faults := w.judge(w.t, w.kc, acked)
		if len(faults) == 0 {
			w.note("all is right")
			return nil
		}
		if time.Since(calm) > time.Minute {
			if w.bury() {
				calm = time.Now()
				continue
			}
			return faults
		}
	}
}

// bury throws all members out of a group that has more of them than there are
// processes, and reports whether it had. When the fake can't answer a member's join
// since its connection is gone, it forgets to begin that member's session, which then
// never ends; with two processes that wait for it in turn the group never comes to
// rest. Brokers end such a session.
func (w *world) bury() bool {
	cl := kafkatest.Client(w.t, w.kc)
	defer cl.Close()
	group := w.kc.Name(process.RoleCorrelate)
	said, err := kadm.NewClient(cl).DescribeGroups(w.t.Context(), group)
	if err != nil {
		w.t.Error(err)
	}
	if len(said[group].Members) <= len(w.procs) {
		return false
	}
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Group = group
	for _, m := range said[group].Members {
		one := kmsg.NewLeaveGroupRequestMember()
		one.MemberID = m.MemberID
		leave.Members = append(leave.Members, one)
	}
	if _, err := leave.RequestWith(w.t.Context(), cl); err != nil {
		w.t.Error(err)
	}
	w.note("the fake keeps %d members for %d processes: all have to join again", len(leave.Members), len(w.procs))
	return true
}

// TestSimulation is the seeded fault suite. PINKSTAR_SEEDS says how many seeds,
// PINKSTAR_SEED one alone, PINKSTAR_HARM only one kind of fault. Every other seed has the engine that Pinkstar runs.
func TestSimulation(t *testing.T) {
	first, n := uint64(1), 60
	if s, err := strconv.Atoi(os.Getenv("PINKSTAR_SEEDS")); err == nil {
		n = s
	}
	if s, err := strconv.ParseUint(os.Getenv("PINKSTAR_SEED"), 10, 64); err == nil {
		first, n = s, 1
	}
	chosen := harms
	if name := os.Getenv("PINKSTAR_HARM"); name != "" {
		chosen = slices.DeleteFunc(slices.Clone(harms), func(h harm) bool { return h.name != name })
	}
	for seed := first; seed < first+uint64(n); seed++ {
		engines := process.Engines(counters{})
		if seed%2 == 0 {
			engines = correlates{}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if wrong := simulate(t, seed, correlators(engines), replayed(engines), chosen); len(wrong) > 0 {
				t.Fatalf("run it alone: PINKSTAR_SEED=%d bash .ci/simulate\n%s", seed, strings.Join(wrong, "\n"))
			}
		})
	}
}

// TestSimulationControl shows that the oracle sees, and that each kind of harm does
// harm: the same work without transactions passes when nothing is done to it, and must
// not under any kind of harm that can meet the moment between an outcome and its offset.
func TestSimulationControl(t *testing.T) {
	t.Run("unharmed", func(t *testing.T) {
		if wrong := simulate(t, 1, sloppy, uncounted, nil); len(wrong) > 0 {
			t.Fatalf("without a fault it should pass:\n%s", strings.Join(wrong, "\n"))
		}
	})
	for _, h := range harms {
		if h.harmless {
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			const most = 300
			for seed := range uint64(most) {
				if wrong := simulate(t, seed, sloppy, uncounted, []harm{h}); len(wrong) > 0 {
					t.Logf("as it should be, seed %d fails: %s", seed, wrong[0])
					return
				}
			}
			t.Fatalf("work without transactions passed %d seeds: this kind of harm does none", most)
		})
	}
}
