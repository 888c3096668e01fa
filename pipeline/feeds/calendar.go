package feeds

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// Producer makes signals durable on the signals topic.
type Producer interface {
	Produce(ctx context.Context, signals []schemas.Signal) error
}

// told is what was said, so that only what is other is said again.
type told struct {
	producer Producer
	said     map[string]uint64 // digest by signal id
}

// newer makes those of the signals durable that say something new, and forgets
// what is not among them.
func (t *told) newer(ctx context.Context, signals []schemas.Signal) (int, error) {
	said, fresh := make(map[string]uint64, len(signals)), []schemas.Signal(nil)
	for i := range signals {
		s := signals[i]
		s.ReceivedAt = 0
		h := fnv.New64a()
		_, _ = h.Write(schemas.AppendSignal(nil, &s)) // a hash never fails
		said[s.ID] = h.Sum64()
		if old, known := t.said[s.ID]; !known || old != said[s.ID] {
			fresh = append(fresh, signals[i])
		}
	}
	for batch := range slices.Chunk(fresh, 500) {
		if err := t.producer.Produce(ctx, batch); err != nil {
			return 0, fmt.Errorf("the brokers did not take it: %w", err)
		}
	}
	t.said = said
	return len(fresh), nil
}

// maintenance is a calendar whose events are windows.
type maintenance struct {
	*fetcher
	told
	translator *ingest.Translator
	suppress   ingest.Suppression
	scopes     [][2]string // in which it has told something
}

func (m *maintenance) look(ctx context.Context, now time.Time) (int, error) {
	text, err := m.get(ctx, "text/calendar")
	if err != nil {
		return 0, err
	}
	signals, refused := m.translator.Translate(ingest.SourceCalendar, text, ingest.Meta{ReceivedAt: schemas.TimeOf(now), Feed: &ingest.Feed{
		Name: m.at.Name, Tenant: m.at.Tenant, Environment: m.at.Environment, Suppress: m.suppress, Scopes: m.scopes,
	}})
	if refused != nil {
		m.forget()
	}
	if len(signals) == 0 && refused != nil {
		return 0, refused
	}
	n, err := m.newer(ctx, signals)
	if err == nil {
		for i := range signals {
			if at := [2]string{signals[i].Tenant, signals[i].Environment}; !slices.Contains(m.scopes, at) {
				m.scopes = append(m.scopes, at)
			}
		}
	}
	return n, errors.Join(err, refused)
}

// shifts is a calendar whose events say who is on duty.
type shifts struct {
	*fetcher
	translator *ingest.Translator
	take       func(schemas.Activation)
	version    string
}

func (s *shifts) look(ctx context.Context, now time.Time) (int, error) {
	a, err := s.read(ctx, now)
	if err != nil || a.Version == s.version {
		return 0, err
	}
	s.version = a.Version
	s.take(a)
	return 1, nil
}

// read is what the calendar says from the day of now on.
func (s *shifts) read(ctx context.Context, now time.Time) (schemas.Activation, error) {
	text, err := s.get(ctx, "text/calendar")
	if err != nil {
		return schemas.Activation{}, err
	}
	// From midnight on, so that one day's looks read the same.
	list, err := s.translator.Shifts(text, schemas.TimeOf(now.UTC().Truncate(24*time.Hour)))
	if err != nil {
		s.forget()
		return schemas.Activation{}, err
	}
	return ShiftsActivation(s.at.Name, list)
}

// Shifts fetches those calendars of shifts whose names are wanted, once: what they
// say from the day of at on. An error is of one of them; the others are returned.
func Shifts(ctx context.Context, cfg *Config, wanted []string, t *ingest.Translator, at time.Time) (map[string]*rules.Shifts, error) {
	out := map[string]*rules.Shifts{}
	var errs []error
	for i := range cfg.Calendars {
		c := &cfg.Calendars[i]
		if !c.Shifts || !slices.Contains(wanted, c.Name) {
			continue
		}
		s := &shifts{fetcher: newFetcher(&c.Address, cfg), translator: t}
		a, err := s.read(ctx, at)
		if err == nil {
			out[c.Name], err = rules.ParseShifts(a.Text)
		}
		if err != nil {
			delete(out, c.Name)
			errs = append(errs, fmt.Errorf("the calendar %s can't be read: %w", c.Name, err))
		}
	}
	return out, errors.Join(errs...)
}

// ShiftsActivation is what tells the engine the shifts of a calendar.
func ShiftsActivation(calendar string, list []ingest.Shift) (schemas.Activation, error) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b ingest.Shift) int {
		if a.From != b.From {
			return int(max(-1, min(1, a.From-b.From)))
		}
		return int(max(-1, min(1, a.To-b.To)))
	})
	if len(list) > rules.MaxShifts {
		list = list[:rules.MaxShifts] // the nearest: the others come when their time is near
	}
	out := rules.Shifts{Calendar: calendar}
	for _, s := range list {
		out.Shifts = append(out.Shifts, rules.CalendarTurn{From: s.From.String(), To: s.To.String(), People: s.People})
	}
	text, err := yaml.Marshal(&out)
	if err != nil {
		return schemas.Activation{}, err
	}
	if _, err := rules.ParseShifts(string(text)); err != nil {
		return schemas.Activation{}, err
	}
	return schemas.Activation{What: schemas.WhatShifts, Name: calendar, Version: rules.VersionOf(text), Text: string(text)}, nil
}
