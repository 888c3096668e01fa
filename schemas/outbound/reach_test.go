package outbound

import (
	"errors"
	"net"
	"testing"
)

// What IANA's registries of special-purpose addresses do not call globally
// reachable is not the internet; nor is an address that holds such another one.
func TestOnlyTheInternetIsPublic(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.0.170", "192.0.2.7", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.3", "203.0.113.4",
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1",
		"100::1", "100:0:0:1::1", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1",
		"fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "fe80::1%eth0",
		"1::1", "4000::1", // not given to anybody
	} {
		if err := Public(net.JoinHostPort(ip, "443")); !errors.Is(err, ErrPrivate) {
			t.Errorf("%s: %v, want that it is private", ip, err)
		}
	}
	for _, ip := range []string{
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1", "192.0.0.9", "192.0.1.1", "198.17.255.255",
		"198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2001:4860:4860::8888", "2001:1::1", "2001:3::1", "2001:4:112::1", "2001:20::1", "2001:200::1", "2606:4700::1111", "2620:4f:8000::1",
	} {
		if err := Public(net.JoinHostPort(ip, "443")); err != nil {
			t.Errorf("%s: %v, want that it is reached", ip, err)
		}
	}
	if err := Public("example.com:443"); err == nil {
		t.Error("a name is no address")
	}
}
