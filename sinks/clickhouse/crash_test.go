package clickhouse

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/sinks/clickhouse/engine"
)

const (
	crashEnv   = "PINKSTAR_TEST_CRASH_WRITER"
	crashTotal = 40_000 // decisions in the log
	crashBatch = 3500   // of them at most are written at once
)

// maybeCrashWriter makes the test binary a pinkstar that only writes: it starts
// the engine on a directory and carries a log of decisions into it, as
// pipeline/deliver does, until it is killed. It says each batch it was told is
// written. Batch sizes differ from life to life, so that bounds would move if
// the writer did not remember them.
func maybeCrashWriter() {
	dir := os.Getenv(crashEnv)
	if dir == "" {
		return
	}
	if err := crashWriter(dir); err != nil {
		fmt.Fprintln(os.Stderr, "crash writer:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func crashWriter(dir string) error {
	ctx := context.Background()
	lib, err := engine.Path("")
	if err != nil {
		return err
	}
	s, err := engine.Start(ctx, engine.Options{Lib: lib, DataDir: dir, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	conn, err := Open(s.OwnerDSN())
	if err != nil {
		return err
	}
	if _, err := Migrate(ctx, conn); err != nil {
		return err
	}
	if err := conn.Exec(ctx, "SYSTEM STOP MERGES"); err != nil { // a merge would hide what was written twice
		return err
	}
	w := NewWriter(conn, DefaultWriterConfig(), nil)
	fmt.Println("ready", s.Pid())
	if err := carry(ctx, w); err != nil {
		return err
	}
	fmt.Println("done", 0)
	<-make(chan struct{}) // killed, like the others
	return nil
}

// carry writes what the sink lacks of the log, in batches of random size.
func carry(ctx context.Context, w *Writer) error {
	like := decisions(0, 1)
	r, found, err := w.Resume(ctx, like.Topic, like.TopicID, like.Partition)
	if err != nil {
		return err
	}
	next, again := 0, 0
	switch {
	case found && r.Done:
		next = int(r.Last/2) + 1 // offsets are even, see decisions
	case found:
		next, again = int(r.First/2), int(r.Last/2)+1
	}
	for next < crashTotal {
		to := min(next+500+rand.IntN(crashBatch-500), crashTotal)
		if again != 0 {
			to, again = again, 0
		}
		b := decisions(next, to-next)
		b.Followed = to < crashTotal && rand.IntN(4) > 0
		if err := w.Write(ctx, b); err != nil {
			return err
		}
		fmt.Println("written", to)
		next = to
	}
	return nil
}

// TestKill9 kills the process that owns engine and writer at random moments,
// again and again, and then counts.
func TestKill9(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute")
	}
	lib := library(t)
	dir := t.TempDir()
	kills, done := 0, false
	for life := 0; !done; life++ {
		if life > 60 {
			t.Fatal("no progress in 60 lives")
		}
		var acknowledged int
		if acknowledged, done = oneLife(t, dir); !done {
			kills++
		}
		t.Logf("life %d: written up to %d", life, acknowledged)
	}
	if kills < 3 {
		t.Fatalf("only %d kills in the middle: the test proves little", kills)
	}
	s, err := engine.Start(t.Context(), engine.Options{Lib: lib, DataDir: dir, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	conn, err := Open(s.OwnerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	checkExact(t, conn, kills)
}

func checkExact(t *testing.T, conn driver.Conn, kills int) {
	t.Helper()
	want := map[string]bool{}
	for i := range crashTotal {
		want[sampleSignal(i).ID] = true
	}
	for _, q := range []string{
		"SELECT count() FROM v_decisions", "SELECT uniqExact(signal_id) FROM v_decisions",
		"SELECT count() FROM v_alerts", "SELECT uniqExact(signal_id) FROM v_alerts",
	} {
		if n := count(t, conn, q); n != crashTotal {
			t.Errorf("%s: %d, want %d", q, n, crashTotal)
		}
	}
	// Nothing was merged: each kill costs the copies of one batch at most.
	for _, table := range []string{"decisions", "signals"} {
		if n := int(raw(t, conn, table)); n > crashTotal+kills*crashBatch {
			t.Errorf("%s has %d physical rows for %d after %d kills: what was written before was written again", table, n, crashTotal, kills)
		}
	}
	err := scan(context.Background(), conn, "ids", func(r driver.Rows) error {
		var id string
		err := r.Scan(&id)
		delete(want, id)
		return err
	}, "SELECT signal_id FROM v_decisions")
	if err != nil || len(want) != 0 {
		t.Errorf("%d ids are missing: %v", len(want), err)
	}
}

// A server that died while it put a part in its place has noted it already. The
// part does not come back, and the next attempt must not be taken for its copy.
func TestANotedPartThatIsGoneIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	s, err := engine.Start(t.Context(), engine.Options{Lib: library(t), DataDir: dir, Logger: zerolog.Nop(), RetryFirst: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	conn := as(t, s.OwnerDSN())
	if _, err := Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	b := decisions(0, 30)
	write(t, writer(conn), b)
	var part string
	if err := conn.QueryRow(t.Context(), "SELECT any(_part) FROM decisions HAVING uniqExact(_part) = 1").Scan(&part); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	places, err := filepath.Glob(filepath.Join(dir, "store", "*", "*", part))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places { // as if it had died before the rename
		if err := os.RemoveAll(p); err != nil {
			t.Fatal(err)
		}
	}
	for do(t, conn, "SELECT 1") != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if n := raw(t, conn, "decisions"); n != 0 {
		t.Fatalf("%d rows are still there: the test proves nothing", n)
	}
	write(t, writer(conn), b)
	if n := count(t, conn, "SELECT count() FROM v_decisions"); n != 30 {
		t.Errorf("%d decisions of 30 after the batch was written again", n)
	}
}

// oneLife runs the writer and kills it somewhere; done is true when it had
// finished before.
func oneLife(t *testing.T, dir string) (acknowledged int, done bool) {
	t.Helper()
	p := exec.Command(os.Args[0], "-test.run=^$")
	p.Env = append(os.Environ(), crashEnv+"="+dir)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	}()
	// Killed a few batches on, in the middle of one: counted in batches, so that a
	// fast machine does not finish before.
	batches := rand.IntN(4)
	var deadline <-chan time.Time
	soon := func() <-chan time.Time { return time.After(time.Duration(rand.IntN(150)) * time.Millisecond) }
	lines := make(chan string)
	go func() {
		defer close(lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			lines <- sc.Text()
		}
	}()
	for {
		select {
		case <-deadline:
			_ = p.Process.Kill()
			for range lines { //nolint:revive // what it said before it died
			}
			return acknowledged, false
		case l, ok := <-lines:
			var word string
			var n int
			if _, err := fmt.Sscan(l, &word, &n); !ok || err != nil {
				t.Fatalf("the writer ended by itself: %q", l)
			}
			switch word {
			case "done":
				return crashTotal, true
			case "written":
				acknowledged = n
				batches--
			}
			if batches <= 0 && deadline == nil {
				deadline = soon()
			}
		}
	}
}
