package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSeedRanges(t *testing.T) {
	got, err := seedRange("1-3, 7,9-9")
	if err != nil || len(got) != 5 || got[4] != 9 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "x", "3-1", "1-", "1-9999", "1-600,1001-1600"} {
		if _, err := seedRange(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestTheTableIsPrintedAndMistakesAreSaid(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"--level", "easy", "--seeds", "1", "--no-micross"}, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "session") {
		t.Errorf("no comparator in the table:\n%s", out.String())
	}
	for _, args := range [][]string{{"--seeds", "x"}, {"--nothing"}, {"--level", "easy,typo"}, {"--level", "", "--no-micross"}} {
		if code := run(args, &out, &errs); code != exitUsage {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}
