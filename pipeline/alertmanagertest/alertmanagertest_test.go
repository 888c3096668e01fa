package alertmanagertest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"pinkstar/pipeline/alertmanagertest"
)

// patience is how long the test waits, on a loaded machine too.
const patience = 4 * time.Minute

// TestWebhookComesOut checks the harness itself: an alert posted as Prometheus
// posts it reaches the receiver as a webhook of version 4.
func TestWebhookComesOut(t *testing.T) {
	got := make(chan map[string]any, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		if json.NewDecoder(r.Body).Decode(&m) == nil {
			got <- m
		}
	}))
	defer srv.Close()
	am := alertmanagertest.Start(t, alertmanagertest.Config(srv.URL, "", "", ""))
	am.Post(alertmanagertest.Alert{Labels: map[string]string{"alertname": "ShieldDown", "service": "shield-generator"}})
	select {
	case m := <-got:
		if m["version"] != "4" || m["status"] != "firing" {
			t.Fatalf("got version %v, status %v; want 4, firing", m["version"], m["status"])
		}
	case <-time.After(patience):
		t.Fatal("no webhook")
	}
}

// TestDeploySnippet checks that the alertmanager.yml which the README points to
// is one that Alertmanager starts with.
func TestDeploySnippet(t *testing.T) {
	config, err := os.ReadFile("../../deploy/alertmanager/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	alertmanagertest.Start(t, string(config))
}
