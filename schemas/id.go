package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// ID is a signal's identity: the first 16 bytes of a SHA-256 over what makes
// the signal itself and not another. In text it is 32 hexadecimal digits.
type ID [16]byte

// String returns the 32 hexadecimal digits.
func (id ID) String() string {
	var text [2 * len(id)]byte // hex.EncodeToString would allocate twice
	return string(id.Append(text[:0]))
}

// Append appends the 32 hexadecimal digits to b.
func (id ID) Append(b []byte) []byte { return hex.AppendEncode(b, id[:]) }

// IsZero reports whether the id is not set.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads 32 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 32 {
		return id, fmt.Errorf("signal id %q: want 32 hexadecimal digits", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("signal id %q: want 32 hexadecimal digits", s)
	}
	return id, nil
}

// hashOf hashes the parts with their lengths, so that no two lists of parts
// collide by concatenation.
func hashOf(parts ...string) [32]byte {
	b := make([]byte, 0, 256)
	for _, p := range parts {
		b = strconv.AppendInt(b, int64(len(p)), 10)
		b = append(b, ':')
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

// SignalID returns the identity of a signal. Every repeat of the same
// (scope, kind, source, fingerprint, startsAt, status) has the same id, whoever
// delivered it and however often.
func SignalID(s *Signal) ID {
	h := hashOf("signal/1", s.Scope, string(s.Kind), s.Source, s.Fingerprint,
		strconv.FormatInt(int64(s.StartsAt), 10), string(s.Status), s.Occurrence)
	return ID(h[:16])
}

// MemberID returns 16 hexadecimal digits by which Change.Members names the window
// with this fingerprint, or a set by its name: a calendar may have thousands.
func MemberID(name string) string {
	h := hashOf("member/1", name)
	return hex.EncodeToString(h[:8])
}

// RefusedID returns the id under which a record that could not be read is
// reported: it is made from where the record stood, since nothing in it can be
// trusted.
func RefusedID(topic string, partition int32, offset int64) ID {
	h := hashOf("refused/1", topic, strconv.Itoa(int(partition)), strconv.FormatInt(offset, 10))
	return ID(h[:16])
}

// FingerprintOf returns 16 hexadecimal digits over the labels, for sources
// that send none. It is ours, not Prometheus's: only equality matters.
func FingerprintOf(ls Labels) string {
	parts := make([]string, 0, 2*len(ls)+1)
	parts = append(parts, "fingerprint/1")
	for _, l := range ls {
		parts = append(parts, l.Name, l.Value)
	}
	h := hashOf(parts...)
	return hex.EncodeToString(h[:8])
}

// crockford is Crockford's base 32: no I, L, O or U, so that an id survives
// being read aloud at 3 a.m.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func shortID(prefix string, h [32]byte) string {
	b := make([]byte, 0, len(prefix)+12)
	b = append(b, prefix...)
	for i := range 12 {
		bit := i * 5
		v := uint16(h[bit/8])<<8 | uint16(h[bit/8+1])
		b = append(b, crockford[v>>(11-bit%8)&31])
	}
	return string(b)
}

const incidentPrefix = "INC-"

// IsIncidentID reports whether id looks as IncidentID makes it.
func IsIncidentID(id string) bool {
	rest, ok := strings.CutPrefix(id, incidentPrefix)
	return ok && len(rest) == 12 && strings.Trim(rest, crockford) == ""
}

// IncidentID returns the id of the incident that signal opened at log time at,
// for example INC-7K3M9QX2AB4T. It follows from the log alone, so an aborted
// transaction recreates the same one.
func IncidentID(scope string, opening ID, at Time) string {
	return shortID(incidentPrefix, hashOf("incident/1", scope, string(opening[:]), strconv.FormatInt(int64(at), 10)))
}

// ProblemID returns the id of the problem with this signature, for example
// PRB-0Q8Z6T5M1CWB.
func ProblemID(scope, signature string) string {
	return shortID("PRB-", hashOf("problem/1", scope, signature))
}
