package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
)

// EmbeddedConfig is for the broker inside the process.
type EmbeddedConfig struct {
	// Dir holds its data; it is created.
	Dir string `yaml:"dir"`
	// Addr is where it listens, on this machine only; port 0 picks one.
	Addr string `yaml:"addr"`
	// MaxFrameBytes is the largest request it takes.
	MaxFrameBytes int `yaml:"max_frame_bytes"`
	// SyncWrites makes it fsync every batch. Off: the process may die at any
	// moment and nothing acknowledged is lost, but a power cut may take the
	// last seconds, and tear what was being written. On, each batch costs an
	// fsync, and a power cut can still tear a transaction's end.
	SyncWrites bool `yaml:"sync_writes"`
	// SegmentBytes is the size at which a partition starts a new file.
	SegmentBytes int64 `yaml:"segment_bytes"`
}

// DefaultEmbeddedConfig returns the defaults for data under dir.
func DefaultEmbeddedConfig(dir string) EmbeddedConfig {
	return EmbeddedConfig{Dir: dir, Addr: "127.0.0.1:0", MaxFrameBytes: 64 << 20, SegmentBytes: 16 << 20}
}

// Embedded is a Kafka broker inside the process, durable under a directory.
// It survives the death of the process, not of the power.
type Embedded struct {
	cfg     EmbeddedConfig
	log     zerolog.Logger
	cluster *kfake.Cluster
	lock    *os.File
	repair  RepairReport
	// saveFailed says that the broker could not write a file: after such an
	// error nothing on disk is taken for complete.
	saveFailed atomic.Bool

	// For tests.
	noRepair bool
	extra    []kfake.Opt
}

// NewEmbedded returns a broker that does nothing before Start.
func NewEmbedded(cfg EmbeddedConfig, log zerolog.Logger) *Embedded {
	return &Embedded{cfg: cfg, log: log}
}

// Start repairs the data directory and opens the port.
func (e *Embedded) Start(ctx context.Context) error {
	host, port, err := listenAddr(e.cfg.Addr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("embedded kafka: %w", err)
	}
	if e.lock, err = lockDir(e.cfg.Dir); err != nil {
		return fmt.Errorf("embedded kafka: %w", err)
	}
	if e.noRepair {
		e.log.Warn().Msg("embedded kafka: starting without repair")
	} else if e.repair, err = Repair(ctx, e.cfg.Dir, e.log); err != nil {
		e.unlock()
		return fmt.Errorf("embedded kafka: %w", err)
	}
	e.cluster, err = kfake.NewCluster(e.options(host, port)...)
	if err != nil {
		e.unlock()
		return fmt.Errorf("embedded kafka: %w", err)
	}
	noteDeletions(e.cluster, e.cfg.Dir, e.log)
	return nil
}

func (e *Embedded) options(host string, port int) []kfake.Opt {
	const century = 100 * 365 * 24 * time.Hour
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(port),
		kfake.ClusterID("pinkstar-embedded"),
		kfake.DataDir(e.cfg.Dir),
		kfake.WithLogger(fakeLog{e.log, &e.saveFailed}),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			ln, err := net.Listen(network, net.JoinHostPort(host, strconv.Itoa(port)))
			if err != nil {
				return nil, err
			}
			return &guardListener{Listener: ln, maxFrame: e.cfg.MaxFrameBytes, log: e.log}, nil
		}),
		kfake.BrokerConfigs(map[string]string{
			// Its compaction loses data and its retention forgets offsets:
			// both hang on this timer. Retain does what is needed.
			"log.cleaner.backoff.ms":    strconv.FormatInt(century.Milliseconds(), 10),
			"log.segment.bytes":         strconv.FormatInt(e.cfg.SegmentBytes, 10),
			"offsets.retention.minutes": strconv.Itoa(10 * 365 * 24 * 60),
		}),
	}
	if e.cfg.SyncWrites {
		opts = append(opts, kfake.SyncWrites())
	}
	return append(opts, e.extra...)
}

// Addr returns host:port to connect to; it is valid after Start.
func (e *Embedded) Addr() string { return e.cluster.ListenAddrs()[0] }

// Repaired says what Start had to mend.
func (e *Embedded) Repaired() RepairReport { return e.repair }

// SaveCatalogue copies what the segments' names depend on, from which it can be
// put back when it is lost. It is for after topics were made.
func (e *Embedded) SaveCatalogue() error { return saveCatalogue(e.cfg.Dir) }

// Stop closes the broker in order. Clients should be closed before.
func (e *Embedded) Stop() {
	if e.cluster != nil {
		e.cluster.Close()
		e.cluster = nil
		if e.saveFailed.Load() {
			e.log.Warn().Msg("embedded kafka: it could not be saved in order; the next start repairs it")
		} else if err := os.WriteFile(filepath.Join(e.cfg.Dir, cleanMark), nil, 0o600); err != nil {
			e.log.Warn().Err(err).Msg("embedded kafka: the next start will take this for a crash")
		}
	}
	e.unlock()
}

func (e *Embedded) unlock() {
	if e.lock != nil {
		_ = e.lock.Close() // closing gives the lock back
		e.lock = nil
	}
}

// lockDir keeps a second broker from writing into the same files.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is in use by another process", dir)
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// listenAddr insists on this machine: the embedded broker knows no users.
func listenAddr(addr string) (host string, port int, err error) {
	h, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("embedded kafka: address %q: %w", addr, err)
	}
	if h == "" || h == "localhost" {
		h = "127.0.0.1"
	}
	if ip := net.ParseIP(h); ip == nil || !ip.IsLoopback() {
		return "", 0, fmt.Errorf("embedded kafka: %s is not an address of this machine only; it has no users or passwords, so it listens on loopback. Use Apache Kafka for more than one machine", h)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("embedded kafka: port %q is not between 0 and 65535", p)
	}
	return h, port, nil
}

// fakeLog hands the broker's log on.
type fakeLog struct {
	l      zerolog.Logger
	failed *atomic.Bool
}

// Logf implements kfake.Logger.
func (f fakeLog) Logf(level kfake.LogLevel, msg string, args ...any) {
	var ev *zerolog.Event
	switch level {
	case kfake.LogLevelError:
		f.failed.Store(true)
		ev = f.l.Error()
	case kfake.LogLevelWarn:
		// It warns of slow transactions and of what repair already mended.
		ev = f.l.Debug()
	default:
		return
	}
	ev.Msgf("embedded kafka: "+strings.TrimSpace(msg), args...)
}
