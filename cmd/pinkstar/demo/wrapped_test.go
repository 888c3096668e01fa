package demo

import (
	"testing"

	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// TestHistoryKeepsItsTimes takes the year through the translators as the
// normaliser does: the present is given, and still the past comes out.
func TestHistoryKeepsItsTimes(t *testing.T) {
	tr := ingest.NewTranslator(schemas.DefaultNaming(), ingest.DefaultLimits())
	now := schemas.TimeOf(storyTime)
	for i, e := range History(storyTime) {
		got, err := tr.Recognise(schemas.TopicAlerts, nil, e.record(), now)
		if err != nil || len(got) != 1 {
			t.Fatalf("event %d: %d signals, %v", i, len(got), err)
		}
		if want := schemas.TimeOf(e.At); got[0].ReceivedAt != want || len(got[0].Flags) > 0 {
			t.Fatalf("event %d: received at %s, want %s; flags %v", i, got[0].ReceivedAt, want, got[0].Flags)
		}
	}
	// What lies ahead is cut to the present.
	ahead := pastEvent{At: storyTime.AddDate(1, 0, 0), Source: "alertmanager", Payload: History(storyTime)[0].Payload}
	got, err := tr.Recognise(schemas.TopicAlerts, nil, ahead.record(), now)
	if err != nil || len(got) != 1 || got[0].ReceivedAt != now {
		t.Errorf("from the future: %+v, %v", got, err)
	}
}
