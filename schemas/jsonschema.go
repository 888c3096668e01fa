package schemas

import "embed"

// JSONSchemas holds the published JSON Schemas (draft 2020-12) of every wire
// type. They are made from the Go types by the test beside them
// (go test ./schemas -run JSONSchema -update) and can't drift from them.
//
//go:embed *.schema.json
var JSONSchemas embed.FS
