package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// ErrPrivate is the reason why an address is not reached.
var ErrPrivate = errors.New("the address is private; allow_private: true lets it be reached")

// special are the blocks that IANA's registries of special-purpose addresses
// (iana-ipv4-special-registry and iana-ipv6-special-registry, RFC 6890) do not call
// globally reachable, and those that hold an IPv4 address, which may be such a one:
// NAT64, 6to4 and Teredo. Multicast is here, too: nobody answers it.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// global are the blocks within special that are globally reachable.
var global = prefixes(
	"192.0.0.9/32", "192.0.0.10/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28", "2001:30::/28",
)

// unicast is all of IPv6 that is given to anybody to be reached at (RFC 4291): what
// is local, NAT64 (64:ff9b::/96) or for discarding is outside of it.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Public returns ErrPrivate for an address, host:port in figures, that is not one of
// the internet: of the machine itself, its network or nobody.
func Public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("") // no prefix contains an address with a zone
	within := func(p netip.Prefix) bool { return p.Contains(ip) }
	if slices.ContainsFunc(global, within) {
		return nil
	}
	if ip.Is6() && !unicast.Contains(ip) || slices.ContainsFunc(special, within) {
		return ErrPrivate
	}
	return nil
}

// Transport reaches private and loopback addresses only where that is allowed: a
// URL in the settings must not become a way into the network. The address is
// judged when it is dialled, so no name can change its mind in between.
func Transport(private bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return Public(address) }
	}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		Proxy: http.ProxyFromEnvironment,
	}
}

// NoRedirect is for clients that follow none.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// WithoutURL is err without the URL that net/http puts before it, which may hold a
// secret.
func WithoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
