package kafka_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
)

// frame is a request's length, key, version, correlation id and client id.
func frame(size uint32, key int16, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, size)
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	return append(b, rest...)
}

// TestGuard sends what would end or exhaust the process, and then uses the
// broker.
func TestGuard(t *testing.T) {
	cfg := kafka.DefaultEmbeddedConfig(t.TempDir())
	cfg.MaxFrameBytes = 1 << 20
	e := kafka.NewEmbedded(cfg, zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	ten := make([]byte, 10)
	for name, b := range map[string][]byte{
		"unknown key":        frame(14, 4242, ten...),
		"negative key":       frame(14, -1, ten...),
		"key above the last": frame(14, 93, ten...),
		"transaction marker": frame(14, 27, ten...),
		"2 GiB":              frame(1<<31-1, 3, ten...),
		"4 GiB":              frame(1<<32-1, 3, ten...),
		"too short":          frame(4, 3, ten...),
		"http":               []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"tls":                {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
	} {
		c, err := net.Dial("tcp", e.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(kafkatest.Patience))
		if n, err := io.Copy(io.Discard, c); n > 0 || isTimeout(err) {
			t.Errorf("%s: %d bytes came back, %v; want the connection closed", name, n, err)
		}
		_ = c.Close()
	}
	// A frame in the smallest pieces is a frame.
	kc := kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = []string{e.Addr()}, true, 2
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatalf("the broker is not well: %v", err)
	}
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// TestGuardPieces sends a good request byte by byte.
func TestGuardPieces(t *testing.T) {
	e := kafka.NewEmbedded(kafka.DefaultEmbeddedConfig(t.TempDir()), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	c, err := net.Dial("tcp", e.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(kafkatest.Patience))
	// ApiVersions 0: key 18, version 0, correlation 7, client id "x".
	req := []byte{0, 0, 0, 11, 0, 18, 0, 0, 0, 0, 0, 7, 0, 1, 'x'}
	for range 2 {
		for _, b := range req {
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		head := make([]byte, 8)
		if _, err := io.ReadFull(c, head); err != nil {
			t.Fatal(err)
		}
		if head[7] != 7 {
			t.Fatalf("correlation id %d came back", head[7])
		}
		if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head))-4); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmbeddedInsistsOnThisMachine(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "10.0.0.1:9092", ":x", "127.0.0.1:99999", "nonsense"} {
		cfg := kafka.DefaultEmbeddedConfig(t.TempDir())
		cfg.Addr = addr
		if err := kafka.NewEmbedded(cfg, zerolog.Nop()).Start(t.Context()); err == nil {
			t.Errorf("it starts on %s", addr)
		}
	}
}

func TestEmbeddedIsAlone(t *testing.T) {
	cfg := kafka.DefaultEmbeddedConfig(t.TempDir())
	a, b := kafka.NewEmbedded(cfg, zerolog.Nop()), kafka.NewEmbedded(cfg, zerolog.Nop())
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err == nil {
		t.Fatal("two brokers write into one directory")
	}
	a.Stop()
	if err := b.Start(t.Context()); err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	if !b.Repaired().Clean {
		t.Error("an orderly stop was taken for a crash")
	}
	b.Stop()
}
