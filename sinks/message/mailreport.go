package message

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/wneessen/go-mail"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
)

// Report is the report of a month as a letter.
type Report struct {
	Subject, Text, HTML string
	Files               []File
}

// File is attached to a letter.
type File struct {
	Name, Type string // "report.pdf", "application/pdf"
	Content    []byte
}

// Reports writes the reports that are due. An error says that it can't be done now: it
// is asked again. schedule is the schedule's name, month as in 2026-10.
type Reports func(ctx context.Context, schedule, month string) (*Report, error)

// WithReports lets a mail target send reports; of another kind of target it says that
// it cannot.
func WithReports(t outbound.Target, reports Reports) error {
	m, ok := t.(*mailTarget)
	if !ok {
		return errors.New("reports go by mail only")
	}
	m.reports = reports
	return nil
}

// IsMail reports whether reports can be sent by it.
func (c *Config) IsMail() bool { return c.Mail != nil }

// composeReport is the letter of a schedule's month. Each stands by itself: months do
// not make a thread.
func (t *mailTarget) composeReport(ctx context.Context, m *outbound.Message) (*mail.Msg, error) {
	if t.reports == nil {
		return nil, &outbound.RefusedError{Err: errors.New("this process writes no reports: the settings have no ClickHouse for the role notify")}
	}
	schedule := strings.TrimPrefix(m.Effect.IncidentID, scheduleThread)
	r, err := t.reports(ctx, schedule, m.Effect.SignalID)
	if err != nil {
		return nil, &outbound.RetryError{Err: err}
	}
	msg, err := t.envelope(m)
	if err != nil {
		return nil, &outbound.RefusedError{Err: err}
	}
	msg.Subject(clip(oneLine(r.Subject), 200))
	msg.SetBodyString(mail.TypeTextPlain, r.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, r.HTML)
	for _, f := range r.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Content), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return nil, &outbound.RefusedError{Err: err}
		}
	}
	return msg, nil
}

// scheduleThread begins the incident_id of a schedule's effects (notify.ReportThread).
const scheduleThread = "REPORT-"

// isReport reports whether m is about no incident.
func isReport(m *outbound.Message) bool { return m.Effect.Kind == schemas.EffectReport }
