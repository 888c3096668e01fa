package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/pipeline/kafka"
	"pinkstar/sinks/clickhouse/engine"
)

// process says what is at work on the data directory, and returns where its parts
// are; nil when nothing is.
func (d *doctor) process(ctx context.Context) *app.Endpoints {
	d.embedded()
	name := filepath.Join(d.cfg.Data, app.EndpointsName)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		d.say("process", Unknown, "", "no pinkstar runs on %s here", d.cfg.Data)
		return nil
	}
	where := &app.Endpoints{}
	if err == nil {
		err = json.Unmarshal(b, where)
	}
	if err != nil {
		d.say("process", Failure, "give --data DIR of the running process, as its user", "%s: %v", name, err)
		return nil
	}
	if err := syscall.Kill(where.PID, 0); errors.Is(err, syscall.ESRCH) {
		d.say("process", Failure, "start pinkstar again; the next start mends what the death left", "process %d has died and left %s", where.PID, name)
		return nil
	}
	d.within(ctx, func(ctx context.Context) { d.ready(ctx, where.HTTP) })
	return where
}

// ready asks the running process how its parts are. Without a token it says which,
// not why.
func (d *doctor) ready(ctx context.Context, addr string) {
	fix := "look at the process' log; with a token, http://" + addr + "/-/ready says why"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/-/ready", http.NoBody)
	if err != nil {
		d.say("process", Failure, fix, "%v", err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.say("process", Failure, fix, "%s", cause(ctx, err))
		return
	}
	defer resp.Body.Close()
	var state struct {
		Parts []struct {
			Part           string
			Ready          bool
			Reason, Ailing string
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		d.say("process", Warning, "with TLS, ask with the tools of your proxy", "%s answers %s and no state: %v", addr, resp.Status, err)
		return
	}
	bad := false
	for _, p := range state.Parts {
		if why := strings.TrimSpace(p.Reason + p.Ailing); !p.Ready || why != "" {
			bad = true
			d.say("process", Failure, fix, "%s is not well: %s", p.Part, why)
		}
	}
	if !bad {
		d.good("process", "all %d parts of the process at %s are ready", len(state.Parts), addr)
	}
}

// embedded says whether what is embedded can be there.
func (d *doctor) embedded() {
	if d.cfg.EmbeddedClickHouse() && d.needsEngine() {
		d.engine()
	}
	if !d.cfg.EmbeddedKafka() && !(d.cfg.EmbeddedClickHouse() && d.needsEngine()) {
		return
	}
	free, err := freeBytes(d.cfg.Data)
	switch need := d.cfg.Kafka.EmbeddedMaxBytes; {
	case err != nil:
		d.say("process", Unknown, "", "the disk of %s: %v", d.cfg.Data, err)
	case d.cfg.EmbeddedKafka() && int64(free) < need:
		d.say("process", Warning, "make room, or lower kafka.embedded_max_bytes", "%s has %d MB free; the embedded Kafka may come to %d MB", d.cfg.Data, free>>20, need>>20)
	default:
		d.good("process", "%s has %d MB free", d.cfg.Data, free>>20)
	}
}

func (d *doctor) engine() {
	const fix = "`pinkstar engine fetch`, on a machine with npm; or name a library (clickhouse.libchdb), a program (clickhouse.binary), or a server (clickhouse.dsn)"
	if d.cfg.ClickHouse.Libchdb != "" || d.cfg.ClickHouse.Binary != "" {
		return // that it is there, the settings' examination says
	}
	switch path, err := engine.Path(""); {
	case !engine.Embedded:
		if _, err := exec.LookPath("clickhouse"); err != nil {
			d.say("clickhouse", Failure, "give clickhouse.dsn, or put a clickhouse program on the PATH", "this pinkstar was built without the embedded engine")
		}
	case err == nil:
		d.good("clickhouse", "the embedded engine is at %s", path)
	default:
		level := Failure
		if _, npm := exec.LookPath("npm"); npm == nil {
			level = Warning // it is fetched at the start
		}
		d.say("clickhouse", level, fix, "%v", err)
	}
}

// freeBytes is what the file system of a directory, or of the nearest one above
// that exists, has left for us.
func freeBytes(dir string) (uint64, error) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		var st syscall.Statfs_t
		if err = syscall.Statfs(dir, &st); err == nil {
			return st.Bavail * uint64(st.Bsize), nil
		}
		if up := filepath.Dir(dir); errors.Is(err, syscall.ENOENT) && up != dir {
			dir, err = up, nil
		}
	}
	return 0, fmt.Errorf("how much room is left: %w", err)
}

// brokersToAsk returns how to reach the brokers: those that are configured, or the
// running process' own; nil when there are none.
func (d *doctor) brokersToAsk(where *app.Endpoints) *kafka.Config {
	kc := d.cfg.Kafka.Config
	kc.Shadow = d.cfg.Shadow.Enabled()
	if !d.cfg.EmbeddedKafka() {
		return &kc
	}
	if where == nil {
		d.say("kafka", Unknown, "", "the embedded Kafka runs with the process, and none does")
		return nil
	}
	kc.Brokers, kc.Embedded = strings.Split(where.Kafka, ","), true
	return &kc
}
