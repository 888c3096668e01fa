package process_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// victim is the child process.
type victim struct {
	addr, dir, variant string
	kc                 kafka.Config
	session            time.Duration // 0: the tests'
	cmd                *exec.Cmd
	output             strings.Builder
	mu                 sync.Mutex
}

func newBroker(b *testing.B) *victim {
	v := newVictim(b, brokerOnly)
	v.start(b)
	waitBroker(b, v.kc)
	return v
}

func newVictim(t testing.TB, variant string) *victim {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{addr: ln.Addr().String(), dir: tempDir(t), variant: variant}
	v.kc = childKafka(v.addr)
	_ = ln.Close()
	v.cleanup(t)
	return v
}

func (v *victim) cleanup(t testing.TB) {
	t.Cleanup(func() {
		v.kill()
		if t.Failed() {
			t.Logf("the child said:\n%s", tail(v.said(), 6000))
		}
	})
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// Write collects the child's output.
func (v *victim) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.output.Write(b)
}

func (v *victim) said() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.output.String()
}

func (v *victim) start(t testing.TB) {
	v.cmd = exec.Command(os.Args[0])
	v.cmd.Env = append(os.Environ(), envChild+"="+v.addr, envDir+"="+v.dir, envVariant+"="+v.variant)
	if v.session != 0 {
		v.cmd.Env = append(v.cmd.Env, envSession+"="+v.session.String(), envPrefix+"="+v.kc.TopicPrefix)
	} else if !v.kc.Embedded {
		v.cmd.Env = append(v.cmd.Env, envPrefix+"="+v.kc.TopicPrefix)
	}
	v.cmd.Stdout, v.cmd.Stderr = v, v
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (v *victim) kill() {
	if v.cmd != nil {
		_ = v.cmd.Process.Kill()
		_ = v.cmd.Wait()
		v.cmd = nil
	}
}

func waitBroker(t testing.TB, kc kafka.Config) {
	t.Helper()
	cl := kafkatest.Client(t, kc, kgo.WithLogger(nil))
	defer cl.Close()
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := kafka.CountPartitions(ctx, cl, kc.Topic(schemas.TopicState), kc.Topic(schemas.TopicSignals))
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// waitConsumed waits until a group has committed the end of signals.
func waitConsumed(t *testing.T, kc kafka.Config, group string) {
	t.Helper()
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	adm := kadm.NewClient(cl)
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		ends, err := adm.ListEndOffsets(t.Context(), kc.Topic(schemas.TopicSignals))
		if err != nil {
			t.Fatal(err)
		}
		at, err := adm.FetchOffsets(t.Context(), group)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			t.Fatal(err)
		}
		behind := int64(0)
		ends.Each(func(o kadm.ListedOffset) {
			c, _ := at.Lookup(o.Topic, o.Partition)
			behind += o.Offset - max(c.At, 0)
		})
		if behind <= 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("group %s is %d records behind", group, behind)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func tempDir(t testing.TB) string {
	if d := os.Getenv("PINKSTAR_CRASH_KEEP"); d != "" {
		_ = os.RemoveAll(d)
		return d
	}
	return t.TempDir()
}
