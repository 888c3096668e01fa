package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestRatiosAreMediansOfTurns(t *testing.T) {
	r := &Result{}
	r.add(Figure{ID: "B1", Peer: "other"}, []float64{1, 2, 4}, []float64{8, 8, 8}, true)
	r.add(Figure{ID: "B2", Peer: "other"}, []float64{30, 20, 10}, []float64{10, 10, 5}, false)
	r.add(Figure{ID: "B8"}, []float64{3, 1, 2}, nil, false)
	for i, want := range []struct{ value, peer, ratio float64 }{{2, 8, 4}, {20, 10, 2}, {2, 0, 0}} {
		if f := r.Figures[i]; f.Value != want.value || f.PeerValue != want.peer || f.Ratio != want.ratio {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
	if p := percentile([]float64{5, 1, 2, 3, 4}, 0.99); p != 5 {
		t.Errorf("p99 %v", p)
	}
	var text, js bytes.Buffer
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "4.00") {
		t.Errorf("%v\n%s", err, &text)
	}
	var back Result
	if err := r.JSON(&js); err != nil || json.Unmarshal(js.Bytes(), &back) != nil || len(back.Figures) != 3 || back.Figures[0].Ratio != 4 {
		t.Errorf("%v\n%s", err, &js)
	}
}

// What both sides are given is the same, and what it says it is.
func TestLoadsAreWhatTheySay(t *testing.T) {
	at := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	var hook struct {
		Alerts []struct {
			Labels      map[string]string
			Fingerprint string
		}
	}
	var direct []struct{ Labels map[string]string }
	if err := json.Unmarshal(webhook("00000001", 100, 50, at), &hook); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(posted("00000001", 100, 50, at), &direct); err != nil {
		t.Fatal(err)
	}
	if len(hook.Alerts) != 50 || len(direct) != 50 {
		t.Fatalf("%d and %d alerts", len(hook.Alerts), len(direct))
	}
	for i := range direct {
		if a, b := hook.Alerts[i].Labels, direct[i].Labels; a["pod"] != b["pod"] || a["service"] != b["service"] || len(a) != len(b) {
			t.Errorf("%v\n%v", a, b)
		}
	}
	for _, fresh := range []int{1, 50} {
		list, err := signals(1000, fresh)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for i := range list {
			ids[list[i].ID] = true
		}
		if len(ids) != 1000/fresh {
			t.Errorf("one in %d new: %d ids of 1000", fresh, len(ids))
		}
	}
}

func TestTheEngineAloneIsMeasured(t *testing.T) {
	o := Options{Quick: true, Turns: 1, Only: []string{"B8"}, Say: t.Logf}
	if !testing.Short() {
		o.Only = append(o.Only, "B5")
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Figures) != len(o.Only) {
		t.Errorf("%d figures of %v", len(r.Figures), o.Only)
	}
	for _, f := range r.Figures {
		if f.Value <= 0 || f.ID == "B5" && f.Ratio <= 0 {
			t.Errorf("%+v", f)
		}
	}
}
