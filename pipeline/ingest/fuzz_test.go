package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"pinkstar/schemas"
)

// checkTranslation holds whatever a payload gives to what everything after the
// gateway relies on.
func checkTranslation(t *testing.T, l Limits, body []byte, translate func() ([]schemas.Signal, error)) {
	t.Helper()
	signals, err := translate()
	var rs Refusals
	if err != nil && (!errors.As(err, &rs) || len(rs) == 0) {
		t.Fatalf("error without a refusal: %v", err)
	}
	if len(signals)+len(rs) > l.Signals {
		t.Fatalf("%d signals and refusals", len(signals)+len(rs))
	}
	for _, r := range rs {
		if r.Error() == "" || r.Offset > len(body) || r.Index < -1 {
			t.Fatalf("refusal %+v of %d bytes", r, len(body))
		}
		if r.Index < 0 && len(signals) > 0 {
			t.Fatalf("the whole payload is refused, and %d signals come out: %v", len(signals), err)
		}
	}
	if p := Positions(len(signals), err); len(p) != len(signals) {
		t.Fatalf("positions %v", p)
	}
	for i := range signals {
		s := &signals[i]
		id, err := schemas.ParseID(s.ID)
		if err != nil || id.IsZero() || s.Scope == "" || s.Name == "" || s.Fingerprint == "" || s.Source == "" ||
			s.StartsAt == 0 || s.ReceivedAt == 0 || s.Activation != nil {
			t.Fatalf("incomplete: %+v", s)
		}
		b := schemas.AppendSignal(nil, s)
		if !json.Valid(b) {
			t.Fatalf("not JSON: %s", b)
		}
		if len(b) > 900_000 {
			t.Fatalf("%d bytes do not fit into a record", len(b))
		}
		var back schemas.Signal
		if err := schemas.DecodeSignal(b, &back); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if again := schemas.AppendSignal(nil, &back); !bytes.Equal(again, b) {
			t.Fatalf("not stable:\n%s\n%s", b, again)
		}
	}
	if again, err2 := translate(); !bytes.Equal(lines(again, err2), lines(signals, err)) {
		t.Fatalf("twice the same bytes, two results")
	}
}

// fuzzLimits are the real ones, less what would only make the search slow.
func fuzzLimits() Limits {
	l := DefaultLimits()
	l.Signals, l.CalendarWindows = 200, 20
	return l
}

func fuzzSource(f *testing.F, source Source) {
	for _, b := range readPayloads(f) {
		f.Add(b)
	}
	l := fuzzLimits()
	tr := NewTranslator(schemas.DefaultNaming(), l)
	f.Fuzz(func(t *testing.T, body []byte) {
		checkTranslation(t, l, body, func() ([]schemas.Signal, error) {
			return tr.Translate(source, body, Meta{ReceivedAt: receivedAt})
		})
	})
}

func FuzzAlertmanager(f *testing.F) { fuzzSource(f, SourceAlertmanager) }
func FuzzGrafana(f *testing.F)      { fuzzSource(f, SourceGrafana) }
func FuzzJira(f *testing.F)         { fuzzSource(f, SourceJira) }
func FuzzServiceNow(f *testing.F)   { fuzzSource(f, SourceServiceNow) }
func FuzzPagerDuty(f *testing.F)    { fuzzSource(f, SourcePagerDuty) }
func FuzzCloudEvents(f *testing.F)  { fuzzSource(f, SourceCloudEvents) }
func FuzzCDEvents(f *testing.F)     { fuzzSource(f, SourceCDEvents) }
func FuzzSilences(f *testing.F)     { fuzzSource(f, SourceSilences) }
func FuzzRecorder(f *testing.F)     { fuzzSource(f, SourceRecorder) }
func FuzzCalendar(f *testing.F)     { fuzzSource(f, SourceCalendar) }
func FuzzSignals(f *testing.F)      { fuzzSource(f, SourceSignals) }

// FuzzOtherSenders tries a text as each sender's without a target of its own.
func FuzzOtherSenders(f *testing.F) {
	others := []Source{
		SourceAzure, SourceCloudWatch, SourceDatadog, SourceDynatrace, SourceGoogleCloud, SourceIcinga, SourceNagios, SourceNewRelic,
		SourceOpsgenie, SourceSentry, SourceSplunk, SourceZabbix,
	}
	for name, b := range readPayloads(f) {
		if i := slices.Index(others, senderOf(name)); i >= 0 {
			f.Add(uint8(i), b)
		}
	}
	l := fuzzLimits()
	tr := NewTranslator(schemas.DefaultNaming(), l)
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		source := others[int(which)%len(others)]
		checkTranslation(t, l, body, func() ([]schemas.Signal, error) {
			return tr.Translate(source, body, Meta{ReceivedAt: receivedAt})
		})
	})
}

func FuzzRecognise(f *testing.F) {
	for _, b := range readPayloads(f) {
		f.Add(b, "", "", int64(receivedAt))
	}
	f.Add([]byte(`{"name":"x"}`), schemas.TypeSignal, "application/json", int64(0))
	f.Add([]byte(`[]`), "", "application/cloudevents-batch+json", int64(0))
	l := fuzzLimits()
	tr := NewTranslator(schemas.DefaultNaming(), l)
	f.Fuzz(func(t *testing.T, body []byte, typ, contentType string, at int64) {
		var headers []Header
		if typ != "" {
			headers = []Header{{"ce_type", []byte(typ)}, {"ce_id", []byte("1")}, {"ce_source", []byte("s")}, {"ce_specversion", []byte("1.0")}}
		}
		headers = append(headers, Header{"content-type", []byte(contentType)})
		if at < 0 || at > int64(4*receivedAt) {
			at = 0
		}
		checkTranslation(t, l, body, func() ([]schemas.Signal, error) {
			return tr.Recognise("alerts", headers, body, schemas.Time(at))
		})
	})
}
