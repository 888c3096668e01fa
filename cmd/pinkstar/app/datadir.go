package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pinkstar/sinks/clickhouse/rights"
)

// Endpoints is where a running process is reached. It is what endpoints.json
// holds; addresses are host:port.
type Endpoints struct {
	PID                int    `json:"pid"`
	HTTP               string `json:"http"`
	Kafka              string `json:"kafka"` // with commas when there are several
	ClickHouseNative   string `json:"clickhouse_native"`
	ClickHouseHTTP     string `json:"clickhouse_http"` // empty when not ours: a DSN does not say
	ClickHouseDatabase string `json:"clickhouse_database"`
	ClickHouseUser     string `json:"clickhouse_user"` // may only read the views v_*; empty when not ours
	ClickHousePassword string `json:"clickhouse_password"`
}

const (
	lockName = "lock"
	// EndpointsName is the file that says where a running process is reached.
	EndpointsName = "endpoints.json"
	passwordName  = "clickhouse-password"
)

// dataDir is the data directory, held by this process alone.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir creates the directory and locks it. The lock goes with the
// process, however it ends.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path) // children have other working directories
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(f.Name())
		_ = f.Close()
		return nil, fmt.Errorf("data directory %s is in use by another pinkstar (process %s): stop that one, or choose another directory with --data",
			path, orUnknown(strings.TrimSpace(string(holder))))
	}
	d := &dataDir{path, f}
	if err := d.writeHolder(); err != nil {
		_ = f.Close()
		return nil, err
	}
	// Left behind by a process that was killed: its addresses are not ours.
	if err := d.removeEndpoints(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return d, nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func (d *dataDir) writeHolder() error {
	err := d.lock.Truncate(0)
	if err == nil {
		_, err = d.lock.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

func (d *dataDir) join(parts ...string) string {
	return filepath.Join(append([]string{d.path}, parts...)...)
}

// password returns the password of the embedded ClickHouse's reading user, made
// on the first start.
func (d *dataDir) password() (string, error) {
	name := d.join(passwordName)
	b, err := os.ReadFile(name)
	if err == nil && len(strings.TrimSpace(string(b))) > 0 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("the embedded ClickHouse's password: %w", err)
	}
	p := rights.NewPassword()
	if err := writeAtomically(name, []byte(p+"\n")); err != nil {
		return "", fmt.Errorf("the embedded ClickHouse's password: %w", err)
	}
	return p, nil
}

func (d *dataDir) writeEndpoints(e Endpoints) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		err = writeAtomically(d.join(EndpointsName), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("endpoints.json: %w", err)
	}
	return nil
}

func (d *dataDir) removeEndpoints() error {
	if err := os.Remove(d.join(EndpointsName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("endpoints.json: %w", err)
	}
	return nil
}

// writeAtomically writes a file that only its owner reads: readers see the old
// one or the whole new one.
func writeAtomically(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// close gives the directory free.
func (d *dataDir) close() error {
	return errors.Join(d.lock.Truncate(0), d.lock.Close())
}
