package clickhouse

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pinkstar/schemas"
)

// BenchmarkWriter compares the writer, from JSON records to acknowledged rows,
// with direct inserts of the same rows whose columns are ready in memory: the
// most that this client and this server can do. Both run in turns, five times,
// on the same engine. "ratio" is the median of the turns' ratios.
func BenchmarkWriter(b *testing.B) {
	const n = 100_000
	conn := migrated(b)
	c := NewComparison(conn, decisions(0, n))
	var ratios, rates, directs []float64
	for range 5 * b.N {
		began := time.Now()
		if err := c.Write(b.Context()); err != nil {
			b.Fatal(err)
		}
		ours := time.Since(began)
		began = time.Now()
		if err := c.Direct(b.Context()); err != nil {
			b.Fatal(err)
		}
		direct := time.Since(began)
		ratios = append(ratios, direct.Seconds()/ours.Seconds())
		rates = append(rates, n/ours.Seconds())
		directs = append(directs, n/direct.Seconds())
		for _, t := range []string{"signals", "decisions"} {
			if err := do(b, conn, "TRUNCATE TABLE "+t); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(median(rates), "decisions/s")
	b.ReportMetric(median(directs), "direct/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(0, "ns/op")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkDecode is one decision with its signal, from JSON to columns.
func BenchmarkDecode(b *testing.B) {
	batch := decisions(0, 10_000)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(batch.Records[0].Value)))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%len(batch.Records) == 0 {
				r := decode(batch)
				if in := r.inserts(false); len(in) != 3 || in[1].n != len(batch.Records) {
					b.Fatal("not every record was read")
				}
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			var d schemas.Decision
			if err := json.Unmarshal(batch.Records[i%len(batch.Records)].Value, &d); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestDecodeAgreesWithEncodingJSON checks the hand-written reading of
// decisions against the standard library's.
func TestDecodeAgreesWithEncodingJSON(t *testing.T) {
	for i := range 50 {
		want := sampleDecision(i)
		want.WindowID, want.Learnt, want.Repeats = fmt.Sprint("w", i), "l", int64(i)
		want.RunnerUp = &schemas.RunnerUp{IncidentID: "INC-X", Score: 3, Reason: "a \"quote\" \u00e9 \n"}
		rec := record(int64(i), schemas.TypeDecision, want)
		ours := newDecisionRows(1)
		if err := ours.add(rec.Value, string(rec.Value)); err != nil {
			t.Fatal(err)
		}
		var std schemas.Decision
		if err := json.Unmarshal(rec.Value, &std); err != nil {
			t.Fatal(err)
		}
		evidence, _ := schemas.Marshal(std.Evidence)
		runnerUp, _ := schemas.Marshal(std.RunnerUp)
		other := newDecisionRows(1)
		other.decisions.put(&decisionRow{std, string(evidence), string(runnerUp)})
		other.signals.put(&signalRow{Signal: *std.Signal})
		if got, want := fmt.Sprint(ours.inserts()), fmt.Sprint(other.inserts()); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}
