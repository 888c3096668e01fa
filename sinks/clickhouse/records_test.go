package clickhouse

import (
	"fmt"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// windowTold is a change or maintenance as its sender tells it.
func windowTold(id string, status schemas.Status, received schemas.Time) *schemas.Decision {
	d := sampleDecision(1)
	s := d.Signal
	d.SignalID, d.Kind, d.IncidentID, d.At = id, schemas.KindMaintenance, "", received
	s.ID, s.Kind, s.Fingerprint, s.Name, s.Status, s.StartsAt, s.ReceivedAt = id, d.Kind, id, "work "+id, status, received, received
	s.Change = &schemas.Change{Type: "calendar", Services: []string{"a"}, By: "sam", Suppress: true}
	return d
}

func TestMessagesByStateNewestFirst(t *testing.T) {
	conn := migrated(t)
	var records []schemas.Record
	for n, state := range []schemas.DeliveryState{schemas.DeliverySent, schemas.DeliveryFailed, schemas.DeliveryWaiting, schemas.DeliveryUnknown} {
		records = append(records, record(int64(n), schemas.TypeDelivery, &schemas.Delivery{ID: fmt.Sprintf("DLV-%d", n), Revision: 1, IncidentID: "INC-1", Seq: 1,
			Target: "slack", State: state, DecidedAt: t0.Add(int64(n) * 1000), Error: "channel_not_found"}))
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: records}))
	q := NewQueries(conn)
	ids := func(states ...schemas.DeliveryState) string {
		list, err := q.Messages(t.Context(), states, 3)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range list {
			out = append(out, d.ID)
		}
		return strings.Join(out, " ")
	}
	if got := ids(); got != "DLV-3 DLV-2 DLV-1" {
		t.Errorf("all: %s", got)
	}
	if got := ids(schemas.DeliveryFailed, schemas.DeliverySent); got != "DLV-1 DLV-0" {
		t.Errorf("failed and sent: %s", got)
	}
	n, err := q.MessageStates(t.Context(), t0.Add(1000))
	if err != nil || len(n) != 3 || n[schemas.DeliveryFailed] != 1 || n[schemas.DeliverySent] != 0 {
		t.Errorf("counts %v, %v", n, err)
	}
}

func TestWhatIsInNoIncidentSaysWhy(t *testing.T) {
	conn := migrated(t)
	apart := func(n int, v schemas.Verdict, window string) *schemas.Decision {
		d := sampleDecision(n)
		d.IncidentID, d.Verdict, d.WindowID, d.Reason, d.At = "", v, window, "because of "+string(v), t0.Add(int64(n)*1000)
		return d
	}
	refused := &schemas.Decision{SignalID: "beyond", Revision: 1, Verdict: schemas.VerdictRefused, Reason: "not JSON", At: t0.Add(9000)}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, windowTold("w", schemas.StatusStarted, t0)),
		record(1, schemas.TypeDecision, apart(1, schemas.VerdictSuppressed, "w")),
		record(2, schemas.TypeDecision, apart(2, schemas.VerdictLate, "")),
		record(3, schemas.TypeDecision, sampleDecision(3)), // in an incident
		record(4, schemas.TypeDecision, apart(-1, schemas.VerdictLate, "")),
		record(5, schemas.TypeDecision, refused),
	}}))
	list, err := NewQueries(conn).Apart(t.Context(), t0, 10)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if list[0].SignalID != "beyond" || list[0].Reason != "not JSON" || list[1].Verdict != schemas.VerdictLate || list[1].Service != "service-2" {
		t.Errorf("%+v", list)
	}
	if a := list[2]; a.WindowID != "w" || a.Window != "work w" || a.Name != "Alert1" || a.Reason != "because of suppressed" {
		t.Errorf("suppressed: %+v", a)
	}
}

func TestAlertsWithoutAProcedureAreCounted(t *testing.T) {
	conn := migrated(t)
	var records []schemas.Record
	for n, name := range []string{"Disk", "Disk", "Cpu"} {
		d := sampleDecision(n)
		d.IncidentID, d.Signal.Name, d.Signal.Service = fmt.Sprintf("INC-%d", n), name, "db"
		records = append(records, record(int64(2*n), schemas.TypeDecision, d),
			record(int64(2*n+1), schemas.TypeIncident, &schemas.Incident{ID: d.IncidentID, Revision: 1, Scope: "s", Severity: schemas.SeverityMajor, DetectedAt: t0.Add(int64(n)), StartedAt: t0.Add(int64(n)),
				AlertCount: 1, Opening: d.SignalID, Members: []schemas.MemberRef{{SignalID: d.SignalID, Kind: schemas.KindAlert, Name: name, Service: "db"}}}))
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: records}))
	list, err := NewQueries(conn).Uncovered(t.Context(), 10)
	if err != nil || len(list) != 2 || list[0].Name != "Disk" || list[0].Incidents != 2 || list[0].Worst != schemas.SeverityMajor || list[0].LastIncident != "INC-1" {
		t.Errorf("%+v, %v", list, err)
	}
}

// An alert that fires, recovers and fires again is one thing in a tree, in the
// state it was told last; so is a ticket with its updates. Commands are none.
func TestEachThingOfATreeOnce(t *testing.T) {
	conn := migrated(t)
	told := func(id, incident, fingerprint string, kind schemas.Kind, status schemas.Status, after int64) *schemas.Decision {
		d := sampleDecision(1)
		d.SignalID, d.IncidentID, d.Kind, d.At, d.Repeats = id, incident, kind, t0.Add(after), 2
		d.Signal.ID, d.Signal.Kind, d.Signal.Fingerprint, d.Signal.Status = id, kind, fingerprint, status
		return d
	}
	write(t, writer(conn), bounded(&schemas.Batch{Topic: "t", TopicID: "x", Records: []schemas.Record{
		record(0, schemas.TypeDecision, told("a1", "INC-1", "disk", schemas.KindAlert, schemas.StatusFiring, 0)),
		record(1, schemas.TypeDecision, told("b1", "INC-2", "cpu", schemas.KindAlert, schemas.StatusFiring, 10)),
		record(2, schemas.TypeDecision, told("a2", "INC-1", "disk", schemas.KindAlert, schemas.StatusResolved, 20)),
		record(3, schemas.TypeDecision, told("c1", "INC-1", "", schemas.KindCommand, schemas.StatusIssued, 30)),
		record(4, schemas.TypeDecision, told("b2", "INC-2", "cpu", schemas.KindAlert, schemas.StatusResolved, 40)),
		record(5, schemas.TypeDecision, told("b3", "INC-2", "cpu", schemas.KindAlert, schemas.StatusFiring, 50)),
		record(6, schemas.TypeDecision, told("t1", "INC-2", "cpu", schemas.KindTicket, schemas.StatusOpen, 60)), // another kind of thing
		record(7, schemas.TypeDecision, told("x1", "INC-3", "disk", schemas.KindAlert, schemas.StatusFiring, 70)),
	}}))
	q := NewQueries(conn)
	list, all, err := q.Things(t.Context(), []string{"INC-1", "INC-2"}, 0, 2)
	if err != nil || all != 3 || len(list) != 2 {
		t.Fatalf("%+v, %d in all, %v", list, all, err)
	}
	said := sampleSignal(1)
	if a := list[0]; a.SignalID != "a1" || a.Status != schemas.StatusResolved || a.Repeats != 5 || a.IncidentID != "INC-1" || a.Description != said.Description || len(a.Labels) != len(said.Labels) {
		t.Errorf("the first: %+v", a)
	}
	if b := list[1]; b.SignalID != "b1" || b.Status != schemas.StatusFiring || b.Repeats != 8 || b.Evidence[0].Points != 3000 {
		t.Errorf("the second: %+v", b)
	}
	if list, all, err = q.Things(t.Context(), []string{"INC-1", "INC-2"}, 2, 2); err != nil || all != 3 || len(list) != 1 || list[0].SignalID != "t1" {
		t.Errorf("the next page: %+v, %d, %v", list, all, err)
	}
}
