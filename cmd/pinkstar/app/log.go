package app

import (
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

// slogHandler is slog for the libraries that speak it. What they say at info is
// said by us already, so it is for whoever asks for everything.
func slogHandler(log zerolog.Logger) slog.Handler {
	if level := log.GetLevel(); level > zerolog.DebugLevel {
		log = log.Level(max(level, zerolog.WarnLevel))
	}
	return zerolog.NewSlogHandler(log)
}
