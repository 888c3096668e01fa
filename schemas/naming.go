package schemas

import (
	"maps"
	"slices"
	"strings"
)

// Naming says under which labels teams write what Pinkstar needs to know: the one
// place where labels have a meaning. In each list the first label that is present
// wins.
type Naming struct {
	Service []string `yaml:"service"`
	// WeakService are those of Service that often name something else, such as what
	// exports the metrics: the correlator believes them only of a declared service,
	// or when nothing else says what an alert is about.
	WeakService []string `yaml:"weak_service"`
	Namespace   []string `yaml:"namespace"`
	Environment []string `yaml:"environment"`
	Tenant      []string `yaml:"tenant"`
	Team        []string `yaml:"team"`
	Severity    []string `yaml:"severity"`
	Instance    []string `yaml:"instance"`
	Host        []string `yaml:"host"`

	// DefaultTenant and DefaultEnvironment stand in for a missing label. An
	// alert without an environment is taken to be production's: that is the
	// one that has to be looked at.
	DefaultTenant      string `yaml:"default_tenant"`
	DefaultEnvironment string `yaml:"default_environment"`
	// Environments are all there are, for what names none and holds in each: an
	// Alertmanager silence. Without them it holds in the default one alone.
	Environments []string `yaml:"environments"`
	// Scope lists what the correlation scope is made of: "tenant",
	// "environment", or the name of a label. Nothing correlates across scopes.
	Scope []string `yaml:"scope"`
	// EnvironmentAliases maps other spellings to one, lower case.
	EnvironmentAliases map[string]string `yaml:"environment_aliases"`
}

// DefaultNaming returns the labels in common use: OpenTelemetry's, with dots and as
// Prometheus writes them, those of Kubernetes and kube-state-metrics, and those of
// the usual exporters, cloud providers' too.
func DefaultNaming() Naming {
	return Naming{
		Service: []string{"service", "service_name", "service.name", "app", "app_kubernetes_io_name", "app.kubernetes.io/name", "k8s_app",
			"component", "deployment", "k8s_deployment_name", "statefulset", "daemonset", "cronjob", "container", "workload", "job"},
		WeakService: []string{"job", "component", "container", "workload"},
		Namespace:   []string{"namespace", "kubernetes_namespace", "exported_namespace", "k8s_namespace_name", "k8s.namespace.name"},
		Environment: []string{"environment", "env", "deployment_environment_name", "deployment.environment.name", "deployment.environment", "deployment_environment"},
		Tenant:      []string{"tenant", "tenant_id", "org", "customer"},
		Team:        []string{"team", "owner", "owning_team", "squad"},
		Severity:    []string{"severity", "priority", "level"},
		// What a cloud's exporter tells of comes before the exporter's own address.
		Instance: []string{"pod", "pod_name", "k8s_pod_name", "k8s.pod.name", "kubernetes_pod_name", "dbinstance_identifier", "instance_id", "instance",
			"device", "container_id"},
		Host: []string{"host", "hostname", "node", "nodename", "host_name", "host.name", "k8s_node_name", "k8s.node.name", "kubernetes_node",
			"kubernetes_io_hostname", "node_name", "server"},
		DefaultTenant:      "default",
		DefaultEnvironment: "production",
		Scope:              []string{"tenant", "environment"},
		EnvironmentAliases: map[string]string{
			"prod": "production", "prd": "production", "live": "production",
			"stg": "staging", "stage": "staging", "preprod": "staging", "pre-prod": "staging",
			"dev": "development", "devel": "development",
			"qa": "test", "testing": "test", "uat": "test",
		},
	}
}

// Role is one of the things that a label may name, and under which labels.
type Role struct {
	Name   string
	Labels []string
}

// Roles are all roles, the ones that people ask for first.
func (n *Naming) Roles() []Role {
	return []Role{
		{"service", n.Service}, {"host", n.Host}, {"instance", n.Instance}, {"namespace", n.Namespace},
		{"environment", n.Environment}, {"tenant", n.Tenant}, {"team", n.Team}, {"severity", n.Severity},
	}
}

// Named returns the value of the first label of a role that says something, without
// the spaces around it, and that label; "" when none does.
func (ls Labels) Named(role []string) (value, label string) {
	for _, name := range role {
		if v := strings.TrimSpace(ls.Get(name)); v != "" {
			return v, name
		}
	}
	return "", ""
}

func (n *Naming) fromLabels(s *Signal) {
	first := func(v string, role []string) string {
		if v == "" {
			v, _ = s.Labels.Named(role)
		}
		return v
	}
	s.Service = first(s.Service, n.Service)
	s.Team = first(s.Team, n.Team)
	s.Host = StripPort(first(s.Host, n.Host))
	s.Instance = StripPort(first(s.Instance, n.Instance))
	severity := first(string(s.Severity), n.Severity)
	if s.Severity = ParseSeverity(severity); overWords[strings.ToLower(severity)] {
		s.Severity = severityOver
	}
	if s.Tenant = first(s.Tenant, n.Tenant); s.Tenant == "" {
		s.Tenant = n.DefaultTenant
	}
	s.Environment = n.EnvironmentOf(first(s.Environment, n.Environment))
}

// EnvironmentOf is the environment that a spelling means, the default for none.
func (n *Naming) EnvironmentOf(name string) string {
	env := strings.ToLower(name)
	if env == "" {
		env = n.DefaultEnvironment
	}
	if a, ok := n.EnvironmentAliases[env]; ok {
		env = a
	}
	return env
}

func (n *Naming) scopeOf(s *Signal) string {
	parts := make([]string, 0, len(n.Scope))
	for _, p := range n.Scope {
		var v string
		switch p {
		case "tenant":
			v = s.Tenant
		case "environment":
			v = s.Environment
		default:
			v = strings.TrimSpace(s.Labels.Get(p))
		}
		parts = append(parts, ScopePart(v))
	}
	return strings.Join(parts, "/")
}

// ScopePart is how a tenant, an environment or another label's value stands in the
// name of a scope, whose parts have slashes between: the tenant "a/b" is no tenant
// "a", and two scopes never have one name.
func ScopePart(value string) string { return scopeEscapes.Replace(value) }

var scopeEscapes = strings.NewReplacer("%", "%25", "/", "%2F")

// WithinScope returns n with all that makes up a scope's name as in settled: what is
// open lives under that name, and a process that runs keeps it.
func (n Naming) WithinScope(settled *Naming) Naming {
	n.Environment, n.Tenant, n.Scope = settled.Environment, settled.Tenant, settled.Scope
	n.DefaultTenant, n.DefaultEnvironment = settled.DefaultTenant, settled.DefaultEnvironment
	n.Environments, n.EnvironmentAliases = settled.Environments, settled.EnvironmentAliases
	return n
}

// SameScopes reports whether n and o make the same names of scopes.
func (n *Naming) SameScopes(o *Naming) bool {
	return slices.Equal(n.Environment, o.Environment) && slices.Equal(n.Tenant, o.Tenant) && slices.Equal(n.Scope, o.Scope) &&
		n.DefaultTenant == o.DefaultTenant && n.DefaultEnvironment == o.DefaultEnvironment &&
		slices.Equal(n.Environments, o.Environments) && maps.Equal(n.EnvironmentAliases, o.EnvironmentAliases)
}
