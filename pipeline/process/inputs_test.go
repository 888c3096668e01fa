package process_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// TestMissingInputsAreAHardStop takes away what the normaliser had read, and what
// it had not. Each is told with the command that goes on, and nothing is done by
// itself.
func TestMissingInputsAreAHardStop(t *testing.T) {
	for name, c := range map[string]struct {
		harm  func(t *testing.T, kc kafka.Config, cl *kgo.Client)
		words string
		left  int // payloads that are still there
	}{
		"made anew": {func(t *testing.T, kc kafka.Config, cl *kgo.Client) {
			t.Helper()
			if _, err := kadm.NewClient(cl).DeleteTopic(t.Context(), kc.Topic(schemas.TopicAlerts)); err != nil {
				t.Fatal(err)
			}
			awaitEnsure(t, kc, cl)
		}, "missing at its end", 0},
		"removed before it was read": {func(t *testing.T, kc kafka.Config, cl *kgo.Client) {
			t.Helper()
			sendNames(t, kc, cl, 20, 30)
			o := kadm.Offsets{}
			o.AddOffset(kc.Topic(schemas.TopicAlerts), 0, 25, -1)
			if _, err := kadm.NewClient(cl).DeleteRecords(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}, "begins at 25: records were removed before they were read", 5},
	} {
		t.Run(name, func(t *testing.T) {
			kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
				if name == "made anew" && !kc.Embedded {
					t.Skip("Apache Kafka forgets a group's offsets with their topic: the new one is read from its beginning")
				}
				cl := kafkatest.Client(t, kc, kgo.RecordPartitioner(kgo.ManualPartitioner()))
				defer cl.Close()
				sendNames(t, kc, cl, 0, 20)
				runNormaliser(t, kc, 20)
				// The control: unharmed nothing is found.
				if found, err := process.CheckInputs(t.Context(), kc, false, zerolog.Nop()); err != nil || len(found) > 0 {
					t.Fatalf("found %q, %v", found, err)
				}
				c.harm(t, kc, cl)
				n, err := process.NewNormaliser(testConfig(), kc, nil, recognise, process.Deps{Log: kafkatest.Log(t)})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
				defer cancel()
				if err = n.Run(ctx); err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), "pinkstar repair --accept-lost-inputs") {
					t.Fatalf("Run returned %v", err)
				}
				for _, accept := range []bool{false, true} {
					found, err := process.CheckInputs(t.Context(), kc, accept, zerolog.Nop())
					if err != nil || len(found) != 1 || !strings.Contains(found[0], c.words) {
						t.Fatalf("found %q, %v", found, err)
					}
				}
				if found, err := process.CheckInputs(t.Context(), kc, false, zerolog.Nop()); err != nil || len(found) > 0 {
					t.Fatalf("afterwards: %q, %v", found, err)
				}
				runNormaliser(t, kc, 20+c.left)
			})
		})
	}
}

// sendNames writes payloads to the first partition of alerts.
func sendNames(t *testing.T, kc kafka.Config, cl *kgo.Client, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		cl.Produce(t.Context(), &kgo.Record{Topic: kc.Topic(schemas.TopicAlerts), Key: []byte("k"), Value: fmt.Appendf(nil, `["alert-%d"]`, i)}, nil)
	}
	if err := cl.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// runNormaliser runs one until there are so many signals, and stops it.
func runNormaliser(t *testing.T, kc kafka.Config, signals int) {
	t.Helper()
	n, err := process.NewNormaliser(testConfig(), kc, nil, recognise, process.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(100 * time.Millisecond) {
		if got := len(kafkatest.ReadAll(t, kc, schemas.TopicSignals)); got == signals {
			return
		} else if got > signals || time.Now().After(deadline) {
			t.Fatalf("%d signals, want %d", got, signals)
		}
	}
}

// awaitEnsure makes topics anew, which takes brokers a moment.
func awaitEnsure(t *testing.T, kc kafka.Config, cl *kgo.Client) {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(200 * time.Millisecond) {
		err := kafka.Ensure(t.Context(), cl, kc)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
