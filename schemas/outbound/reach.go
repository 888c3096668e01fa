package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// ErrPrivate is the reason why an address is not reached.
var ErrPrivate = errors.New("the address is private; allow_private: true lets it be reached")

// Public returns ErrPrivate for an address, host:port in figures, of the machine
// itself, its network or nobody.
func Public(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsUnspecified() || ip.IsMulticast() ||
		netip.MustParsePrefix("100.64.0.0/10").Contains(ip) {
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
