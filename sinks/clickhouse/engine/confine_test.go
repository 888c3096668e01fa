package engine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const confinedEnv = "PINKSTAR_TEST_CONFINED"

// maybeConfined makes the test binary a process that tries what a confined one
// must not do, and says what it could.
func maybeConfined() {
	dir, addr, found := strings.Cut(os.Getenv(confinedEnv), "|")
	if !found {
		return
	}
	runtime.LockOSThread()
	if os.Getenv("PINKSTAR_TEST_FREE") == "" {
		if err := confine(dir); err != nil {
			fmt.Println("confine:", err)
			os.Exit(1)
		}
	}
	could := func(what string, err error) {
		if err == nil {
			fmt.Println(what)
		}
	}
	could("own file", os.WriteFile(filepath.Join(dir, "own"), []byte("x"), 0o600))
	_, err := os.ReadFile(filepath.Join(dir, "own"))
	could("own read", err)
	_, err = os.ReadFile("/proc/meminfo")
	could("meminfo", err)
	_, err = os.ReadFile("/etc/passwd")
	could("passwd", err)
	_, err = os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
	could("environ", err)
	_, err = os.ReadFile(filepath.Join(filepath.Dir(dir), "secret"))
	could("neighbour", err)
	could("write", os.WriteFile(filepath.Join(filepath.Dir(dir), "evil"), nil, 0o600))
	could("exec", exec.Command("/bin/sh", "-c", "true").Run())
	c, err := net.Dial("tcp", addr)
	could("connect", err)
	if err == nil {
		_ = c.Close()
	}
	os.Exit(0)
}

func TestConfined(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "secret"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	could := func(env ...string) []string {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(append(os.Environ(), confinedEnv+"="+dir+"|"+l.Addr().String()), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "_"))
	}
	free := []string{"own_file", "own_read", "meminfo", "passwd", "environ", "neighbour", "write", "exec", "connect"}
	if got := could("PINKSTAR_TEST_FREE=1"); !slices.Equal(got, free) { // the negative control
		t.Skipf("not confined it can only %v", got)
	}
	got := could()
	if slices.Equal(got, free) {
		t.Skip("this kernel has no Landlock")
	}
	got = slices.DeleteFunc(got, func(what string) bool { return what == "connect" }) // only newer kernels refuse it
	if !slices.Equal(got, free[:3]) {
		t.Errorf("confined it still can: %v", got)
	}
	// And the engine is.
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", start(t, Options{}).Pid()))
	if err != nil || !strings.Contains(string(b), "NoNewPrivs:\t1\n") {
		t.Errorf("the engine is not confined: %v", err)
	}
}
