package rules

import (
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// What the settings say of labels is part of the set: of its text, which the log
// carries, and of its version.
func TestNamed(t *testing.T) {
	n := schemas.DefaultNaming()
	usual := Default()
	if same, twice, err := usual.Named(&n); err != nil || same != usual || twice != nil {
		t.Errorf("nothing of its own: %v %v", twice, err)
	}
	n.Service, n.Host = []string{"unit", "job"}, []string{"box"}
	set, twice, err := usual.Named(&n)
	if err != nil || twice != nil || set.Version == usual.Version {
		t.Fatalf("version %s, %v %v", set.Version, twice, err)
	}
	back, err := Parse("log", set.Text, FromLog)
	if err != nil || !slices.Equal(back.Correlation.ServiceLabels, n.Service) || !slices.Equal(back.Correlation.HostLabels, n.Host) {
		t.Errorf("out of the log: %v %v", back.Correlation, err)
	}
	if c := Default().Correlation; slices.Equal(c.HostLabels, n.Host) {
		t.Error("the defaults changed with it")
	}

	own, err := Parse("own", []byte("correlation: {service_labels: [svc]}"))
	if err != nil {
		t.Fatal(err)
	}
	set, twice, err = own.Named(&n)
	if err != nil || !slices.Equal(set.Correlation.ServiceLabels, []string{"svc"}) || !slices.Equal(set.Correlation.HostLabels, n.Host) {
		t.Errorf("rules with a list of their own: %v %v", set.Correlation, err)
	}
	if len(twice) != 1 || !strings.Contains(twice[0], "correlation.service_labels") || !strings.Contains(twice[0], "labels.service") {
		t.Errorf("said of it: %q", twice)
	}
}
