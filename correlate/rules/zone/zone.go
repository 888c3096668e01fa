// Package zone has the time zones that rotas are written in.
//
// # Non-obvious
//
//   - The zones come with the binary and never from the machine: two machines, or
//     the same one after an update, must read a rota alike, since the engine that
//     asks is a function of its log. zoneinfo.zip is Go's (lib/time, compiled from
//     IANA's tz database, which is in the public domain); a newer Go brings a newer
//     one: copy it here.
package zone

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"time"
)

//go:embed zoneinfo.zip
var zones []byte

// Load returns an IANA zone, UTC for "" and "UTC".
func Load(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	unknown := fmt.Errorf("zone %q is not one of IANA's, such as Europe/Rome", name)
	archive, err := zip.NewReader(bytes.NewReader(zones), int64(len(zones)))
	if err != nil {
		return nil, fmt.Errorf("reading the zones in the binary: %w", err)
	}
	f, err := archive.Open(name)
	if err != nil {
		return nil, unknown
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, unknown
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, fmt.Errorf("zone %q: %w", name, err)
	}
	return loc, nil
}
