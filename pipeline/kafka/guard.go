package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	"github.com/rs/zerolog"
)

// The embedded broker takes any 14 bytes on its port at their word: an unknown
// API key ends the process, and a length of 2 GiB is allocated. The guard reads
// each frame's head before the broker does.

// served are the API keys that reach the embedded broker: all that it says it
// has, since clients use what they are told of, except three. WriteTxnMarkers
// (27) lets anybody tear a transaction, UpdateFeatures (57) takes away the epoch
// that each transaction has of its own, and AlterUserScramCredentials (51) would
// make users that nothing asks for.
var served = func() (keys [93]bool) {
	for _, span := range [][2]int{{0, 3}, {8, 26}, {28, 37}, {42, 50}, {60, 61}, {65, 66}, {68, 69}, {71, 72}, {74, 79}, {90, 92}} {
		for k := span[0]; k <= span[1]; k++ {
			keys[k] = true
		}
	}
	return keys
}()

// frameHead is the length, the API key and the version.
const frameHead = 8

// minFrame is the smallest request: key, version, correlation id, client id.
const minFrame = 10

var errGuard = errors.New("guard")

type guardListener struct {
	net.Listener
	maxFrame int
	log      zerolog.Logger
}

// Accept implements net.Listener.
func (g *guardListener) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guardConn{Conn: c, guard: g}, nil
}

// guardConn checks the head of every frame that is read through it. The broker
// reads from one goroutine at a time.
type guardConn struct {
	net.Conn
	guard *guardListener
	head  [frameHead]byte
	have  int // bytes of head read from the connection
	given int // bytes of head handed on
	body  int // bytes of the frame still to come after its head
}

// Read implements net.Conn.
func (c *guardConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.body == 0 && c.given == c.have {
		if err := c.readHead(); err != nil {
			return 0, err
		}
	}
	if c.given < c.have {
		n := copy(p, c.head[c.given:c.have])
		c.given += n
		return n, nil
	}
	n, err := c.Conn.Read(p[:min(len(p), c.body)])
	c.body -= n
	return n, err
}

func (c *guardConn) readHead() error {
	c.have, c.given = 0, 0
	for c.have < frameHead {
		n, err := c.Conn.Read(c.head[c.have:])
		c.have += n
		if err != nil {
			c.have = 0
			return err
		}
	}
	size := int64(binary.BigEndian.Uint32(c.head[:4]))
	key := int16(binary.BigEndian.Uint16(c.head[4:6]))
	switch {
	case size < minFrame || size > int64(c.guard.maxFrame):
		return c.refuse(fmt.Sprintf("a frame of %d bytes; the limit is %d", size, c.guard.maxFrame))
	case key < 0 || int(key) >= len(served) || !served[key]:
		return c.refuse(fmt.Sprintf("API key %d, which is not served", key))
	}
	c.body = int(size) - (frameHead - 4)
	return nil
}

func (c *guardConn) refuse(why string) error {
	c.have = 0
	c.guard.log.Warn().Str("peer", c.RemoteAddr().String()).Str("sent", why).Msg("embedded kafka: connection refused")
	_ = c.Close()
	return fmt.Errorf("%w: %s", errGuard, why)
}
