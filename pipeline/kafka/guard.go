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

// served are the API keys that reach the embedded broker: what producers,
// consumers, groups, transactions and admin tools need. WriteTxnMarkers (27) is
// not among them, since it lets anybody tear a transaction, and neither is what
// moves replicas or manages users.
var served = [...]bool{
	0: true, 1: true, 2: true, 3: true, // produce, fetch, list offsets, metadata
	8: true, 9: true, 10: true, 11: true, 12: true, 13: true, 14: true, 15: true, 16: true, // groups
	18: true, 19: true, 20: true, 21: true, 22: true, 23: true, // versions, topics, records, producer ids, epochs
	24: true, 25: true, 26: true, 28: true, // transactions
	32: true, 33: true, 35: true, 37: true, 42: true, 44: true, 47: true, // configs, partitions, groups
	60: true, 61: true, 65: true, 66: true, 68: true, 69: true, 75: true, // describe, new groups
}

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
