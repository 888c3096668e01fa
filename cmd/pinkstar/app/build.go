package app

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/correlate"
)

// Build is what this binary was built from.
type Build struct {
	Version  string // of the module, "(devel)" for a build from a work tree
	Revision string // of the commit; "" when the build did not know
	Modified bool   // the work tree was not that commit's
}

// ReadBuild reads it from the binary.
func ReadBuild() Build {
	b := Build{Version: "(devel)"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b Build) String() string {
	text := b.Version
	if b.Revision != "" {
		text += " " + b.Revision
	}
	if b.Modified {
		text += " (modified)"
	}
	return fmt.Sprintf("%s %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildInfo is a gauge that is always 1 and says what runs, as is usual with
// Prometheus: joined to other metrics it tells since which version they are so.
func buildInfo() prometheus.Collector {
	b := ReadBuild()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pinkstar_build_info", Help: "1, with what this process was built from and the number of its engine's behaviour.",
		ConstLabels: prometheus.Labels{
			"version": b.Version, "revision": b.Revision, "goversion": runtime.Version(),
			"behaviour": strconv.FormatInt(correlate.Behaviour, 10),
		},
	}, func() float64 { return 1 })
}
