package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Check says everything that is wrong, each with what to do.
func (c *Config) Check() error {
	var errs []error
	bad := func(path, format string, args ...any) {
		where := path
		if o := c.Origins[path]; o != "" {
			where = o
		}
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{where}, args...)...))
	}
	c.checkProcess(bad)
	c.checkClickHouse(bad)
	for section, err := range map[string]error{"kafka": c.Kafka.Validate(), "process": c.Process.Validate(), "gateway": c.Gateway.Validate(), "writer": c.Writer.Validate()} {
		if err == nil {
			continue
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			bad(section, "%s", line)
		}
	}
	for _, part := range c.Labels.Scope {
		if part == "" {
			bad("labels.scope", "an empty name")
		}
	}
	if len(c.Labels.Scope) == 0 {
		bad("labels.scope", "empty: everything would correlate with everything. Name at least tenant or environment")
	}
	if len(errs) == 0 {
		return nil
	}
	slices.SortStableFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if c.File != "" {
		return fmt.Errorf("%s:\n  %s", c.File, strings.ReplaceAll(errors.Join(errs...).Error(), "\n", "\n  "))
	}
	return errors.Join(errs...)
}

func (c *Config) checkProcess(bad func(path, format string, args ...any)) {
	for _, r := range c.Roles {
		if !slices.Contains(Roles, r) {
			bad("roles", "%q is no role; there are %s", r, strings.Join(Roles, ", "))
		}
	}
	if len(c.Roles) == 0 {
		bad("roles", "none: the process would do nothing")
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		bad("http.listen", "%v; write it as host:port", err)
	}
	for path, d := range map[string]time.Duration{
		"http.read_header_timeout": c.HTTP.ReadHeaderTimeout, "http.read_timeout": c.HTTP.ReadTimeout,
		"http.write_timeout": c.HTTP.WriteTimeout, "http.idle_timeout": c.HTTP.IdleTimeout,
		"http.shutdown_timeout": c.HTTP.ShutdownTimeout, "web.history_timeout": c.Web.HistoryTimeout,
		"web.command_timeout": c.Web.CommandTimeout,
	} {
		if d <= 0 {
			bad(path, "%s: must be positive, a connection without a limit stays for ever", d)
		}
	}
	for path, n := range map[string]int{
		"http.max_connections": c.HTTP.MaxConnections, "http.max_header_bytes": c.HTTP.MaxHeaderBytes,
		"web.page_size": c.Web.PageSize, "web.max_page_size": c.Web.MaxPageSize, "web.max_open": c.Web.MaxOpen,
		"web.keep_closed": c.Web.KeepClosed + 1, "web.max_problems": c.Web.MaxProblems, "web.max_members": c.Web.MaxMembers,
		"web.max_body": int(c.Web.MaxBody),
	} {
		if n <= 0 {
			bad(path, "must be positive")
		}
	}
	if lvl, err := zerolog.ParseLevel(c.Log.Level); err != nil || lvl == zerolog.NoLevel {
		bad("log.level", "%q is not one of debug, info, warn, error", c.Log.Level)
	}
	if !slices.Contains([]string{"json", "text", "auto"}, c.Log.Format) {
		bad("log.format", "%q is not one of json, text, auto", c.Log.Format)
	}
	if c.Rules != "" && c.RulesFile != "" {
		bad("rules_file", "rules are given inline as well: keep one of the two")
	}
	if c.Topology != "" && c.TopologyFile != "" {
		bad("topology_file", "a topology is given inline as well: keep one of the two")
	}
	if c.Data == "" {
		bad("data", "empty: name a directory")
	}
}

func (c *Config) checkClickHouse(bad func(path, format string, args ...any)) {
	for path, p := range map[string]int{"clickhouse.native_port": c.ClickHouse.NativePort, "clickhouse.http_port": c.ClickHouse.HTTPPort} {
		if p < 0 || p > 65535 {
			bad(path, "%d is no port", p)
		}
	}
	if c.ClickHouse.DSN == "" {
		return
	}
	// url.Error repeats the whole address, password included.
	u, err := url.Parse(c.ClickHouse.DSN)
	if err != nil {
		bad("clickhouse.dsn", "not an address such as clickhouse://user:password@host:9000/database (special characters in the password must be percent-encoded)")
		return
	}
	if !slices.Contains([]string{"clickhouse", "tcp", "http", "https"}, u.Scheme) {
		bad("clickhouse.dsn", "the address must begin with clickhouse://, not %q", u.Scheme+"://")
	}
	if u.Host == "" {
		bad("clickhouse.dsn", "no host in the address")
	}
}
