package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
)

// NewLogger returns a logger that writes to w as the configuration says.
func NewLogger(cfg config.Log, w *os.File) zerolog.Logger {
	var out io.Writer = w
	if cfg.Format == "text" || cfg.Format == "auto" && isatty.IsTerminal(w.Fd()) {
		out = zerolog.ConsoleWriter{Out: w, NoColor: !isatty.IsTerminal(w.Fd()) || os.Getenv("NO_COLOR") != "", TimeFormat: "15:04:05"}
	}
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil { // config.Check has seen it
		level = zerolog.InfoLevel
	}
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

// promLog hands what the metrics handler complains of to the log.
type promLog struct{ log zerolog.Logger }

func (p promLog) Println(v ...any) { p.log.Warn().Msg(fmt.Sprint(v...)) }

// logHandler is slog for the libraries that speak it.
type logHandler struct{ log zerolog.Logger }

func levelOf(l slog.Level) zerolog.Level {
	switch {
	case l >= slog.LevelError:
		return zerolog.ErrorLevel
	case l >= slog.LevelWarn:
		return zerolog.WarnLevel
	default: // what the toolkit says at info is said by us already
		return zerolog.DebugLevel
	}
}

// Enabled implements slog.Handler.
func (h logHandler) Enabled(_ context.Context, l slog.Level) bool {
	return levelOf(l) >= h.log.GetLevel()
}

// Handle implements slog.Handler.
func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	e := h.log.WithLevel(levelOf(r.Level)) //nolint:zerologlint // sent below, once the attributes are in
	r.Attrs(func(a slog.Attr) bool {
		e = e.Any(a.Key, a.Value.Any())
		return true
	})
	e.Msg(r.Message)
	return nil
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := h.log.With()
	for _, a := range attrs {
		c = c.Any(a.Key, a.Value.Any())
	}
	return logHandler{c.Logger()}
}

// WithGroup implements slog.Handler; the names in use need no groups.
func (h logHandler) WithGroup(string) slog.Handler { return h }
