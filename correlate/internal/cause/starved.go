package cause

import "strings"

// starvedWords are what names of alerts say that tell of missing work, without
// signs between the words.
var starvedWords = [...]string{"norequest", "lowrequest", "requestratelow", "requestsdropped", "notraffic", "lowtraffic", "trafficdrop", "trafficlow",
	"nodatabaseoperation", "noquer", "noorders", "nodata", "lowthroughput"}

// Starved reports whether an alert called name tells that nothing arrives: then
// what should send it is ill, not what raises the alert.
func Starved(name string) bool {
	folded := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, name)
	for _, w := range starvedWords {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return false
}
