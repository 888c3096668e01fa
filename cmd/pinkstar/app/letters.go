package app

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/notify"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/message"
	"pinkstar/sinks/report"
)

// letters writes the reports that go by mail. An attempt at a mail has seconds, and a
// report of a large installation may take longer: it is written beside, and an
// attempt that comes before it is there is told to come again.
type letters struct {
	ctx     context.Context // ends with the process
	conn    driver.Conn
	board   string
	reports []config.Report
	log     zerolog.Logger
	wg      sync.WaitGroup

	mu      sync.Mutex
	written map[letterKey]*letter
}

type letterKey struct{ schedule, month string }

type letter struct {
	done   chan struct{} // closed when report or err is there
	at     time.Time
	report *message.Report
	err    error
}

// letterTimeout bounds the writing of one; letterPatience is how long an attempt waits
// for it, well within notify.timeout.
const (
	letterTimeout  = 10 * time.Minute
	letterPatience = 3 * time.Second
	// letterKept is how long one is kept for whoever gets it later.
	letterKept = time.Hour
)

var errBeingWritten = errors.New("the report is being written")

// startLetters makes what writes reports, where any are configured.
func (a *App) startLetters() {
	if len(a.cfg.Reports) == 0 || a.sql == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.letters = &letters{ctx: ctx, conn: a.sql.conn, board: a.cfg.Notify.BoardURL, reports: a.cfg.Reports, log: a.log, written: map[letterKey]*letter{}}
	a.stack.push("reports by mail", func(context.Context) error { cancel(); a.letters.wg.Wait(); return nil })
}

// write is message.Reports.
func (x *letters) write(ctx context.Context, schedule, month string) (*message.Report, error) {
	l := x.of(letterKey{schedule, month})
	t := time.NewTimer(letterPatience)
	defer t.Stop()
	select {
	case <-l.done:
		return l.report, l.err
	case <-t.C:
		return nil, errBeingWritten
	case <-ctx.Done():
		return nil, errBeingWritten
	}
}

// of is a letter that is there or being written; one that failed is begun anew.
func (x *letters) of(key letterKey) *letter {
	x.mu.Lock()
	defer x.mu.Unlock()
	for k, l := range x.written {
		select {
		case <-l.done:
			if l.err != nil || time.Since(l.at) > letterKept {
				delete(x.written, k)
			}
		default:
		}
	}
	l := x.written[key]
	if l == nil {
		l = &letter{done: make(chan struct{}), at: time.Now()}
		x.written[key] = l
		x.wg.Go(func() {
			defer close(l.done)
			ctx, cancel := context.WithTimeout(x.ctx, letterTimeout)
			defer cancel()
			l.report, l.err = x.make(ctx, key)
		})
	}
	return l
}

func (x *letters) make(ctx context.Context, key letterKey) (*message.Report, error) {
	month, err := report.ParseMonth(key.month)
	if err != nil {
		return nil, err
	}
	r, err := report.Of(ctx, x.conn, month)
	if err != nil {
		return nil, err
	}
	l, err := r.Letter(x.board)
	if err != nil {
		return nil, err
	}
	format := "pdf" // of a schedule that the settings no longer have
	for i := range x.reports {
		if x.reports[i].Name == key.schedule {
			format = x.reports[i].Format()
		}
	}
	var b bytes.Buffer
	if err := r.Write(&b, format); err != nil {
		return nil, err
	}
	file := message.File{Name: "incidents-" + key.month + "." + format, Type: map[string]string{"pdf": "application/pdf", "html": "text/html"}[format], Content: b.Bytes()}
	return &message.Report{Subject: l.Subject, Text: l.Text, HTML: l.HTML, Files: []message.File{file}}, nil
}

// scheduling returns the role's Run with what says that reports are due beside it.
func (a *App) scheduling(run func(context.Context) error) (func(context.Context) error, error) {
	if a.letters == nil {
		return run, nil
	}
	p, err := a.producer("reports")
	if err != nil {
		return nil, err
	}
	s := notify.Scheduler{Kafka: a.kafka, Produce: p.ProduceRecords, Now: a.deps.Now, Log: a.log,
		Since: func(ctx context.Context, name string, now time.Time) (time.Time, error) {
			return clickhouse.ScheduledSince(ctx, a.sql.conn, name, now)
		}}
	if s.Now == nil {
		s.Now = time.Now
	}
	for i := range a.cfg.Reports {
		r := &a.cfg.Reports[i]
		s.Schedules = append(s.Schedules, notify.Schedule{Name: r.Name, To: r.To, Day: r.OnDay(), After: r.After(), Zone: r.Location()})
	}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		defer func() { cancel(); <-done }()
		return run(ctx)
	}, nil
}
