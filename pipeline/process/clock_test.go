package process_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinkstar/correlate/logtime"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// alertAt is an alert that firing or resolved reached us at a time.
func alertAt(name string, status schemas.Status, starts, at schemas.Time) schemas.Signal {
	naming := schemas.DefaultNaming()
	s := schemas.Signal{Kind: schemas.KindAlert, Name: name, Source: "test", Status: status, ReceivedAt: at, StartsAt: starts,
		Service: name, Labels: schemas.LabelsOf(map[string]string{"alertname": name, "service": name})}
	if status == schemas.StatusResolved {
		s.EndsAt = starts.Add(schemas.Second)
	}
	if err := naming.Complete(&s); err != nil {
		panic(err)
	}
	return s
}

// awaitDecisions waits until every signal has one.
func awaitDecisions(t *testing.T, kc kafka.Config, signals []schemas.Signal) *outcome {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(100 * time.Millisecond) {
		got := published(t, kc)
		missing := 0
		for i := range signals {
			if _, ok := got.Decisions[signals[i].ID]; !ok {
				missing++
			}
		}
		if missing == 0 {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d signals have no decision", missing, len(signals))
		}
	}
}

// TestWrongClockMovesNothing sends records that are a year ahead, as a gateway
// with a wrong clock would for some seconds: nothing ends, every one is decided,
// and what comes later is correlated at its own time. A storm of them is more than
// may wait for a witness.
func TestWrongClockMovesNothing(t *testing.T) {
	t.Parallel() // it waits
	for name, n := range map[string]int64{"a few": 40, "a storm": logtime.MaxHeld + 2000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrongClock(t, n)
		})
	}
}

func wrongClock(t *testing.T, n int64) {
	kc := kafkatest.Embedded(t)
	r := startCorrelator(t, kc, testConfig(), correlates{})
	waitReady(t, r)
	now := schemas.TimeOf(time.Now())
	sent := []schemas.Signal{alertAt("before", schemas.StatusFiring, now, now)}
	produce(t, kc, sent)
	awaitDecisions(t, kc, sent)
	for i := range n {
		s := alertAt(fmt.Sprint("during-", i), schemas.StatusFiring, now, now)
		s.ReceivedAt = now.Add(365*schemas.Day + i*4000/n) // within four seconds
		sent = append(sent, s)
	}
	produce(t, kc, sent[1:])
	awaitDecisions(t, kc, sent)
	later := schemas.TimeOf(time.Now())
	after := []schemas.Signal{alertAt("before", schemas.StatusResolved, now, later), alertAt("after", schemas.StatusFiring, later, later)}
	produce(t, kc, after)
	got := awaitDecisions(t, kc, append(sent, after...))
	for id, d := range got.Decisions {
		if d.At > schemas.TimeOf(time.Now()).Add(schemas.Minute) {
			t.Errorf("%s was decided at %s", id, d.At)
		}
	}
	for id, in := range got.Incidents {
		if in.Status == schemas.IncidentClosed {
			t.Errorf("%s was closed: log time moved", id)
		}
	}
	if err := r.c.Ailing(); err != nil {
		t.Error(err)
	}
	settle(t, kc, correlates{})
}

// TestGapNeedsNoCommand stops for a weekend, as the clock has it, and starts
// again: after some seconds everything goes on at its own time.
func TestGapNeedsNoCommand(t *testing.T) {
	kc := kafkatest.Embedded(t)
	friday := schemas.TimeOf(time.Now().Add(-60 * time.Hour))
	sent := []schemas.Signal{alertAt("friday", schemas.StatusFiring, friday, friday), alertAt("friday", schemas.StatusResolved, friday, friday.Add(schemas.Second))}
	produce(t, kc, sent)
	cfg := testConfig()
	cfg.Now = func() time.Time { return time.Now().Add(-60 * time.Hour) }
	r := startCorrelator(t, kc, cfg, correlates{})
	awaitDecisions(t, kc, sent)
	r.stop()
	monday := schemas.TimeOf(time.Now())
	sent = append(sent, alertAt("monday", schemas.StatusFiring, monday, monday))
	produce(t, kc, sent[2:])
	startCorrelator(t, kc, testConfig(), correlates{})
	got := awaitDecisions(t, kc, sent)
	if at := got.Decisions[sent[2].ID].At; at != monday {
		t.Errorf("monday's alert was decided at %s, want %s", at, monday)
	}
	if a, b := got.Decisions[sent[0].ID].IncidentID, got.Decisions[sent[2].ID].IncidentID; got.Incidents[a].Status != schemas.IncidentClosed || a == b {
		t.Errorf("friday's incident %s is %s, monday's is %s", a, got.Incidents[a].Status, b)
	}
	settle(t, kc, correlates{})
}

// TestClockPutBack is the way out for a partition whose log time leads already:
// it is said, and after the command things end again.
func TestClockPutBack(t *testing.T) {
	kc := kafkatest.Embedded(t, func(c *kafka.Config) { c.Partitions = 1 })
	var ahead atomic.Int64
	ahead.Store(int64(365 * 24 * time.Hour))
	year := schemas.TimeOf(time.Now().Add(time.Duration(ahead.Load())))
	sent := []schemas.Signal{alertAt("early", schemas.StatusFiring, year, year)} // the first record of all sets log time
	produce(t, kc, sent)
	r := startCorrelator(t, kc, testConfig(), correlates{})
	awaitDecisions(t, kc, sent)
	for deadline := time.Now().Add(kafkatest.Patience); r.c.Ailing() == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing says that log time leads the clock")
		}
	}
	if err := r.c.Ailing(); !strings.Contains(err.Error(), "pinkstar clock") {
		t.Errorf("%v: it does not say what to do", err)
	}
	if err := process.PutClock(t.Context(), kc, time.Now(), []int32{0}, kafka.Deps{Log: kafkatest.Log(t)}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(kafkatest.Patience); r.c.Ailing() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after the command: %v", r.c.Ailing())
		}
	}
	now := schemas.TimeOf(time.Now())
	next := []schemas.Signal{alertAt("next", schemas.StatusFiring, now, now)}
	produce(t, kc, next)
	if at := awaitDecisions(t, kc, next).Decisions[next[0].ID].At; at.Sub(now) > schemas.Minute {
		t.Errorf("the next alert was decided at %s", at)
	}
	r.stop()
	r = startCorrelator(t, kc, testConfig(), correlates{}) // and it survives a restart
	settle(t, kc, correlates{})
	if err := r.c.Ailing(); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
