package schemas

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Two signals have one scope only when all that the scope is made of is the same,
// whatever is in the names.
func TestScopesNeverCollide(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, r.IntN(5))
		for i := range b {
			b[i] = "ab/%25F"[r.IntN(7)]
		}
		return string(b)
	}
	n := DefaultNaming()
	n.Scope = []string{"tenant", "environment", "cluster"}
	seen := map[string][3]string{}
	collide := func(escape bool) int {
		clear(seen)
		clashes := 0
		for range 20_000 {
			s := completed(t, Signal{Name: "x", Tenant: word(), Environment: word(), Labels: labels("cluster", word())})
			parts := [3]string{s.Tenant, s.Environment, s.Labels.Get("cluster")}
			scope := strings.Join(parts[:], "/")
			if escape {
				scope = n.scopeOf(&s)
			}
			if other, ok := seen[scope]; ok && other != parts {
				if clashes++; escape {
					t.Fatalf("%q: %q and %q", scope, other, parts)
				}
			}
			seen[scope] = parts
			if escape && (strings.Count(scope, "/") != 2 || parts[0] != "a" && strings.HasPrefix(scope, "a/")) {
				t.Fatalf("%q is the scope of %q", scope, parts)
			}
		}
		return clashes
	}
	collide(true)
	if collide(false) == 0 {
		t.Error("names that are only joined never clashed: this test shows nothing")
	}
	if a := completed(t, Signal{Name: "x", Tenant: "acme", Environment: "PRD"}); a.Scope != "acme/production" {
		t.Errorf("a usual scope has become %q", a.Scope)
	}
}

// Labels as the exporters in use write them name what they mean.
func TestDefaultNamingKnowsWhatIsInUse(t *testing.T) {
	for _, c := range []struct {
		of                                                   string
		labels                                               Labels
		service, instance, host, namespace, environment, who string
	}{
		{"kube-state-metrics", labels("job", "kube-state-metrics", "instance", "10.0.0.7:8080", "namespace", "shop", "pod", "web-6d5f7c9b8d-x2x7q", "container", "web"),
			"web", "web-6d5f7c9b8d-x2x7q", "", "shop", "production", ""},
		{"a StatefulSet", labels("job", "kube-state-metrics", "statefulset", "orders-db", "namespace", "shop"), "orders-db", "", "", "shop", "production", ""},
		{"node exporter", labels("job", "node-exporter", "instance", "10.0.0.9:9100", "nodename", "node-9"), "node-exporter", "10.0.0.9", "node-9", "", "production", ""},
		{"OpenTelemetry by Prometheus", labels("service_name", "cart", "k8s_pod_name", "cart-1", "k8s_node_name", "n1", "k8s_namespace_name", "otel", "deployment_environment", "stage", "owning_team", "cart-team"),
			"cart", "cart-1", "n1", "otel", "staging", "cart-team"},
		{"RDS", labels("job", "cloudwatch", "instance", "10.0.0.2:9106", "dbinstance_identifier", "orders-1"), "cloudwatch", "orders-1", "", "", "production", ""},
	} {
		s, n := completed(t, Signal{Name: "x", Labels: c.labels}), DefaultNaming()
		namespace, _ := s.Labels.Named(n.Namespace)
		if s.Service != c.service || s.Instance != c.instance || s.Host != c.host || namespace != c.namespace || s.Environment != c.environment || s.Team != c.who {
			t.Errorf("%s: service %q, instance %q, host %q, namespace %q, environment %q, team %q", c.of, s.Service, s.Instance, s.Host, namespace, s.Environment, s.Team)
		}
	}
}

// What is read again changes what labels name, and never a scope.
func TestWithinScopeKeepsScopes(t *testing.T) {
	was, now := DefaultNaming(), DefaultNaming()
	now.Service, now.Environment, now.Scope, now.DefaultTenant = []string{"svc"}, []string{"realm"}, []string{"cluster"}, "other"
	n := now.WithinScope(&was)
	if !n.SameScopes(&was) || now.SameScopes(&was) || !slices.Equal(n.Service, now.Service) {
		t.Errorf("%+v", n)
	}
}
