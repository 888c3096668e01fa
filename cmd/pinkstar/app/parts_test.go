package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/access"
)

func TestTheStackStopsInReverseAndGoesOnAfterAFailure(t *testing.T) {
	var order []string
	s := stack{log: zerolog.Nop()}
	for _, name := range []string{"first", "second", "third"} {
		s.push(name, func(context.Context) error {
			order = append(order, name)
			if name == "second" {
				return errors.New("stuck")
			}
			return nil
		})
	}
	err := s.stop(t.Context())
	if !slices.Equal(order, []string{"third", "second", "first"}) {
		t.Errorf("order %v", order)
	}
	if err == nil || !strings.Contains(err.Error(), "stopping second: stuck") {
		t.Errorf("got %v", err)
	}
	if err := s.stop(t.Context()); err != nil || len(order) != 3 {
		t.Error("a second stop did something")
	}
}

func TestASecondProcessIsToldWhoHoldsTheDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	d, err := openDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = openDataDir(dir); err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v; want this process named", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	d, err = openDataDir(dir)
	if err != nil {
		t.Fatalf("not free after a stop: %v", err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
}

func TestEndpointsArePrivateWholeAndNeverStale(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, EndpointsName)
	if err := os.WriteFile(name, []byte(`{"pid":1}`), 0o600); err != nil { // left by a process that was killed
		t.Fatal(err)
	}
	d, err := openDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.close() }()
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Error("the addresses of a dead process are still shown")
	}
	if err := d.writeEndpoints(Endpoints{PID: 7, HTTP: "127.0.0.1:1", ClickHousePassword: "p"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want mode 0600", info.Mode(), err)
	}
	b, _ := os.ReadFile(name)
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"pid", "http", "kafka", "clickhouse_native", "clickhouse_http", "clickhouse_database", "clickhouse_user", "clickhouse_password"} {
		if _, ok := m[key]; !ok {
			t.Errorf("no %s in %s", key, b)
		}
	}
	first, err := d.password()
	if err != nil || len(first) < 30 {
		t.Fatalf("password %q, %v", first, err)
	}
	if again, _ := d.password(); again != first {
		t.Error("the password changes from start to start")
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.*.*"))
	if len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestReadySaysWhichPartIsNot(t *testing.T) {
	h := newHealth()
	var why error
	h.add(part{name: "write", ready: func() error { return nil }, ailing: func() error { return errors.New("ClickHouse is away") }})
	h.add(part{name: "correlate", ready: func() error { return why }})
	open, err := access.NewGuard(access.Config{}, true, "")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		h.serveReady(open)(w, httptest.NewRequest(http.MethodGet, "/-/ready", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != http.StatusOK || !strings.Contains(body, `"ready":true,"ailing":"ClickHouse is away"`) {
		t.Errorf("%d %s", code, body)
	}
	why = errors.New("restoring partitions")
	if code, body := ask(); code != http.StatusServiceUnavailable || !strings.Contains(body, `"part":"correlate","ready":false,"reason":"restoring partitions"`) {
		t.Errorf("%d %s", code, body)
	}
}
