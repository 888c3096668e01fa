package app

import (
	"errors"
	"net/http"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Versions are those of the texts that a process has its partitions follow.
type Versions struct {
	Rules    string `json:"rules"`
	Topology string `json:"topology"`
	Learnt   string `json:"learnt"`
}

// Reload reads rules, topology and learnt pairs anew, from the files that the
// settings name. Where anything is wrong with one of them nothing changes. Else
// the partitions follow through their logs: an activation stands where it came
// into force, and incidents that are open go on under what they were opened with.
func (a *App) Reload() (Versions, error) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	set, topo, err := LoadRules(a.cfg)
	learnt, err2 := LoadLearnt(a.cfg)
	if err := errors.Join(err, err2); err != nil {
		a.log.Error().Err(err).Msg("rules, topology or learnt pairs are not as they should be: what was in force stays")
		return Versions{}, err
	}
	for _, w := range topo.Warnings {
		a.log.Warn().Str("topology", topo.Version).Msg(w)
	}
	a.engines.want(set, topo, learnt)
	v := Versions{set.Version, topo.Version, learnt.Version}
	a.log.Info().Str("rules", v.Rules).Str("topology", v.Topology).Str("learnt", v.Learnt).Msg("read again")
	return v, nil
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
