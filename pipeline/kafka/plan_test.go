package kafka_test

import (
	"strings"
	"testing"
	"time"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

func TestPlan(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, cfg kafka.Config) {
		cl := kafkatest.Client(t, cfg)
		defer cl.Close()
		plan := func() kafka.Changes {
			t.Helper()
			cs, err := kafka.Plan(t.Context(), cl, cfg)
			if err != nil {
				t.Fatal(err)
			}
			return cs
		}
		if cs := plan(); len(cs) != 0 {
			t.Fatalf("just made, and it wants:\n%s", cs)
		}
		cfg.Partitions *= 2
		cfg.Retention.Inputs = 3 * time.Hour
		cs := plan()
		text := cs.String()
		for _, want := range []string{
			"blocked        " + cfg.Topic(schemas.TopicSignals),
			"blocked        " + cfg.Topic(schemas.TopicState),
			"add partitions " + cfg.Topic(schemas.TopicAlerts),
			`set config     ` + cfg.Topic(schemas.TopicTickets) + `: retention.ms from "604800000" to "10800000"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the plan lacks %q:\n%s", want, text)
			}
		}
		if err := cs.Apply(t.Context(), cl); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(50 * time.Millisecond) {
			left := plan()
			if len(left) == len(left.Blocked()) && len(left) > 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("applied, and still to do:\n%s", left)
			}
		}
		if err := kafka.Ensure(t.Context(), cl, cfg); err == nil {
			t.Error("Ensure overlooks what is blocked")
		}
	})
}
