package app

import (
	"context"
	"slices"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/feeds"
	"pinkstar/schemas"
	"pinkstar/sinks/web"
)

// startFeeds fetches what others plan: windows and silences where the API is,
// which knows what is announced here; who is on duty where it is decided whom to
// call. The process is ready without: what is known stays in force.
func (a *App) startFeeds() error {
	d := feeds.Deps{Translator: a.translator(), Now: a.deps.Now, Environments: a.environments(),
		Log: a.log, Registerer: a.reg}
	if a.cfg.Has(config.RoleCorrelate) {
		d.Shifts = a.engines.wantShifts
	}
	if a.cfg.Has(config.RoleWeb) && len(a.cfg.Feeds.Calendars)+len(a.cfg.Feeds.Alertmanagers) > 0 {
		p, err := a.producer("feeds")
		if err != nil {
			return err
		}
		d.Producer = noting{p, a.silences}
		d.Announced = func(ctx context.Context) ([]schemas.Signal, error) {
			return a.silences.Announced(ctx, schemas.TimeOf(a.deps.Now()))
		}
	}
	f, err := feeds.New(a.cfg.Feeds, d)
	if err != nil || !f.Any() {
		return err
	}
	a.health.add(part{name: "feeds", ready: always, ailing: f.Ailing})
	a.goRole("feeds", f.Run)
	return nil
}

// noting has what ends silences that were announced here be known before ClickHouse
// has it.
type noting struct {
	feeds.Producer
	silences *web.Silences
}

func (n noting) Produce(ctx context.Context, signals []schemas.Signal) error {
	err := n.Producer.Produce(ctx, signals)
	if err == nil {
		n.silences.Note(signals)
	}
	return err
}

// environments counts those in which a silence that names none holds.
func (a *App) environments() int {
	all := []string{a.cfg.Labels.EnvironmentOf("")}
	for _, e := range a.cfg.Labels.Environments {
		if e = a.cfg.Labels.EnvironmentOf(e); !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return len(all)
}
