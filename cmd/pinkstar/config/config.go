package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/correlate/rules/strict"
	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/feeds"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/notify"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
	"pinkstar/schemas/secret"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/rights"
	"pinkstar/sinks/message"
	"pinkstar/sinks/web"
)

// The roles a process can have.
const (
	RoleGateway   = "gateway"   // webhooks in, to the signals topic
	RoleNormalise = "normalise" // input topics to the signals topic
	RoleCorrelate = "correlate" // signals to decisions, incidents, problems
	RoleWrite     = "write"     // outcomes to ClickHouse
	RoleWeb       = "web"       // read API and operators' commands
	RoleNotify    = "notify"    // effects to people and other systems
)

// Roles lists every role, downstream first: the order in which they start.
var Roles = []string{RoleWrite, RoleWeb, RoleNotify, RoleCorrelate, RoleNormalise, RoleGateway}

// Config is everything that can be set.
type Config struct {
	Data  string   `yaml:"data"`  // directory of what is embedded, and of endpoints.json
	Roles []string `yaml:"roles"` // what this process does

	HTTP       HTTP           `yaml:"http"`
	Access     access.Config  `yaml:"access"`
	Log        Log            `yaml:"log"`
	Gateway    ingest.Config  `yaml:"gateway"`
	Kafka      Kafka          `yaml:"kafka"`
	Process    process.Config `yaml:"process"` // normaliser and correlator
	Writer     Writer         `yaml:"writer"`
	ClickHouse ClickHouse     `yaml:"clickhouse"`
	Labels     schemas.Naming `yaml:"labels"`
	Web        web.Config     `yaml:"web"`
	Notify     Notify         `yaml:"notify"`
	Feeds      feeds.Config   `yaml:"feeds"`

	// Objectives are what services are to reach; error budgets are worked out from them.
	Objectives []clickhouse.Objective `yaml:"objectives,omitempty"`

	// Reports are sent by the role notify when a month is over.
	Reports []Report `yaml:"reports,omitempty"`

	Rules        Text   `yaml:"rules"` // inline; or
	RulesFile    string `yaml:"rules_file"`
	Topology     Text   `yaml:"topology"` // inline; or
	TopologyFile string `yaml:"topology_file"`
	LearntFile   string `yaml:"learnt_file"` // as pinkstar learn writes it

	Shadow Shadow `yaml:"shadow"`

	// File is where it was read from, "" for nowhere.
	File string `yaml:"-"`
	// Origins says where a value that is not from the file or a default came
	// from: path in the file -> flag or variable.
	Origins map[string]string `yaml:"-"`

	doc  *strict.Document // where everything stands in the file
	text []byte           // of the file
}

// Shadow is a second rule set, topology or both, that runs live beside the
// first and changes nothing. What it does not name is the first one's.
type Shadow struct {
	RulesFile    string `yaml:"rules_file"`
	TopologyFile string `yaml:"topology_file"`
}

// Enabled reports whether there is one.
func (s *Shadow) Enabled() bool { return s.RulesFile != "" || s.TopologyFile != "" }

// HTTP is the one server for webhooks, API and health.
type HTTP struct {
	Listen            string        `yaml:"listen"`
	WebConfigFile     string        `yaml:"web_config_file"` // TLS and basic auth, in Prometheus' format
	ReadHeaderTimeout time.Duration `yaml:"read_header_timeout"`
	ReadTimeout       time.Duration `yaml:"read_timeout"` // header and body
	WriteTimeout      time.Duration `yaml:"write_timeout"`
	IdleTimeout       time.Duration `yaml:"idle_timeout"`
	MaxHeaderBytes    int           `yaml:"max_header_bytes"`
	MaxConnections    int           `yaml:"max_connections"`
	ShutdownTimeout   time.Duration `yaml:"shutdown_timeout"` // how long a stop waits for requests under way
}

// Log is what the process says on stderr.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // json, text, or auto: text on a terminal
}

// Kafka adds to the client's settings what only this process needs.
type Kafka struct {
	kafka.Config `yaml:",inline"`
	// EmbeddedListen is where the embedded broker listens.
	EmbeddedListen string `yaml:"embedded_listen"`
	// EmbeddedSync makes the embedded broker call fsync for every batch.
	EmbeddedSync bool `yaml:"embedded_sync_writes"`
	// EmbeddedMaxBytes is what the embedded broker's topics may take; over it the
	// oldest records go before their retention, as far as no snapshot and no
	// reader needs them. 0: no limit.
	EmbeddedMaxBytes int64 `yaml:"embedded_max_bytes"`
}

// Notify says where effects go, and how hard it is tried.
type Notify struct {
	notify.Config `yaml:",inline"`
	// BoardURL is the address under which people see incidents; messages link there.
	BoardURL string           `yaml:"board_url"`
	Targets  []message.Config `yaml:"targets"`
}

// Validate says what is wrong, each on a line that begins with the field.
func (n *Notify) Validate() error {
	errs := []error{n.Config.Validate()}
	if n.BoardURL != "" && message.CheckURL(n.BoardURL) != nil {
		errs = append(errs, fmt.Errorf("board_url: %q; %w", n.BoardURL, message.CheckURL(n.BoardURL)))
	}
	names, channels := map[string]bool{}, false
	for i := range n.Targets {
		t := &n.Targets[i]
		if names[t.Name] {
			errs = append(errs, fmt.Errorf("targets[%d].name: %q is there twice", i, t.Name))
		}
		names[t.Name] = true
		if t.Channels && channels {
			errs = append(errs, fmt.Errorf("targets[%d].channels: a second target has them: a name with # could be of either", i))
		}
		channels = channels || t.Channels
		if err := t.Validate(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				errs = append(errs, fmt.Errorf("targets[%d].%s", i, line))
			}
		}
	}
	return errors.Join(errs...)
}

// Writer carries the outcomes to ClickHouse.
type Writer struct {
	deliver.Config          `yaml:",inline"`
	clickhouse.WriterConfig `yaml:",inline"`
}

// ClickHouse says where the analytics go.
type ClickHouse struct {
	DSN string `yaml:"dsn"` // clickhouse://user:password@host:9000/database; empty: embedded
	// Database and User of the embedded engine; with a DSN they are in the DSN.
	Database   string `yaml:"database"`
	User       string `yaml:"user"`
	Libchdb    string `yaml:"libchdb"`     // engine library, instead of the fetched one
	Binary     string `yaml:"binary"`      // clickhouse executable, instead of the library
	NativePort int    `yaml:"native_port"` // of the embedded engine; 0 picks one
	HTTPPort   int    `yaml:"http_port"`
	// Tenants are readers who see the rows of one tenant only. The embedded engine
	// has them at its start; elsewhere `pinkstar migrate --users` makes them.
	Tenants []TenantReader `yaml:"tenants,omitempty"`
	// Storage is set by who owns the schema: this process when embedded, else
	// `pinkstar migrate`.
	clickhouse.Storage `yaml:",inline"`
}

// TenantReader is a user of ClickHouse for one tenant.
type TenantReader struct {
	Tenant   string      `yaml:"tenant"` // with which its scopes begin
	User     string      `yaml:"user"`
	Password secret.Text `yaml:"password"`
}

// TenantReaders returns them with their passwords read.
func (c *ClickHouse) TenantReaders() ([]rights.Tenant, error) {
	var out []rights.Tenant
	for i, t := range c.Tenants {
		if err := t.Password.Load(); err != nil {
			return nil, fmt.Errorf("clickhouse.tenants[%d].password: %w", i, err)
		}
		out = append(out, rights.Tenant{Tenant: t.Tenant, User: t.User, Password: t.Password.Reveal()})
	}
	return out, nil
}

// Default returns the configuration of a process that is told nothing.
func Default() Config {
	return Config{
		Data:   "pinkstar-data",
		Roles:  slices.Clone(Roles),
		Access: access.DefaultConfig(),
		HTTP: HTTP{
			Listen: "127.0.0.1:8080", ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
			WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
			MaxConnections: 1000, ShutdownTimeout: 20 * time.Second,
		},
		Log:        Log{Level: "info", Format: "auto"},
		Gateway:    ingest.DefaultConfig(),
		Notify:     Notify{Config: notify.DefaultConfig()},
		Process:    process.DefaultConfig(),
		Writer:     Writer{deliver.DefaultConfig(), clickhouse.DefaultWriterConfig()},
		Kafka:      Kafka{Config: kafka.DefaultConfig(), EmbeddedListen: "127.0.0.1:0", EmbeddedMaxBytes: 8 << 30},
		ClickHouse: ClickHouse{Database: "pinkstar", User: "pinkstar"},
		Labels:     schemas.DefaultNaming(),
		Web:        web.DefaultConfig(),
		Feeds:      feeds.DefaultConfig(),
		Origins:    map[string]string{},
	}
}

// Has reports whether the process has the role.
func (c *Config) Has(role string) bool { return slices.Contains(c.Roles, role) }

// EmbeddedKafka reports whether the broker is ours.
func (c *Config) EmbeddedKafka() bool { return len(c.Kafka.Brokers) == 0 }

// EmbeddedClickHouse reports whether the engine is ours.
func (c *Config) EmbeddedClickHouse() bool { return c.ClickHouse.DSN == "" }

// OpenToAnybody reports whether nobody has to say who they are where nothing
// else asks: on loopback, or because the configuration says so.
func (c *Config) OpenToAnybody() bool {
	return access.Loopback(c.HTTP.Listen) || c.Access.InsecureOpenToAnybody
}

// RequireToken makes every path of the gateway demand a bearer token, and the
// API too: there it belongs to the person of that name.
func (c *Config) RequireToken(token, name string) {
	c.Gateway.Sources = map[string]ingest.SourceConfig{}
	for _, p := range ingest.Paths() {
		c.Gateway.Sources[p[strings.LastIndexByte(p, '/')+1:]] = ingest.SourceConfig{Bearer: []secret.Text{secret.New(token)}}
	}
	own := secret.New(token)
	c.Access.Tokens = append(c.Access.Tokens, access.Token{Name: name, Role: "admin", Token: &own})
}
