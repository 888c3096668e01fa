package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// commandBody is what an operator sends. IncidentID says where a moved signal
// goes; null means a new incident.
type commandBody struct {
	Action     schemas.Action  `json:"action"`
	ParentID   string          `json:"parent_id"`
	SignalID   string          `json:"signal_id"`
	IncidentID json.RawMessage `json:"incident_id"`
	ProblemID  string          `json:"problem_id"`
	To         string          `json:"to"`
	Note       string          `json:"note"`
	Step       int64           `json:"step"`
	giver
}

// giver is who gives a command, as its body says.
type giver struct {
	By string `json:"by"` // may be left out; never believed, see who
}

type commandAnswer struct {
	ID string `json:"id"` // the command's signal id: its decision says what came of it
	By string `json:"by"` // who has given it
	// Done says that it was carried out; without, it is durable and has its turn.
	Done bool `json:"done,omitempty"`
}

// source is what a command's signal names as its sender.
const source = "pinkstar-api"

var problemActions = []schemas.Action{schemas.ActionSolveProblem}

func (a *API) commandIncident(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readCommand(w, r)
	if err != nil {
		return err
	}
	inc, _, err := a.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	cmd, err := a.incidentCommand(r.Context(), inc, body)
	if err != nil {
		return err
	}
	if why := refusedNow(inc, &cmd); why != "" && r.Header.Get("Idempotency-Key") == "" {
		return apierror.New(http.StatusConflict, "%s", why)
	}
	return a.issue(w, r, cmd, inc.Scope)
}

func (a *API) commandProblem(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readCommand(w, r)
	if err != nil {
		return err
	}
	p, ok := a.view.Problem(r.PathValue("id"))
	if !ok {
		return apierror.New(http.StatusNotFound, "there is no problem %q", r.PathValue("id"))
	}
	if !slices.Contains(problemActions, body.Action) {
		return apierror.BadField("action", "%q is not one of %v, which a problem takes", body.Action, problemActions)
	}
	cmd := schemas.Command{Action: body.Action, By: body.By, ProblemID: p.ID, Note: body.Note}
	return a.issue(w, r, cmd, p.Scope)
}

func (a *API) readCommand(w http.ResponseWriter, r *http.Request) (*commandBody, error) {
	var body commandBody
	if err := a.readBody(w, r, &body); err != nil {
		return nil, err
	}
	if err := body.who(personOf(r)); err != nil {
		return nil, err
	}
	if !slices.Contains(schemas.Actions, body.Action) {
		return nil, apierror.BadField("action", "%q is not one of %v", body.Action, schemas.Actions)
	}
	return &body, nil
}

// readBody reads what somebody orders.
func (a *API) readBody(w http.ResponseWriter, r *http.Request, into any) error {
	// Required: what a page of another site can send without being asked first
	// (text/plain, a form, nothing at all) is no command.
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != schemas.ContentTypeJSON {
		return apierror.New(http.StatusUnsupportedMediaType, "send Content-Type: application/json, not %q", r.Header.Get("Content-Type"))
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, a.cfg.MaxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return apierror.New(http.StatusRequestEntityTooLarge, "a command may have %d bytes", a.cfg.MaxBody)
		}
		return apierror.New(http.StatusBadRequest, "the body is not a command: %v, at byte %d", err, dec.InputOffset())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return apierror.New(http.StatusBadRequest, "one command a request: there is more after byte %d", dec.InputOffset())
	}
	return nil
}

// who settles who gives the command. Whoever was let in by name is that name,
// whatever the body says, and is told when it says another. Where nobody is
// asked who they are, which is on loopback alone unless told otherwise, there is
// no name but the one in the body: it is needed, and no better than a signature
// on paper.
func (b *giver) who(p Person) error {
	switch {
	case p.Name == Local && b.By == "":
		return apierror.BadField("by", "missing: nobody is asked for a token here, so say who gives the command")
	case p.Name == Local:
		return nil
	case b.By != "" && b.By != p.Name:
		return apierror.BadField("by", "you are %s: leave it out, nobody gives commands in another's name", p.Name)
	}
	b.By = p.Name
	return nil
}

// incidentCommand checks body against what is known of inc. The correlator
// checks again when it carries the command out; this answers the typing error
// at once.
func (a *API) incidentCommand(ctx context.Context, inc *schemas.Incident, body *commandBody) (schemas.Command, error) {
	cmd := schemas.Command{Action: body.Action, By: body.By, IncidentID: inc.ID, Note: body.Note}
	if inc.Status == schemas.IncidentClosed {
		return cmd, apierror.New(http.StatusConflict, "incident %s is closed: its reopen window is over and it takes no more commands", inc.ID)
	}
	if body.IncidentID != nil && body.Action != schemas.ActionMove {
		return cmd, apierror.BadField("incident_id", "only %q names another incident here", schemas.ActionMove)
	}
	switch body.Action {
	case schemas.ActionAssign:
		if cmd.To = body.To; cmd.To == "" {
			return cmd, apierror.BadField("to", "missing: whom the incident is assigned to")
		}
	case schemas.ActionSetSeverity:
		if cmd.To = body.To; cmd.To != schemas.SeverityAuto && schemas.Severity(cmd.To).Rank() == 0 {
			return cmd, apierror.BadField("to", "%q is not one of critical, major, warning, info, %s", cmd.To, schemas.SeverityAuto)
		}
	case schemas.ActionStepDone:
		if cmd.Step = body.Step; cmd.Step < 1 {
			return cmd, apierror.BadField("step", "which step of the procedure was done, from 1")
		}
	case schemas.ActionAnswerChange:
		if cmd.To, cmd.SignalID = body.To, body.SignalID; !slices.Contains(schemas.Answers, cmd.To) {
			return cmd, apierror.BadField("to", "%q is not one of %v", cmd.To, schemas.Answers)
		}
	case schemas.ActionNote:
		if cmd.Note == "" {
			return cmd, apierror.BadField("note", "missing: there is nothing to note")
		}
	case schemas.ActionLinkParent:
		if body.ParentID == inc.ID {
			return cmd, apierror.BadField("parent_id", "an incident cannot be its own parent")
		}
		cmd.ParentID = body.ParentID
		return cmd, a.sameScope(ctx, "parent_id", body.ParentID, inc)
	case schemas.ActionUnlinkParent:
		if cmd.ParentID = body.ParentID; cmd.ParentID != "" { // not related to that one
			return cmd, a.sameScope(ctx, "parent_id", body.ParentID, inc)
		}
	case schemas.ActionMove:
		if _, err := schemas.ParseID(body.SignalID); err != nil {
			return cmd, apierror.BadField("signal_id", "%v", err)
		}
		cmd.SignalID = body.SignalID
		return cmd, a.moveTarget(ctx, &cmd, inc, body.IncidentID)
	case schemas.ActionSolveProblem:
		if cmd.ProblemID = body.ProblemID; cmd.ProblemID == "" {
			cmd.ProblemID = inc.ProblemID
		}
		if _, ok := a.view.Problem(cmd.ProblemID); !ok {
			return cmd, apierror.BadField("problem_id", "there is no problem %q, and the incident is no occurrence of another", cmd.ProblemID)
		}
	}
	return cmd, nil
}

// moveTarget finds where a signal goes: to the incident in the path, unless
// the body names another one, or with "" or null none, which makes a new one.
func (a *API) moveTarget(ctx context.Context, cmd *schemas.Command, inc *schemas.Incident, raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var target *string
	if err := json.Unmarshal(raw, &target); err != nil {
		return apierror.BadField("incident_id", "must be a string or null")
	}
	if target == nil || *target == "" {
		cmd.IncidentID = ""
		return nil
	}
	cmd.IncidentID = *target
	return a.sameScope(ctx, "incident_id", *target, inc)
}

func (a *API) sameScope(ctx context.Context, field, id string, inc *schemas.Incident) error {
	if id == "" {
		return apierror.BadField(field, "missing")
	}
	other, _, err := a.find(ctx, id)
	var f *apierror.Error
	if errors.As(err, &f) && f.Status == http.StatusNotFound {
		return apierror.BadField(field, "there is no incident %q", id)
	}
	if err != nil {
		return err
	}
	if other.Scope != inc.Scope {
		return apierror.BadField(field, "incident %s is in scope %q and %s in %q: nothing is related across scopes", id, other.Scope, inc.ID, inc.Scope)
	}
	if other.Status == schemas.IncidentClosed {
		return apierror.New(http.StatusConflict, "incident %s is closed", id)
	}
	return nil
}

// issue makes the command durable and answers with its id. With an
// Idempotency-Key the same command sent again has the same id and is carried
// out once.
func (a *API) issue(w http.ResponseWriter, r *http.Request, cmd schemas.Command, scope string) error {
	occurrence, err := occurrenceOf(r, cmd.By)
	if err != nil {
		return err
	}
	id, done, err := a.give(r.Context(), cmd, scope, source, occurrence)
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusAccepted, commandAnswer{id, cmd.By, done})
}

// give makes a command durable and returns its signal's id, and whether it is known
// to have been carried out. What the correlator refused is an *apierror.Error, 409,
// with its reason. from is the system by which it came, occurrence tells it from
// others of its kind.
func (a *API) give(ctx context.Context, cmd schemas.Command, scope, from, occurrence string) (id string, done bool, _ error) {
	now := schemas.TimeOf(a.now())
	s := schemas.Signal{
		Kind: schemas.KindCommand, Status: schemas.StatusIssued, Source: from, Name: string(cmd.Action),
		Fingerprint: cmd.IncidentID + cmd.ProblemID, Scope: scope, Occurrence: occurrence, ReceivedAt: now, Command: &cmd,
	}
	if s.Fingerprint == "" {
		s.Fingerprint = cmd.SignalID
	}
	s.ID = schemas.SignalID(&s).String() // without a start: the same command sent again is the same one
	s.StartsAt = now
	v := a.watch(ctx, scope)
	defer v.close()
	if err := a.produce(ctx, []schemas.Signal{s}); err != nil {
		return "", false, err
	}
	a.log.Info().Str("action", string(cmd.Action)).Str("by", cmd.By).Str("incident", cmd.IncidentID).Str("via", from).Str("signal", s.ID).Msg("command taken")
	ctx, cancel := context.WithTimeout(ctx, a.cfg.CommandWait)
	defer cancel()
	d := v.of(ctx, s.ID)
	if d != nil && d.Verdict == schemas.VerdictRefused {
		return "", false, apierror.New(http.StatusConflict, "%s", d.Reason)
	}
	return s.ID, d != nil, nil
}

// watch begins to look for what will come of a command; nil where that can't be
// told, which is no reason to refuse it.
func (a *API) watch(ctx context.Context, scope string) *verdict {
	if a.verdicts == nil || a.cfg.CommandWait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.CommandWait/4) // the order itself needs the rest
	defer cancel()
	v, err := a.verdicts.watch(ctx, scope)
	if err != nil {
		a.log.Warn().Err(err).Msg("a command is not waited for")
	}
	return v
}

// produce makes signals durable, or says that they are not.
func (a *API) produce(ctx context.Context, signals []schemas.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.CommandTimeout)
	defer cancel()
	if err := a.producer.Produce(ctx, signals); err != nil {
		a.log.Warn().Err(err).Str("name", signals[0].Name).Msg("command not taken")
		return apierror.New(http.StatusServiceUnavailable, "the brokers did not acknowledge the command; send it again, with the same Idempotency-Key if it had one")
	}
	return nil
}

// occurrenceOf tells one command from another: by the caller's
// Idempotency-Key, or by chance. A key is its caller's own: nobody uses up another's
// by guessing it.
func occurrenceOf(r *http.Request, by string) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > 200 {
		return "", apierror.BadField("Idempotency-Key", "longer than 200 bytes")
	}
	if key != "" {
		return "key:" + by + ":" + key, nil
	}
	return rand.Text(), nil
}
