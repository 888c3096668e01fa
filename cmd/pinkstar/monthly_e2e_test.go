package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/sinks/message/standin"
)

// lines keeps what is logged.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// partsOf are the texts and files of a mail, by their types.
func partsOf(t *testing.T, header mail.Header, body io.Reader, into map[string][]byte) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.EqualFold(header.Get("Content-Transfer-Encoding"), "base64") {
			if b, err = base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(string(b))); err != nil {
				t.Fatal(err)
			}
		}
		into[kind] = b
		return
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		partsOf(t, mail.Header(p.Header), p, into)
	}
}

// TestTheMonthlyReportComesOnce: when a month is over its report comes by mail, as text,
// as a page and as a PDF, once, although the answer of the mail server is lost and the
// process starts again; and nothing comes of the months before it was configured.
func TestTheMonthlyReportComesOnce(t *testing.T) {
	t.Parallel()
	lib := needEngine(t)
	var box standin.Mail
	box.LoseAnswers(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- box.Serve(l) }()
	defer func() {
		l.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	text := "data: " + t.TempDir() + "\nroles: [write, notify]\nhttp: {listen: 127.0.0.1:0}\nclickhouse: {libchdb: " + lib + "}\n" +
		"notify:\n  board_url: https://pinkstar.example\n  targets:\n  - {name: mail, everything: true, allow_private: true, mail: {server: \"" + l.Addr().String() + "\", from: Pinkstar <p@example.com>, to: [ops@example.com], allow_plain: true}}\n" +
		"reports:\n- {name: monthly, to: [\"mail:ada@example.com\"], at: \"08:00\", zone: Europe/Zurich}\n"
	name := file(t, "pinkstar.yaml", text)
	var log lines
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	run := func() (stop func()) {
		cfg, err := config.Load(config.Inputs{File: name, Env: func(string) string { return "" }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		a, err := app.Start(ctx, cfg, app.Deps{Log: zerolog.New(&log), Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			ctx, cancel := context.WithTimeout(context.Background(), kafkatest.Patience)
			defer cancel()
			if err := a.Stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(kafkatest.Patience); !ok(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not within %s: %s; %d mails came\n%s", kafkatest.Patience, what, box.Came(), log.text())
			}
		}
	}
	came := func(n int) { t.Helper(); until("mails", func() bool { return box.Came() >= n }) }
	said := func(what string, n int) {
		t.Helper()
		until(what, func() bool { return strings.Count(log.text(), what) >= n })
	}
	stop := run()
	said("is sent when it is over", 1)
	if n := box.Came(); n != 0 {
		t.Errorf("%d mails of months before it was configured", n)
	}
	month := time.Date(time.Now().UTC().Year(), time.Now().UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	ahead.Store(int64(time.Until(month.AddDate(0, 1, 0).Add(9 * time.Hour))))
	came(2) // the answer to the first was lost
	stop()
	ahead.Add(int64(24 * time.Hour))
	stop = run()
	said("the report of the month is due", 2) // it says so again, and is not believed
	ahead.Store(int64(time.Until(month.AddDate(0, 2, 0).Add(9 * time.Hour))))
	came(3)
	stop()
	letters := box.Letters()
	if len(letters) != 2 || box.Came() != 3 {
		t.Fatalf("%d letters in %d mails: %+v", len(letters), box.Came(), letters)
	}
	for i, l := range letters {
		of := month.AddDate(0, i, 0).Format("January 2006")
		if l.Subject != "Incident report, "+of || l.To != "ada@example.com" {
			t.Errorf("letter %d is %q to %q, want that of %s", i, l.Subject, l.To, of)
		}
		m, err := mail.ReadMessage(strings.NewReader(l.Text))
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string][]byte{}
		partsOf(t, m.Header, m.Body, parts)
		if !bytes.HasPrefix(parts["application/pdf"], []byte("%PDF-")) || !bytes.Contains(parts["text/plain"], []byte(of+" had 0 incidents")) ||
			!bytes.Contains(parts["text/html"], []byte("pinkstar.example/reports/"+month.AddDate(0, i, 0).Format("2006-01"))) {
			t.Errorf("letter %d: %.400s\n%.20q", i, parts["text/plain"], parts["application/pdf"])
		}
	}
}
