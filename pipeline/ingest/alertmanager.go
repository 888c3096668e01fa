package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/common/model"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceAlertmanager is Alertmanager's webhook, version 4.
const SourceAlertmanager Source = "alertmanager"

var alertmanager = sender{
	name: SourceAlertmanager, path: "/webhook/alertmanager", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return !looksLikeGrafana(m) && (m.have("alerts") && m.any("groupKey", "receiver", "version") || looksLikeAlert(m))
	},
	hint: "alerts with groupKey and version 4, or labels with startsAt,",
	read: (*batch).alertmanager,
}

// looksLikeAlert says that an object is one alert of such a group, or in the form
// in which Prometheus sends them or its API shows them.
func looksLikeAlert(m members) bool {
	return m.have("labels") && m.any("startsAt", "endsAt", "generatorURL", "activeAt") && !m.any("alerts", "matchers")
}

// alertmanager reads Alertmanager's webhook, version 4: a group of alerts.
// What is said of the whole group stands behind the alerts in the text, so the
// group's fields are written into the signals at the end. The event recorder's
// webhook output may point at the same address.
func (b *batch) alertmanager(r *jsonscan.Reader) error {
	if recorded, err := isRecorderEvent(r); err != nil {
		return err
	} else if recorded {
		return b.recorderJSON(r)
	}
	return b.alertGroup(r, SourceAlertmanager, readAlert)
}

// isRecorderEvent looks at the first members only: protojson writes the
// timestamp or the instance first, the webhook its receiver.
func isRecorderEvent(r *jsonscan.Reader) (bool, error) {
	if r.Kind() != jsonscan.Object {
		return false, nil
	}
	start, is := r.Mark(), false
	err := r.Object(func(name string) error {
		is = name == "@timestamp" || name == "data"
		if name == "instance" || name == "clusterPosition" {
			return nil
		}
		return jsonscan.ErrStop
	})
	r.Rewind(start)
	if errors.Is(err, jsonscan.ErrStop) {
		err = nil
	}
	return is, err
}

// alertGroup reads the shape that Alertmanager and Grafana share.
func (b *batch) alertGroup(r *jsonscan.Reader, source Source, read func(*jsonscan.Reader, *schemas.Signal) error) error {
	start := r.Mark()
	var groupKey string
	var truncated int64
	seen := false
	before := len(b.found)
	err := r.Object(func(name string) (err error) {
		switch name {
		case "alerts":
			seen = true
			err = r.Array(func(i int) error {
				return b.element(r, "alerts", i, func(s *schemas.Signal) error { return read(r, s) })
			})
		case "groupKey":
			groupKey, err = r.Text()
		case "truncatedAlerts":
			truncated, err = r.Int()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !seen {
		r.Rewind(start)
		if m, err := membersOf(r); err != nil || !looksLikeAlert(m) {
			return errors.Join(err, errors.New("alerts: missing"))
		}
		return b.single(r, source, read)
	}
	for i := before; i < len(b.found); i++ {
		s := &b.found[i].signal
		s.GroupKey, s.Truncated, s.Source = groupKey, int(max(truncated, 0)), string(source)
	}
	return nil
}

// errPending is an alert that does not fire yet.
const errPending = nothingError("pending alerts do not fire yet: nothing is done about them")

// single reads one alert outside of a group.
func (b *batch) single(r *jsonscan.Reader, source Source, read func(*jsonscan.Reader, *schemas.Signal) error) error {
	return b.element(r, "", -1, func(s *schemas.Signal) error {
		s.Source = string(source)
		return read(r, s)
	})
}

func readAlert(r *jsonscan.Reader, s *schemas.Signal) error {
	s.Kind = schemas.KindAlert
	err := r.Object(func(name string) error { return readAlertField(r, s, name) })
	finishAlert(s)
	if err == nil && isGrafanaTest(s) { // a contact point may send to this path, too
		return errTest
	}
	return err
}

func readAlertField(r *jsonscan.Reader, s *schemas.Signal, name string) (err error) {
	switch name {
	case "status":
		s.Status, err = readAlertStatus(r)
	case "labels":
		s.Labels, err = schemas.ReadLabels(r)
	case "annotations":
		s.Annotations, err = schemas.ReadLabels(r)
	case "state": // Prometheus' API
		s.Status, err = readAlertStatus(r)
	case "startsAt", "activeAt":
		s.StartsAt, err = schemas.ReadTime(r)
	case "endsAt":
		s.EndsAt, err = schemas.ReadTime(r)
	case "generatorURL":
		s.URL, err = r.Text()
	case "fingerprint":
		s.Fingerprint, err = r.Text()
	}
	return err
}

func readAlertStatus(r *jsonscan.Reader) (schemas.Status, error) {
	if r.Kind() == jsonscan.Object { // API v2; whether it has ended shows in endsAt
		state, err := readMember(r, "state")
		if err == nil && state != "active" && state != "suppressed" && state != "unprocessed" {
			err = fmt.Errorf("state: %q is none of active, suppressed, unprocessed", state)
		}
		return "", err
	}
	v, err := r.String()
	if err != nil {
		return "", err
	}
	switch s := schemas.Status(strings.ToLower(strings.TrimSpace(v))); s {
	case "", schemas.StatusFiring, schemas.StatusResolved:
		return s, nil
	case "pending":
		return "", errPending
	case "inactive", "ok", "normal":
		return schemas.StatusResolved, nil
	case "active", "alerting":
		return schemas.StatusFiring, nil
	}
	return "", fmt.Errorf("%q is neither firing nor resolved", v)
}

// finishAlert fills in what follows from labels and annotations.
func finishAlert(s *schemas.Signal) {
	s.Name = s.Labels.Get("alertname")
	if s.Name == "" && len(s.Labels) > 0 { // Alertmanager allows it
		s.Name = s.Labels[0].Value
	}
	if s.Fingerprint == "" && len(s.Labels) > 0 {
		s.Fingerprint = promFingerprint(s.Labels)
	}
	s.Summary, _ = s.Annotations.First([]string{"summary", "message", "title"})
	s.Description = s.Annotations.Get("description")
	s.Runbook, _ = s.Annotations.First([]string{"runbook_url", "runbook"})
}

// promFingerprint is the fingerprint that Prometheus and Alertmanager give a
// label set, so that a sender that leaves it out still names the same alert.
func promFingerprint(ls schemas.Labels) string {
	set := make(model.LabelSet, len(ls))
	for _, l := range ls {
		set[model.LabelName(l.Name)] = model.LabelValue(l.Value)
	}
	return set.Fingerprint().String()
}
