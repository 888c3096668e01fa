package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"pinkstar/schemas/secret"
)

// SASL for the connection to the brokers. Files are read anew for every
// connection, so a password or token that is exchanged needs no restart.
type SASL struct {
	// Mechanism is plain, scram-sha-256, scram-sha-512 or oauthbearer; empty for
	// none.
	Mechanism    string `yaml:"mechanism"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	// Password is for PINKSTAR_KAFKA_PASSWORD; a file is the better place.
	Password string `yaml:"password"`

	// TokenFile holds an OAuth token that somebody else renews, as Kubernetes does
	// with projected ones; or:
	TokenFile string `yaml:"token_file"`
	// TokenURL is where one is had with ClientID and ClientSecret (the client
	// credentials grant, RFC 6749, 4.4).
	TokenURL     string      `yaml:"token_url"`
	ClientID     string      `yaml:"client_id"`
	ClientSecret secret.Text `yaml:"client_secret,omitempty"`
	// Scope is asked for there, with spaces between; empty: what the server gives.
	Scope string `yaml:"scope"`
	// Extensions go to the brokers beside the token (RFC 7628, 3.1).
	Extensions map[string]string `yaml:"extensions"`
}

const oauthBearer = "oauthbearer"

// mechanisms are the values of SASL.Mechanism.
var mechanisms = []string{"", "plain", "scram-sha-256", "scram-sha-512", oauthBearer}

// validate reads no file: that is done where a client connects.
func (s SASL) validate() error {
	listed := strings.Join(mechanisms[1:], ", ")
	switch {
	case !slices.Contains(mechanisms, s.Mechanism):
		return fmt.Errorf("sasl.mechanism: %q is not one of %s", s.Mechanism, listed)
	case s.Mechanism == "" && (s.User != "" || s.PasswordFile != ""):
		return fmt.Errorf("sasl.mechanism: missing, so that user and password would be ignored; it is one of %s", listed)
	case s.Mechanism == oauthBearer:
		return s.validateOAuth()
	case s.TokenFile != "" || s.TokenURL != "" || s.ClientID != "" || !s.ClientSecret.IsZero() || s.Scope != "" || len(s.Extensions) > 0:
		return fmt.Errorf("sasl.mechanism: %q takes no token; %s does", s.Mechanism, oauthBearer)
	case s.Mechanism != "" && s.User == "":
		return errors.New("sasl.user: missing")
	case s.Mechanism != "" && s.Password == "" && s.PasswordFile == "":
		return errors.New("sasl.password_file: missing; it, or PINKSTAR_KAFKA_PASSWORD, holds the password")
	}
	return nil
}

func (s SASL) validateOAuth() error {
	switch {
	case s.User != "" || s.PasswordFile != "" || s.Password != "":
		return errors.New("sasl.user: not of oauthbearer, which takes token_file, or token_url with client_id and client_secret")
	case (s.TokenFile == "") == (s.TokenURL == ""):
		return errors.New("sasl.token_url: want it, with client_id and client_secret, or token_file")
	case s.TokenFile != "" && (s.ClientID != "" || !s.ClientSecret.IsZero() || s.Scope != ""):
		return errors.New("sasl.token_file: the token is there already, so that client_id, client_secret and scope would be ignored")
	case s.TokenFile != "":
		return nil
	case s.ClientID == "":
		return errors.New("sasl.client_id: missing")
	case s.ClientSecret.IsZero():
		return errors.New("sasl.client_secret: missing")
	}
	u, err := url.Parse(s.TokenURL)
	if err != nil || u.Host == "" {
		return fmt.Errorf("sasl.token_url: %q is not an address", s.TokenURL)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && !(ip != nil && ip.IsLoopback() || u.Hostname() == "localhost") {
		return errors.New("sasl.token_url: want https: the secret and the token would go over the network in clear")
	}
	return nil
}

// ReadPassword returns the password as it is now.
func (s SASL) ReadPassword() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	return readLine("sasl.password_file", s.PasswordFile)
}

// readLine returns what a file of one line holds.
func readLine(field, name string) (string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s: %s is empty", field, name)
	}
	return text, nil
}

// tokenTimeout is how long a server of tokens may take.
const tokenTimeout = 10 * time.Second

// Tokens returns what gives a token that holds now. One that a server gave is
// kept until shortly before it ends.
func (s SASL) Tokens() (func() (string, error), error) {
	if s.TokenFile != "" {
		return func() (string, error) { return readLine("sasl.token_file", s.TokenFile) }, nil
	}
	fresh := &tokenServer{s}
	if _, err := fresh.credentials(); err != nil { // said at the start, not at the first connection
		return nil, err
	}
	source := oauth2.ReuseTokenSource(nil, fresh)
	return func() (string, error) {
		t, err := source.Token()
		if err != nil {
			return "", err
		}
		return t.AccessToken, nil
	}, nil
}

// tokenServer asks for a new token every time.
type tokenServer struct{ sasl SASL }

func (t *tokenServer) credentials() (*clientcredentials.Config, error) {
	text := t.sasl.ClientSecret // a copy: the secret is read anew each time
	if err := text.Load(); err != nil {
		return nil, fmt.Errorf("sasl.client_secret: %w", err)
	}
	return &clientcredentials.Config{
		ClientID: t.sasl.ClientID, ClientSecret: text.Reveal(), TokenURL: t.sasl.TokenURL, Scopes: strings.Fields(t.sasl.Scope),
	}, nil
}

// Token implements oauth2.TokenSource. What a server of tokens answers is not
// told as it is: nobody knows what it repeats.
func (t *tokenServer) Token() (*oauth2.Token, error) {
	c, err := t.credentials()
	if err != nil {
		return nil, err
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{
		Timeout:       tokenTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the secret goes nowhere else
	})
	token, err := c.Token(ctx)
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return nil, fmt.Errorf("sasl.token_url: no token for client_id %s: %s %s", t.sasl.ClientID, refused.Response.Status, refused.ErrorCode)
	}
	if err != nil {
		return nil, fmt.Errorf("sasl.token_url: no token for client_id %s: %w", t.sasl.ClientID, err)
	}
	return token, nil
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch s.Mechanism {
	case "":
		return nil, nil
	case oauthBearer:
		token, err := s.Tokens()
		return plainRefusal{oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			text, err := token()
			return oauth.Auth{Token: text, Extensions: s.Extensions}, err
		})}, err
	}
	if _, err := s.ReadPassword(); err != nil {
		return nil, err
	}
	scrammed := func(context.Context) (scram.Auth, error) {
		pass, err := s.ReadPassword()
		return scram.Auth{User: s.User, Pass: pass}, err
	}
	switch s.Mechanism {
	case "plain":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			pass, err := s.ReadPassword()
			return plain.Auth{User: s.User, Pass: pass}, err
		}), nil
	case "scram-sha-256":
		return scram.Sha256(scrammed), nil
	case "scram-sha-512":
		return scram.Sha512(scrammed), nil
	default:
		return nil, fmt.Errorf("sasl.mechanism: %q is not one of %s", s.Mechanism, strings.Join(mechanisms[1:], ", "))
	}
}

// plainRefusal tells why brokers refuse a token, which the library does not.
type plainRefusal struct{ sasl.Mechanism }

// Authenticate implements sasl.Mechanism.
func (p plainRefusal) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := p.Mechanism.Authenticate(ctx, host)
	return refusable{s}, first, err
}

type refusable struct{ sasl.Session }

// Challenge implements sasl.Session. What comes is a status such as
// invalid_token, and where a token may be had (RFC 7628, 3.2.2).
func (r refusable) Challenge(answer []byte) (bool, []byte, error) {
	if len(answer) > 0 {
		return false, nil, fmt.Errorf("the brokers refuse the token: %s", answer)
	}
	return r.Session.Challenge(answer)
}
