package correlate

import (
	"testing"

	"pinkstar/schemas"
)

func TestServicesInTheNamesOfPods(t *testing.T) {
	e := New(nil, nil)
	for _, c := range []struct{ label, value, want string }{
		{"pod", "basket-api-7d9f8b6c5-x2x4z", "basket-api"},
		{"instance", "basket-api-7d9f8b6c5-x2x4z:8080", "basket-api"},
		{"pod", "kafka-2", "kafka"},
		{"instance", "kafka-2:9308", ""}, // or a machine, as the next two
		{"instance", "node-7:9100", ""},
		{"instance", "ip-10-0-3-17", ""},
		{"instance", "node-17.eu-west-1:9100", ""},
		{"pod", "basket-api", ""},
	} {
		s := schemas.Signal{Name: "x", ReceivedAt: t0, Labels: schemas.LabelsOf(map[string]string{c.label: c.value})}
		naming := schemas.DefaultNaming()
		if err := naming.Complete(&s); err != nil {
			t.Fatal(err)
		}
		if got := e.ServiceOf(&s); got != c.want {
			t.Errorf("%s=%s: service %q, want %q", c.label, c.value, got, c.want)
		}
	}
}
