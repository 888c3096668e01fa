package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Effect is what a signal does, whichever way it came: it is what senders are
// given rights to.
type Effect string

// The effects.
const (
	Alerts  Effect = "alerts"
	Tickets Effect = "tickets"
	Changes Effect = "changes" // changes, and windows that are announced but suppress nothing
	Impacts Effect = "impacts"
	Windows Effect = "windows" // maintenance and silences that suppress alerts
	// commands have no name in the configuration: no sender may give any.
	commands Effect = "commands"
)

// ordinary is what a sender may do that the configuration says nothing of.
var ordinary = []Effect{Alerts, Tickets, Changes, Impacts}

var everything = append(slices.Clone(ordinary), Windows)

func effectOf(s *schemas.Signal) Effect {
	switch {
	case s.Command != nil || s.Kind == schemas.KindCommand:
		return commands
	case s.Change != nil && s.Change.Suppress:
		return Windows
	case s.Kind == schemas.KindMaintenance || s.Kind == schemas.KindChange:
		return Changes
	case s.Kind == schemas.KindTicket:
		return Tickets
	case s.Kind == schemas.KindImpact:
		return Impacts
	default:
		return Alerts
	}
}

// errCommand says how a command is given.
var errCommand = errors.New("a command is taken only from a known person, by POST /api/v1/incidents/{id}/commands, " +
	"or on a topic of kafka.command_topics")

// WithoutCommands refuses the commands among what a record of an untrusted
// topic gave. signals and err are what Recognise returned.
func WithoutCommands(signals []schemas.Signal, err error) ([]schemas.Signal, error) {
	if !slices.ContainsFunc(signals, func(s schemas.Signal) bool { return effectOf(&s) == commands }) {
		return signals, err
	}
	var refused Refusals
	errors.As(err, &refused)
	at := Positions(len(signals), err)
	kept := make([]schemas.Signal, 0, len(signals))
	for i := range signals {
		if effectOf(&signals[i]) == commands {
			refused = append(refused, &RefusedError{Index: at[i], Path: "command", Offset: -1, Err: errCommand})
			continue
		}
		kept = append(kept, signals[i])
	}
	slices.SortStableFunc(refused, func(a, b *RefusedError) int { return a.Index - b.Index })
	return kept, refused
}

// rights are what a request may do, as its credentials say.
type rights struct {
	sender string // the path's
	may    []Effect
	// key is what of the configuration gives more.
	key string
	// known: the sender has shown who it is, or nobody is asked.
	known bool
}

// rightsOf returns what r may do on the path of a sender, or why nothing.
func (g *Gateway) rightsOf(sender string, r *http.Request) (rights, *apierror.Error) {
	s := g.sources[sender]
	rt := rights{sender: sender, may: s.May, key: "gateway.sources." + sender + ".may"}
	switch {
	case s.Disabled:
		return rt, apierror.New(http.StatusForbidden, "this path is switched off (gateway.sources.%s.disabled)", sender)
	case s.credentials():
		if e := s.authenticate(r); e != nil {
			return rt, e
		}
		rt.known = s.asksWho()
		if len(s.May) == 0 {
			rt.may = ordinary
		}
	case len(s.Anybody) > 0:
		rt.may, rt.key = s.Anybody, "gateway.sources."+sender+".anybody"
	case g.cfg.Authenticated:
		rt.known = true
		if len(s.May) == 0 {
			rt.may = ordinary
		}
	case g.guarded || g.cfg.Closed:
		return rt, apierror.New(http.StatusForbidden, "nobody may send here: other paths ask for credentials, and this one would be a way round them. "+
			"Give gateway.sources.%s credentials of its own, or name in its \"anybody\" what may come without", sender)
	default:
		if rt.known = true; len(s.May) == 0 {
			rt.may = everything
		}
	}
	return rt, nil
}

// permit takes out of what was read what the rights do not give, as if it could
// not be read. With nothing left it returns the answer to that.
func (g *Gateway) permit(rt rights, r *http.Request, got *taken) *apierror.Error {
	at := Positions(len(got.signals), got.refused)
	kept := got.signals[:0:len(got.signals)]
	var refused Refusals
	for i := range got.signals {
		s := &got.signals[i]
		if err := g.forbids(rt, r, s); err != nil {
			refused = append(refused, &RefusedError{Index: at[i], Path: fmt.Sprintf("signal %d", at[i]), Offset: -1, Raw: string(schemas.AppendSignal(nil, s)), Err: err})
			continue
		}
		kept = append(kept, *s)
	}
	if len(refused) == 0 {
		return nil
	}
	g.metrics.refused.WithLabelValues(rt.sender).Add(float64(len(refused)))
	g.log.Info().Str("source", rt.sender).Int("taken", len(kept)).Str("reason", refused.Error()).Msg("refused")
	got.signals, got.refused = kept, append(got.refused, refused...)
	slices.SortStableFunc(got.refused, func(a, b *RefusedError) int { return a.Index - b.Index })
	if len(kept) > 0 || len(got.refused) > len(refused) {
		return nil
	}
	e := apierror.New(http.StatusForbidden, "nothing of this request was taken: %v", refused)
	e.Errors = refused.fields()
	return e
}

// forbids says why a signal may not be taken; nil: it may.
func (g *Gateway) forbids(rt rights, r *http.Request, s *schemas.Signal) error {
	e := effectOf(s)
	switch {
	case e == commands:
		return errCommand
	case !slices.Contains(rt.may, e):
		return fmt.Errorf("%.100q is one of %s, which %s does not give; it gives %v", s.Name, e, rt.key, rt.may)
	case !g.maySpeakFor(s.Source, rt.sender, r):
		return fmt.Errorf("%.100q says it comes from %.100q, whose own path asks for credentials that this request does not have", s.Name, s.Source)
	}
	if e == Changes && s.Change == nil && !slices.Contains(rt.may, Windows) {
		// To a window that is known, a text that does not speak of suppressing is
		// no change of it: it would be prolonged, and go on suppressing.
		s.Change = &schemas.Change{}
	}
	return nil
}

// maySpeakFor reports whether a request to the path of sender may bring signals
// of a source: another sender's alerts could be ended under its name.
func (g *Gateway) maySpeakFor(source, sender string, r *http.Request) bool {
	owner, ok := g.sources[source]
	if source == sender || !ok || !owner.credentials() {
		return true
	}
	return owner.HMAC == nil && !owner.Disabled && owner.authenticate(r) == nil
}

// credentials reports whether the path asks for any.
func (s *SourceConfig) credentials() bool {
	return s.asksWho() || s.HMAC != nil
}

// asksWho reports whether a header must show who it is.
func (s *SourceConfig) asksWho() bool { return len(s.Bearer) > 0 || len(s.Basic) > 0 || s.Token != nil }

// Guarded reports whether some path asks for credentials or says what comes
// without: then no path takes anything that is not given to somebody.
func (c *Config) Guarded() bool {
	for _, s := range c.Sources {
		if s.credentials() || len(s.Anybody) > 0 {
			return true
		}
	}
	return false
}

// validateRights checks what a path gives.
func (s *SourceConfig) validateRights() error {
	for key, list := range map[string][]Effect{"may": s.May, "anybody": s.Anybody} {
		for i, e := range list {
			if !slices.Contains(everything, e) {
				return fmt.Errorf("%s[%d]: %q is not one of %v; commands are given to the API", key, i, e, everything)
			}
		}
	}
	if len(s.Anybody) > 0 && (s.credentials() || len(s.May) > 0) {
		return errors.New("anybody: stands beside credentials or may; whoever needs none has no use for them")
	}
	return nil
}
