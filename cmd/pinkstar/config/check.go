package config

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
)

// checker collects what is wrong, each with its place: in the file, or the flag
// or variable that it comes from.
type checker struct {
	c      *Config
	unread strict.Faults // of what could not be read, and so is not judged
	faults strict.Faults
}

func (k *checker) bad(path, format string, args ...any) {
	if k.unread.Within(path) {
		return
	}
	f := strict.Fault{File: k.c.File, Path: path, Text: fmt.Sprintf(format, args...)}
	if o := k.c.Origins[path]; o != "" {
		f.File, f.Path = "", o
	} else if k.c.doc != nil {
		f = k.c.doc.Fault(path, "%s", f.Text)
	}
	k.faults = append(k.faults, f)
}

// Check says everything that is wrong in itself, each with what to do. It looks
// at no file and no variable: see Surroundings.
func (c *Config) Check() error { return c.faults(nil).Err() }

func (c *Config) faults(unread strict.Faults) strict.Faults {
	k := &checker{c: c, unread: unread}
	k.process()
	k.limits()
	k.texts()
	k.addresses()
	k.clickHouse()
	k.tenants()
	for _, err := range c.Access.Validate() {
		k.section("access", err)
	}
	k.open(c.HTTP.WebConfigFile != "") // what stands there is for Surroundings to see
	for section, err := range map[string]error{"kafka": c.Kafka.Validate(), "process": c.Process.Validate(), "gateway": c.Gateway.Validate(), "writer": c.Writer.Validate(), "clickhouse": c.ClickHouse.Storage.Validate(), "notify": c.Notify.Validate(), "feeds": c.Feeds.Validate()} {
		if err != nil {
			k.section(section, err)
		}
	}
	k.objectives()
	k.reports()
	k.emptySecrets()
	k.figures()
	return append(unread, k.faults...)
}

func (k *checker) objectives() {
	seen := map[[2]string]bool{}
	for i := range k.c.Objectives {
		o := &k.c.Objectives[i]
		name := fmt.Sprintf("objectives[%d]", i)
		if err := o.Validate(); err != nil {
			k.section(name, err)
		}
		if of := [2]string{o.Scope, o.Service}; seen[of] {
			k.bad(name+".service", "%q is there twice", o.Service)
		} else {
			seen[of] = true
		}
	}
}

// ofField is a message that begins with the field it is about.
var ofField = regexp.MustCompile(`^([a-z][a-z0-9_.\[\]]*): (.*)`)

// section takes the lines of a section's own check.
func (k *checker) section(name string, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if m := ofField.FindStringSubmatch(line); m != nil {
			k.bad(name+"."+m[1], "%s", m[2])
		} else {
			k.bad(name, "%s", line)
		}
	}
}

// emptySecrets refuses those by which others are known here and that anybody
// knows.
func (k *checker) emptySecrets() {
	strict.Each(reflect.ValueOf(k.c).Elem(), "", func(path string, v reflect.Value) bool {
		s, isSecret := secretIn(v)
		if isSecret && s.IsZero() && knowsOthers(path) && !k.faults.Within(path) {
			k.bad(path, "empty: anybody would know it; write a secret of %d characters or more, or leave it out", shortestSecret)
		}
		return !isSecret
	})
}

// knowsOthers reports whether the secret at path is one by which others are known
// here.
func knowsOthers(path string) bool {
	return strings.HasPrefix(path, "access.tokens[") || strings.HasPrefix(path, "gateway.sources.") || strings.HasPrefix(path, "clickhouse.tenants[")
}

// figures refuses every negative number and span that nothing else refused:
// there is none that could mean something.
func (k *checker) figures() {
	strict.Each(reflect.ValueOf(k.c).Elem(), "", func(path string, v reflect.Value) bool {
		switch {
		case v.CanInt() && v.Int() < 0 && !k.faults.Within(path):
			k.bad(path, "%v is negative", v.Interface())
		case v.CanFloat() && v.Float() < 0 && !k.faults.Within(path):
			k.bad(path, "%v is negative", v.Interface())
		}
		return true
	})
}

func (k *checker) process() {
	c := k.c
	for i, r := range c.Roles {
		if slices.Contains(Roles, r) {
			continue
		}
		hint := "there are " + strings.Join(Roles, ", ")
		if near, ok := strict.Nearest(r, Roles); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		path := fmt.Sprintf("roles[%d]", i)
		if c.Origins["roles"] != "" {
			path = "roles"
		}
		k.bad(path, "%q is no role; %s", r, hint)
	}
	if len(c.Roles) == 0 {
		k.bad("roles", "none: the process would do nothing; there are %s", strings.Join(Roles, ", "))
	}
	if lvl, err := zerolog.ParseLevel(c.Log.Level); err != nil || lvl == zerolog.NoLevel {
		k.bad("log.level", "%q is not one of debug, info, warn, error", c.Log.Level)
	}
	if !slices.Contains([]string{"json", "text", "auto"}, c.Log.Format) {
		k.bad("log.format", "%q is not one of json, text, auto", c.Log.Format)
	}
	if c.Data == "" {
		k.bad("data", "empty: name a directory")
	}
}

func (k *checker) limits() {
	c := k.c
	for path, d := range map[string]time.Duration{
		"http.read_header_timeout": c.HTTP.ReadHeaderTimeout, "http.read_timeout": c.HTTP.ReadTimeout,
		"http.write_timeout": c.HTTP.WriteTimeout, "http.idle_timeout": c.HTTP.IdleTimeout,
		"http.shutdown_timeout": c.HTTP.ShutdownTimeout, "web.history_timeout": c.Web.HistoryTimeout,
		"web.command_timeout": c.Web.CommandTimeout, "web.explain_timeout": c.Web.ExplainTimeout, "web.report_timeout": c.Web.ReportTimeout, "writer.insert_timeout": c.Writer.InsertTimeout,
	} {
		if d <= 0 {
			k.bad(path, "%s: must be positive, a connection without a limit stays for ever", d)
		}
	}
	for path, n := range map[string]int{
		"http.max_connections": c.HTTP.MaxConnections, "http.max_header_bytes": c.HTTP.MaxHeaderBytes,
		"web.page_size": c.Web.PageSize, "web.max_page_size": c.Web.MaxPageSize, "web.max_open": c.Web.MaxOpen,
		"web.max_problems": c.Web.MaxProblems, "web.max_members": c.Web.MaxMembers,
		"web.max_body": int(c.Web.MaxBody),
	} {
		if n <= 0 {
			k.bad(path, "%d: must be positive", n)
		}
	}
	if c.Web.PageSize > c.Web.MaxPageSize && c.Web.MaxPageSize > 0 {
		k.bad("web.page_size", "%d is over web.max_page_size, %d", c.Web.PageSize, c.Web.MaxPageSize)
	}
}

// texts checks names and what is given twice.
func (k *checker) texts() {
	c := k.c
	if c.Rules != "" && c.RulesFile != "" {
		k.bad("rules_file", "rules are given inline as well: keep one of the two")
	}
	if c.Topology != "" && c.TopologyFile != "" {
		k.bad("topology_file", "a topology is given inline as well: keep one of the two")
	}
	for i, part := range c.Labels.Scope {
		if part == "" {
			k.bad(fmt.Sprintf("labels.scope[%d]", i), "an empty name")
		}
	}
	if len(c.Labels.Scope) == 0 {
		k.bad("labels.scope", "empty: everything would correlate with everything. Name at least tenant or environment")
	}
	if !topicName.MatchString(c.Kafka.TopicPrefix) || len(c.Kafka.TopicPrefix) > maxTopicName/2 {
		k.bad("kafka.topic_prefix", "%q can't begin a topic's name: at most %d letters, digits, dots, dashes and underscores", c.Kafka.TopicPrefix, maxTopicName/2)
	}
	for i, t := range c.Kafka.EventRecorderTopics {
		if t == "" || len(t) > maxTopicName || !topicName.MatchString(t) {
			k.bad(fmt.Sprintf("kafka.event_recorder_topics[%d]", i), "%q is no topic's name: 1 to %d letters, digits, dots, dashes and underscores", t, maxTopicName)
		}
	}
	outcomes := append(schemas.OutTopicNames(), schemas.TopicSignals, schemas.TopicState)
	for i, t := range c.Kafka.CommandTopics {
		path := fmt.Sprintf("kafka.command_topics[%d]", i)
		if t == "" || len(t) > maxTopicName || !topicName.MatchString(t) {
			k.bad(path, "%q is no topic's name: 1 to %d letters, digits, dots, dashes and underscores", t, maxTopicName)
		} else if slices.ContainsFunc(outcomes, func(own string) bool { return t == c.Kafka.Topic(own) }) {
			k.bad(path, "%q is one that pinkstar itself writes: name a topic that others write to", t)
		}
	}
	k.noRedacted()
}

// open refuses what would let anybody on the network in. authenticated: the
// server asks everybody who they are before anything else.
func (k *checker) open(authenticated bool) {
	c := k.c
	if c.OpenToAnybody() || authenticated {
		return
	}
	const instead = "; or listen on 127.0.0.1, or say access.insecure_open_to_anybody: true (--insecure-open-to-anybody)"
	if c.Has(RoleGateway) && !c.Gateway.Guarded() {
		k.bad("http.listen", "%s is reached from other machines, and anybody could send alerts: give the senders credentials (gateway.sources.alertmanager.bearer: [{file: …}])"+instead, c.HTTP.Listen)
	}
	if c.Has(RoleWeb) && !c.Access.KnowsPeople() {
		k.bad("http.listen", "%s is reached from other machines, and anybody could give commands: give people tokens (access.tokens: [{name: …, role: act, token: {file: …}}])"+instead, c.HTTP.Listen)
	}
}

// CheckOpen is the part of Check that depends on whether the server asks everybody
// who they are.
func (c *Config) CheckOpen(authenticated bool) error {
	k := &checker{c: c}
	k.open(authenticated)
	return k.faults.Err()
}

// topicName and maxTopicName are Kafka's own bounds.
var topicName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

const maxTopicName = 249

// noRedacted refuses what `config print` puts in place of a secret: taken as
// the secret it would be one that everybody knows.
func (k *checker) noRedacted() {
	const text = "this stands where `config print` left a secret out: put the secret here, or {file: PATH} or {env: NAME}"
	strict.Each(reflect.ValueOf(k.c).Elem(), "", func(path string, v reflect.Value) bool {
		s, isSecret := secretIn(v)
		switch {
		case isSecret && s.Is(redacted), v.Kind() == reflect.String && v.String() == redacted:
			k.bad(path, text)
		}
		return !isSecret
	})
}

// addresses checks hosts and ports, and that no port is to be opened twice.
func (k *checker) addresses() {
	c := k.c
	taken := map[int]string{}
	listens := func(path string, port int) {
		if port == 0 { // one is picked
			return
		}
		if first := taken[port]; first != "" {
			k.bad(path, "port %d is taken by %s already: choose another, or 0 to have one picked", port, first)
		}
		taken[port] = path
	}
	if port, ok := k.hostPort("http.listen", c.HTTP.Listen); ok {
		listens("http.listen", port)
	}
	if c.EmbeddedKafka() {
		if port, ok := k.hostPort("kafka.embedded_listen", c.Kafka.EmbeddedListen); ok {
			listens("kafka.embedded_listen", port)
		}
	}
	for i, b := range c.Kafka.Brokers {
		path := fmt.Sprintf("kafka.brokers[%d]", i)
		if c.Origins["kafka.brokers"] != "" {
			path = "kafka.brokers"
		}
		if port, ok := k.hostPort(path, b); ok && port == 0 {
			k.bad(path, "%q: port 0 can't be reached", b)
		} else if host, _, _ := net.SplitHostPort(b); ok && host == "" {
			k.bad(path, "%q: the host is missing; write it as host:port", b)
		}
	}
	for _, p := range []struct {
		path string
		port int
	}{{"clickhouse.native_port", c.ClickHouse.NativePort}, {"clickhouse.http_port", c.ClickHouse.HTTPPort}} {
		if p.port < 0 || p.port > maxPort {
			k.bad(p.path, "%d is no port: 1 to %d, or 0 to have one picked", p.port, maxPort)
		} else if c.EmbeddedClickHouse() {
			listens(p.path, p.port)
		}
	}
}

const maxPort = 65535

func (k *checker) hostPort(path, address string) (port int, ok bool) {
	if strings.Contains(address, "://") {
		k.bad(path, "%q: write it as host:port, without what stands before ://", address)
		return 0, false
	}
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		k.bad(path, "%q is no address; write it as host:port", address)
		return 0, false
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > maxPort {
		k.bad(path, "%q: %q is no port between 0 and %d", address, text, maxPort)
		return 0, false
	}
	return port, true
}

// readerName is what a tenant's user may be called, so that it needs no quoting.
var readerName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

func (k *checker) tenants() {
	c := k.c.ClickHouse
	taken := map[string]bool{"default": true, c.User: true, c.User + "_owner": true, c.User + "_writer": true}
	for i, t := range c.Tenants {
		at := fmt.Sprintf("clickhouse.tenants[%d].", i)
		if t.Tenant == "" || strings.Contains(t.Tenant, "/") {
			k.bad(at+"tenant", "%q; a tenant's name without a slash: it is what its scopes begin with", t.Tenant)
		}
		if !readerName.MatchString(t.User) || taken[t.User] {
			k.bad(at+"user", "%q; a name of letters, digits and underscores that nobody has yet", t.User)
		}
		taken[t.User] = true
	}
	if len(c.Tenants) > 0 && (len(k.c.Labels.Scope) == 0 || k.c.Labels.Scope[0] != "tenant") {
		k.bad("clickhouse.tenants", "labels.scope does not begin with tenant, so that rows do not say whose they are")
	}
}

func (k *checker) clickHouse() {
	const path, example = "clickhouse.dsn", "clickhouse://user:password@host:9000/database"
	dsn := k.c.ClickHouse.DSN
	if dsn == "" {
		if k.c.ClickHouse.Database == "" || k.c.ClickHouse.User == "" {
			k.bad("clickhouse", "database and user of the embedded engine must have names")
		}
		return
	}
	// url.Error repeats the whole address, password included.
	u, err := url.Parse(dsn)
	if err != nil {
		k.bad(path, "not an address such as %s (special characters in the password must be percent-encoded)", example)
		return
	}
	if !slices.Contains([]string{"clickhouse", "tcp", "http", "https"}, u.Scheme) {
		k.bad(path, "the address must begin with clickhouse://, not %q", u.Scheme+"://")
		return
	}
	if u.Hostname() == "" {
		k.bad(path, "no host in the address; write it as %s", example)
		return
	}
	for host := range strings.SplitSeq(u.Host, ",") { // several are tried in turn
		if _, port, err := net.SplitHostPort(host); err == nil {
			if n, err := strconv.Atoi(port); err != nil || n < 1 || n > maxPort {
				k.bad(path, "%q is no port between 1 and %d", port, maxPort)
			}
		}
	}
	if conn, err := clickhouse.Open(dsn); err != nil {
		k.bad(path, "%v", err)
	} else {
		_ = conn.Close() // it has not connected
	}
}
