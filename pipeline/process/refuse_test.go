package process

import (
	"testing"
	"time"
)

func TestARecordsTimeIsNeitherAheadNorInAnotherUnit(t *testing.T) {
	now := time.UnixMilli(1795343520123)
	for ms, want := range map[int64]int64{
		1795343520123: 1795343520123, 1795343520000: 1795343520000, 1795343520: 1795343520000, 1795343521: 1795343520123,
		1895343520123: 1795343520123, 0: 1795343520123, -1: 1795343520123, 7: 1795343520123,
	} {
		if got := clampTime(time.UnixMilli(ms), now).UnixMilli(); got != want {
			t.Errorf("%d: %d, want %d", ms, got, want)
		}
	}
}
