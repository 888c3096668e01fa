package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/sinks/message"
)

func (c *cli) addNotify() {
	parent := c.app.Command("notify", "Try out where messages go, and see what they say.")
	test := parent.Command("test", "Send a message that says it is a test, and tell how it went.")
	target := test.Arg("target", "a name of notify.targets; with a colon and an address as in the rules").Required().String()
	tested := withSettings(test)
	c.on(test, func(ctx context.Context, w world) error { return notifyTest(ctx, w, tested, *target) })
	preview := parent.Command("preview", "Show what was to be said of an incident, as mail and chats word it.")
	incident := preview.Arg("incident", "a main incident's id, INC-…").Required().String()
	format := preview.Flag("format", "text or html").Default("text").Enum("text", "html")
	previewed := withSettings(preview, config.ForKafka)
	c.on(preview, func(ctx context.Context, w world) error { return notifyPreview(ctx, w, previewed, *incident, *format) })
}

// testTimeout is what a person waits for a test message.
const testTimeout = 30 * time.Second

func notifyTest(ctx context.Context, w world, s *settings, target string) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	name, address, _ := strings.Cut(target, ":")
	names := make([]string, 0, len(cfg.Notify.Targets))
	for i := range cfg.Notify.Targets {
		t := &cfg.Notify.Targets[i]
		names = append(names, t.Name)
		if t.Name != name {
			continue
		}
		if err := t.LoadSecrets(); err != nil {
			return fmt.Errorf("notify.targets[%d].%w", i, err)
		}
		x, err := t.Target(cfg.Notify.BoardURL)
		if err != nil {
			return fmt.Errorf("notify.targets[%d].%w", i, err)
		}
		return sendTest(ctx, w, x, address)
	}
	if len(names) == 0 {
		return errors.New("the settings have no notify.targets")
	}
	return fmt.Errorf("no target %q; there are %s", name, strings.Join(names, ", "))
}

func sendTest(ctx context.Context, w world, x outbound.Target, address string) error {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	now := schemas.TimeOf(time.Now())
	var thread schemas.Labels
	id := schemas.EffectID("test", schemas.EffectPage, address, now)
	for _, kind := range []schemas.EffectKind{schemas.EffectPage, schemas.EffectResolved} {
		status := schemas.IncidentOpen
		if kind == schemas.EffectResolved {
			status = schemas.IncidentResolved
		}
		e := &schemas.Effect{
			ID: id, IncidentID: "INC-TEST-" + strings.TrimPrefix(id, "EFF-"), Seq: 1, Scope: "test", Kind: kind, At: now, Severity: schemas.SeverityInfo,
			Reason: "This is a test of Pinkstar's messages. Nothing is wrong, and nothing is to be done.",
			Head:   schemas.EffectHead{Title: "Test message", Status: status, Severity: schemas.SeverityInfo, StartedAt: now},
		}
		if !x.Takes(e) {
			continue
		}
		r, err := x.Deliver(ctx, &outbound.Message{Key: schemas.DeliveryID(id, string(kind)+address), Effect: e, Address: address, Thread: thread, Attempt: 1})
		if err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		fmt.Fprintf(w.out, "%s: taken, there it is %s\n", kind, r.Ref)
		thread = r.Thread
	}
	return nil
}

func notifyPreview(ctx context.Context, w world, s *settings, incident, format string) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	if err := useRunning(cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	deps := kafka.Deps{Log: app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)}
	recs, err := kafka.ReadCommitted(ctx, cfg.Kafka.Config, deps, cfg.Kafka.Topic(schemas.TopicEffects))
	if err != nil {
		return err
	}
	n := 0
	for _, r := range recs {
		if string(r.Key) != incident {
			continue
		}
		e, err := schemas.Effects.Decode(r.Value)
		if err != nil {
			return err
		}
		text, err := message.Render(e, cfg.Notify.BoardURL, format)
		if err != nil {
			return err
		}
		n++
		fmt.Fprintf(w.out, "--- %s %s, to %s\n%s\n", e.At, e.Kind, audience(&e.To), text)
	}
	if n == 0 {
		return fmt.Errorf("nothing was to be said of %s: it is not a main incident, or it is older than kafka.retention.decisions", incident)
	}
	return nil
}

// audience is whom an effect is for, in words.
func audience(a *schemas.Audience) string {
	to := append([]string(nil), a.Targets...)
	if a.Team != "" {
		to = append(to, "team "+a.Team)
	}
	for i := range a.People {
		to = append(to, a.People[i].Name)
	}
	if a.Company {
		to = append(to, "the company")
	}
	if len(to) == 0 {
		return "targets that get everything"
	}
	return strings.Join(to, ", ")
}
