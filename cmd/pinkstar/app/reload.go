package app

import (
	"errors"
	"net/http"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Versions are those of the texts that a process has its partitions follow.
type Versions struct {
	Rules    string `json:"rules"`
	Topology string `json:"topology"`
	Learnt   string `json:"learnt"`
	// Of the shadow, where there is one.
	ShadowRules    string `json:"shadow_rules,omitempty"`
	ShadowTopology string `json:"shadow_topology,omitempty"`
}

// Reload reads rules, topology and learnt pairs anew, those that stand in the
// settings too, and those of a shadow. Where anything is wrong with one of them
// nothing changes. Else the partitions follow through their logs: an activation
// stands where it came into force, and incidents that are open go on under what
// they were opened with. What labels name is read again, too, here and for what
// comes in, but not what makes up the scopes. Of the settings nothing else is taken.
func (a *App) Reload() (Versions, error) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	cfg, err := a.textsOfToday()
	var set *rules.Set
	var topo *rules.Topology
	var learnt *rules.Learnt
	var beside *shadowTexts
	if err == nil {
		var errs [3]error
		set, topo, errs[0] = LoadRules(cfg)
		learnt, errs[1] = LoadLearnt(cfg)
		beside, errs[2] = a.shadowOfToday(cfg)
		err = errors.Join(errs[:]...)
	}
	if err != nil {
		a.log.Error().Err(err).Msg("rules, topology or learnt pairs are not as they should be: what was in force stays")
		return Versions{}, err
	}
	for _, w := range topo.Warnings {
		a.log.Warn().Str("topology", topo.Version).Msg(w)
	}
	a.engines.want(set, topo, learnt)
	for _, t := range a.translators {
		t.Rename(cfg.Labels)
	}
	if !cfg.Labels.SameScopes(&a.cfg.Labels) {
		a.log.Warn().Msg("labels: what makes up the scopes (tenant, environment, their defaults and aliases, scope) is settled at the start; start anew for it")
	}
	v := Versions{Rules: set.Version, Topology: topo.Version, Learnt: learnt.Version}
	if beside != nil {
		a.beside.texts.Store(beside)
		v.ShadowRules, v.ShadowTopology = beside.set.Version, beside.topo.Version
	}
	a.log.Info().Str("rules", v.Rules).Str("topology", v.Topology).Str("learnt", v.Learnt).Str("shadow_rules", v.ShadowRules).Msg("read again")
	return v, nil
}

// textsOfToday is the configuration with what today's settings say of rules,
// topology, learnt pairs and shadow.
func (a *App) textsOfToday() (*config.Config, error) {
	if a.deps.Settings == nil {
		return a.cfg, nil
	}
	return a.deps.Settings()
}

// shadowOfToday reads the shadow's texts; nil where none runs here. Whether there
// is one, and of what, is settled at the start.
func (a *App) shadowOfToday(cfg *config.Config) (*shadowTexts, error) {
	if a.beside == nil {
		return nil, nil
	}
	t, err := loadShadow(cfg)
	if err != nil {
		return nil, err
	}
	if old := a.beside.texts.Load(); t.ownSet != old.ownSet || t.ownTop != old.ownTop {
		return nil, errors.New("shadow: whether it has rules and a topology of its own is settled at the start; start anew for another kind of shadow")
	}
	return t, nil
}

// serveReload is Reload over HTTP, for who may look into the process.
func (a *App) serveReload(w http.ResponseWriter, _ *http.Request) {
	v, err := a.Reload()
	if err != nil {
		_ = apierror.New(http.StatusUnprocessableEntity, "%s", err.Error()).Write(w) // only a caller that left makes this fail
		return
	}
	w.Header().Set("Content-Type", schemas.ContentTypeJSON)
	text, err := schemas.Marshal(v)
	if err == nil {
		_, _ = w.Write(text) // whoever asked may have gone
	}
}
