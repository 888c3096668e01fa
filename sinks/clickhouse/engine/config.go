package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"pinkstar/sinks/clickhouse/rights"
)

// identifier is what a user or database name may look like here, so that it
// needs no quoting anywhere.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// innerUser is whom the session that opens the listeners runs as: the engine
// leaves no choice of name or password.
const innerUser = "default"

// innerGrants is all that this session needs.
var innerGrants = []string{
	"GRANT SYSTEM LISTEN ON *.*",
	"GRANT CREATE TEMPORARY TABLE ON *.*",
	"GRANT TABLE ENGINE ON Null",
}

// account is a user of the engine.
type account struct {
	name, password string // an empty password: see innerUser
	profile, quota string
	grants         []string
	filter         string // on the rows of rights.TenantViews; none: all
}

// accounts returns everybody whom the engine knows.
func (s *Server) accounts() []account {
	db := s.Database
	all := []account{
		{name: innerUser, profile: "inner", quota: "plain", grants: innerGrants},
		{name: s.owner.name, password: s.owner.password, profile: "plain", quota: "plain", grants: rights.Texts(rights.Owner(db))},
		{name: s.writer.name, password: s.writer.password, profile: "plain", quota: "plain", grants: rights.Texts(rights.Writer(db))},
		{name: s.User, password: s.Password, profile: "reader", quota: "reader", grants: rights.Texts(rights.Reader(db))},
	}
	for _, t := range s.o.Tenants {
		all = append(all, account{name: t.User, password: t.Password, profile: "tenant", quota: "reader",
			grants: rights.Texts(rights.TenantReader(db)), filter: rights.TenantFilter(t.Tenant)})
	}
	return all
}

// node is an element of the engine's configuration.
type node struct {
	name string
	text string
	kids []node
}

// MarshalXML implements xml.Marshaler.
func (n node) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: xml.Name{Local: n.name}}
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	if n.text != "" {
		if err := e.EncodeToken(xml.CharData(n.text)); err != nil {
			return err
		}
	}
	for _, k := range n.kids {
		if err := k.MarshalXML(e, xml.StartElement{}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

func leaf(name, text string) node           { return node{name: name, text: text} }
func branch(name string, kids ...node) node { return node{name: name, kids: kids} }
func (n node) with(more ...node) node       { n.kids = append(n.kids, more...); return n }
func file(dir string, parts ...string) string {
	return filepath.Join(append([]string{dir}, parts...)...)
}

// writeConfig writes the child's configuration and returns its path.
func (s *Server) writeConfig() (string, error) {
	dir := s.o.DataDir
	users := file(dir, "users.xml")
	if err := writeXML(users, usersConfig(s.accounts(), s.Database)); err != nil {
		return "", err
	}
	name := file(dir, "engine.xml")
	return name, writeXML(name, branch("clickhouse",
		leaf("users_config", users), // a file of its own: users in the main one are ignored
		leaf("tmp_path", file(dir, "tmp")+"/"),
		// Small machine, small caches: this is one process among several.
		leaf("mark_cache_size", strconv.Itoa(256<<20)),
		leaf("max_server_memory_usage_to_ram_ratio", "0.5"),
		branch("access_control_improvements",
			leaf("table_engines_require_grant", "true"),
			leaf("select_from_system_db_requires_grant", "true"),
			leaf("select_from_information_schema_requires_grant", "true"),
			leaf("settings_constraints_replace_previous", "true"),
		),
	))
}

// usersConfig describes accounts, profiles and quotas.
func usersConfig(accounts []account, database string) node {
	users := branch("users")
	for _, a := range accounts {
		users = users.with(userConfig(a, database))
	}
	return branch("clickhouse", users,
		branch("profiles",
			branch("default"), // the engine wants one of this name
			// Asynchronous inserts would lose the deduplication token's meaning.
			branch("plain", leaf("async_insert", "0")),
			// The session that opens the listeners is older than they are and has
			// this one place, so that nobody who connects can be this user.
			branch("inner", leaf("max_sessions_for_user", "1")),
			readerProfile("reader", rights.ReaderLimits),
			readerProfile("tenant", rights.TenantLimits),
		),
		branch("quotas",
			branch("default"),
			branch("plain"),
			branch("reader", branch("interval",
				leaf("duration", strconv.Itoa(rights.QuotaSeconds)),
				leaf("queries", strconv.Itoa(rights.QuotaQueries)),
				leaf("execution_time", strconv.Itoa(rights.QuotaExecutionSeconds)),
			)),
		),
	)
}

func userConfig(a account, database string) node {
	secret := leaf("password", "")
	if a.password != "" {
		sum := sha256.Sum256([]byte(a.password))
		secret = leaf("password_sha256_hex", hex.EncodeToString(sum[:]))
	}
	grants := branch("grants")
	for _, g := range a.grants {
		grants = grants.with(leaf("query", g))
	}
	user := branch(a.name, secret,
		branch("networks", leaf("ip", "127.0.0.1"), leaf("ip", "::1")), // this machine
		leaf("profile", a.profile), leaf("quota", a.quota), grants)
	if a.filter == "" {
		return user
	}
	views := branch(database)
	for _, v := range rights.TenantViews {
		views = views.with(branch(v, leaf("filter", a.filter)))
	}
	return user.with(branch("databases", views))
}

func readerProfile(name string, limits []rights.Limit) node {
	profile, constraints := branch(name), branch("constraints")
	for _, l := range limits {
		profile = profile.with(leaf(l.Setting, l.Value))
		c := branch(l.Setting)
		if l.Const {
			c = c.with(leaf("const", "1"))
		}
		if l.Min != "" {
			c = c.with(leaf("min", l.Min))
		}
		if l.Max != "" {
			c = c.with(leaf("max", l.Max))
		}
		constraints = constraints.with(c)
	}
	return profile.with(constraints)
}

// writeXML writes v for nobody else to read.
func writeXML(name string, v node) error {
	b, err := xml.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(name, append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the engine's configuration: %w", err)
	}
	return nil
}

// nowhere is the child's working directory until it serves: see leaveDirectory.
func nowhere(dir string) string { return file(dir, "nowhere") }

// stdinPath is what the child's script reads for ever.
const stdinPath = "/dev/stdin"
