package clickhouse

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
)

// Parameters of a DSN that are ours. Any of them means TLS; paths are as the
// process finds them.
const (
	paramCA         = "ca_file"     // who is trusted, in PEM, instead of the system's authorities
	paramCert       = "cert_file"   // what we show, in PEM
	paramKey        = "key_file"    // its key
	paramServerName = "server_name" // what the server's certificate says, when it is not the host
)

// takeTLS returns a DSN without our parameters, and what they say; nil when there
// are none.
func takeTLS(dsn string) (string, *tls.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn, nil, nil //nolint:nilerr // the library's parser says what it thinks of it
	}
	q := u.Query()
	if !slices.ContainsFunc([]string{paramCA, paramCert, paramKey, paramServerName}, q.Has) {
		return dsn, nil, nil
	}
	tc := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: q.Get(paramServerName)}
	if name := q.Get(paramCA); name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return "", nil, fmt.Errorf("the ClickHouse DSN, %s: %w", paramCA, err)
		}
		tc.RootCAs = x509.NewCertPool()
		if !tc.RootCAs.AppendCertsFromPEM(pem) {
			return "", nil, fmt.Errorf("the ClickHouse DSN, %s: %s holds no certificate", paramCA, name)
		}
	}
	if cert, key := q.Get(paramCert), q.Get(paramKey); cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return "", nil, fmt.Errorf("the ClickHouse DSN, %s and %s: %w", paramCert, paramKey, err)
		}
		tc.Certificates = []tls.Certificate{pair}
	}
	if q.Get("secure") == "false" {
		return "", nil, errors.New("the ClickHouse DSN: secure=false beside what is for TLS")
	}
	for _, p := range []string{paramCA, paramCert, paramKey, paramServerName} {
		q.Del(p)
	}
	q.Set("secure", "true")
	if u.Scheme == "http" {
		u.Scheme = "https" // the library wants both
	}
	u.RawQuery = q.Encode()
	return u.String(), tc, nil
}
