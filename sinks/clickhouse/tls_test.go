package clickhouse

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority issues certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue writes NAME.pem and NAME.key; the first one is the authority's own.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"clickhouse.test"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if a.cert == nil {
		a.dir, a.cert, a.key = t.TempDir(), form, key
		form.IsCA, form.BasicConstraintsValid, form.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if form == a.cert {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(a.file(name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// wrapped is what ends TLS in front of address, and asks for a certificate that
// a has issued.
func wrapped(t *testing.T, a *authority, address string) string {
	t.Helper()
	known := x509.NewCertPool()
	known.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{a.issue(t, "server")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer outer.Close()
				if outer.(*tls.Conn).Handshake() != nil {
					return
				}
				inner, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer inner.Close()
				go func() { _, _ = io.Copy(inner, outer); _ = inner.Close() }()
				_, _ = io.Copy(outer, inner)
			}()
		}
	}()
	return l.Addr().String()
}

// Whoever shows the right certificate to a server that the authority vouches for
// gets its answer, by either protocol; nobody else does, and what is said of it
// has no password.
func TestTLS(t *testing.T) {
	_ = database(t)
	a, other := &authority{}, &authority{}
	a.issue(t, "ca")
	a.issue(t, "client")
	other.issue(t, "ca")
	other.issue(t, "client")
	servers := map[string]string{"clickhouse": wrapped(t, a, shared.server.Native), "http": wrapped(t, a, shared.server.HTTP)}
	in := map[string]string{"ca_file": a.file("ca.pem"), "cert_file": a.file("client.pem"), "key_file": a.file("client.key"), "server_name": "clickhouse.test"}
	cases := []struct{ name, param, value, want string }{
		{"let in", "", "", ""},
		{"another authority", "ca_file", other.file("ca.pem"), "unknown authority"},
		{"the system's authorities", "ca_file", "", "unknown authority"},
		{"another name", "server_name", "elsewhere.test", "elsewhere.test"},
		{"a stranger", "cert_file+key_file", "", "certificate"},
		{"no authority", "ca_file", a.file("nothing.pem"), "ca_file"},
		{"not one", "ca_file", a.file("client.key"), "holds no certificate"},
		{"no key", "key_file", "", "key_file"},
		{"in clear all the same", "secure", "false", "secure=false"},
	}
	for scheme, address := range servers {
		for _, c := range cases {
			t.Run(scheme+"/"+c.name, func(t *testing.T) {
				u, err := url.Parse(shared.server.OwnerDSN())
				if err != nil {
					t.Fatal(err)
				}
				password, _ := u.User.Password()
				u.Scheme, u.Host = scheme, address
				q := u.Query()
				for k, v := range in {
					q.Set(k, v)
				}
				for p := range strings.SplitSeq(c.param, "+") {
					if q.Del(p); c.value != "" {
						q.Set(p, c.value)
					}
				}
				u.RawQuery = q.Encode()
				err = one(t, u.String())
				switch {
				case c.want == "" && err != nil:
					t.Errorf("not let in: %v", err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want an error about %q", err, c.want)
				case err != nil && strings.Contains(err.Error(), password):
					t.Errorf("the password is told: %v", err)
				}
			})
		}
	}
}

func one(t *testing.T, dsn string) error {
	conn, err := Open(dsn)
	if err != nil {
		return err
	}
	defer conn.Close()
	var n uint8
	return conn.QueryRow(t.Context(), "SELECT 1").Scan(&n)
}
