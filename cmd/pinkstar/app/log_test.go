package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// What libraries say by slog is in our log, in our form; their small talk only
// for whoever asks for everything.
func TestLibrariesSpeakIntoOurLog(t *testing.T) {
	for level, want := range map[zerolog.Level][]string{
		zerolog.DebugLevel: {"warn", "info", "debug"}, zerolog.InfoLevel: {"warn"}, zerolog.WarnLevel: {"warn"}, zerolog.ErrorLevel: {},
	} {
		var b bytes.Buffer
		log := slog.New(slogHandler(zerolog.New(&b).Level(level))).With("part", "toolkit")
		log.Debug("small", "n", 1)
		log.Info("talk", "n", 1)
		log.Warn("TLS is off", "n", 1)
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if b.Len() == 0 {
			lines = nil
		}
		if len(lines) != len(want) {
			t.Errorf("%s: %d lines, want %v:\n%s", level, len(lines), want, &b)
		}
		for _, l := range lines {
			if !strings.Contains(l, `"part":"toolkit"`) || !strings.Contains(l, `"n":1`) || !strings.Contains(l, `"message":"`) {
				t.Errorf("%s: %s", level, l)
			}
		}
	}
}
