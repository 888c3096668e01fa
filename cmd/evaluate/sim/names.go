package sim

import "fmt"

// families are what businesses name systems after. A family becomes several
// services whose names contain each other: payment, payment-api,
// payment-api-gateway.
var families = []string{
	"payment", "checkout", "order", "catalog", "inventory", "shipping", "user", "account", "search", "cart",
	"pricing", "billing", "invoice", "notification", "recommendation", "review", "loyalty", "fraud", "ledger",
	"booking", "schedule", "media", "profile", "session", "analytics", "report", "document", "contract",
	"claim", "quote", "customer", "device", "telemetry", "fleet", "route", "warehouse", "return", "voucher",
	"subscription", "content", "comment", "message", "translation", "tax", "currency", "settlement", "risk",
	"partner", "supplier", "campaign", "audit", "identity", "ticketing", "export", "import", "archive",
	"pay", "cat", "book", "data", "event", "stock", "price", "store", "offer", "token",
}

var hubNames = []string{"auth", "dns", "config-server", "kafka", "service-mesh", "vault", "feature-flags", "object-store"}

var frontNames = []string{"web", "mobile", "partner-portal", "admin", "public-api", "edge"}

// backing systems: class in the vocabulary, suffix of the service's name, and
// the exporter that the alerts come from.
var backings = []struct{ class, suffix, exporter, port string }{
	{"postgres", "db", "postgres-exporter", "9187"},
	{"mysql", "mysql", "mysqld-exporter", "9104"},
	{"redis", "cache", "redis_exporter", "9121"},
	{"mongodb", "mongo", "mongodb-exporter", "9216"},
	{"elasticsearch", "index", "elasticsearch-exporter", "9114"},
	{"rabbitmq", "queue", "rabbitmq", "15692"},
	{"cassandra", "store", "cassandra-exporter", "8080"},
	{"memcached", "memcached", "memcached-exporter", "9150"},
}

var hubClass = map[string]string{
	"auth": "auth", "dns": "dns", "config-server": "consul", "kafka": "kafka", "service-mesh": "mesh",
	"vault": "vault", "feature-flags": "etcd", "object-store": "storage",
}

var runtimes = []string{"jvm", "golang", "python", "ruby"}

var teamNames = []string{
	"commerce", "money", "logistics", "growth", "identity", "platform", "data", "storefront", "mobile",
	"integrations", "insight", "trust",
}

var regions = []string{"eu-west-1", "eu-central-1"}

const podAlphabet = "bcdfghjklmnpqrstvwxz2456789"

// podName is what Kubernetes calls a pod: of a deployment (name, hash of the
// replica set, five characters) or of a stateful set (name and ordinal).
func podName(d dice, service string, stateful bool, ordinal int) string {
	if stateful {
		return fmt.Sprintf("%s-%d", service, ordinal)
	}
	return service + "-" + letters(d, d.between(9, 10)) + "-" + letters(d, 5)
}

func letters(d dice, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = podAlphabet[d.IntN(len(podAlphabet))]
	}
	return string(b)
}
