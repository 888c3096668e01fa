package rights

import (
	"crypto/rand"
	"encoding/hex"
)

// NewPassword returns a random password without characters that need quoting.
func NewPassword() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return hex.EncodeToString(b[:])
}
