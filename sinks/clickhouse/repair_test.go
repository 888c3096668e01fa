package clickhouse

import (
	"context"
	"slices"
	"testing"
)

// TestTablesThatLostTheirRowsAreNamed: the files of a table that are gone leave an
// empty table behind, and a list of what was written that says all is well.
func TestTablesThatLostTheirRowsAreNamed(t *testing.T) {
	owner := migrated(t)
	w := writer(as(t, shared.server.WriterDSN()))
	write(t, w, decisions(0, 10))
	for _, c := range []struct{ truncate, want []string }{
		{nil, nil},
		{[]string{"signals"}, []string{"signals"}},
		{[]string{"decisions"}, []string{"decisions"}},
	} {
		for _, name := range c.truncate {
			if err := do(t, owner, "TRUNCATE TABLE "+name); err != nil {
				t.Fatal(err)
			}
		}
		gone, err := Repair(t.Context(), owner)
		if err != nil || !slices.Equal(gone, c.want) {
			t.Errorf("without the rows of %v: %v, %v", c.truncate, gone, err)
		}
	}
	if err := Forget(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if gone, err := Repair(t.Context(), owner); err != nil || len(gone) != 0 {
		t.Errorf("nothing is said to be written: %v, %v", gone, err)
	}
}

// TestDroppedTablesComeBack: the writer goes on when the schema's owner mends
// it, whatever was dropped.
func TestDroppedTablesComeBack(t *testing.T) {
	owner := migrated(t)
	if gone, err := Repair(t.Context(), owner); err != nil || len(gone) != 0 {
		t.Fatalf("nothing is gone: %v, %v", gone, err)
	}
	w := writer(as(t, shared.server.WriterDSN()))
	write(t, w, decisions(0, 10))
	for _, name := range []string{"decisions", "written_ranges", "signals", "v_incidents"} {
		if err := do(t, owner, "DROP TABLE "+name); err != nil {
			t.Fatal(err)
		}
	}
	var gone []string
	w.MendWith(func(ctx context.Context) (err error) { gone, err = Repair(ctx, owner); return err })
	if err := w.Write(t.Context(), decisions(10, 10)); err == nil {
		t.Error("a batch was written into tables that are gone")
	}
	slices.Sort(gone)
	if !slices.Equal(gone, []string{"decisions", "signals", "v_incidents", "written_ranges"}) {
		t.Errorf("mended: %v", gone)
	}
	write(t, w, decisions(10, 10))
	if n := count(t, as(t, shared.server.ReaderDSN()), "SELECT count() FROM v_decisions"); n != 10 {
		t.Errorf("%d decisions", n)
	}
	count(t, as(t, shared.server.ReaderDSN()), "SELECT count() FROM v_incidents") // with its definer's rights again
	for _, name := range []string{"schema_migrations"} {
		if err := do(t, owner, "DROP TABLE "+name); err != nil {
			t.Fatal(err)
		}
	}
	if gone, err := Repair(t.Context(), owner); err != nil || len(gone) != 0 {
		t.Errorf("without the list of applied steps: %v, %v", gone, err)
	}
	if err := CheckSchema(t.Context(), owner); err != nil {
		t.Error(err)
	}
}
