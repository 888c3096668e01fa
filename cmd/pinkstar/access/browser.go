package access

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// Hosts are the names under which a server may be addressed. A page of another
// site can make its own name mean 127.0.0.1 (DNS rebinding): to the browser it is
// then of one site with us, and only the Host header tells.
type Hosts struct {
	loopback bool // of this machine only
	named    []string
}

// NewHosts returns the hosts of a server that listens on an address and is known
// by further names.
func NewHosts(listen string, named []string) Hosts {
	h := Hosts{loopback: Loopback(listen)}
	for _, n := range named {
		h.named = append(h.named, strings.ToLower(n))
	}
	return h
}

// Serves reports whether a Host header names the server.
func (h Hosts) Serves(host string) bool {
	if h.Named(host) {
		return true
	}
	if h.loopback {
		return loopbackHost(hostname(host))
	}
	return len(h.named) == 0
}

// Named reports whether a Host header is one of the configured names.
func (h Hosts) Named(host string) bool { return slices.Contains(h.named, hostname(host)) }

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// Forwarded reports whether a proxy says that it passes on another's request.
func Forwarded(h http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}
