package demo

import (
	"context"
	"time"

	"pinkstar/sinks/message"
)

// Settings is what the demo asks of the pipeline it is told with.
type Settings struct {
	DataDir  string // where the embedded Kafka and ClickHouse keep their files
	Rules    []byte // YAML
	Topology []byte // YAML
	Token    string // bearer token that gateway and API are to demand
	Operator string // whose it is
	// Targets are where messages go, Accounts the operator's there by their names, and
	// Since from when on anybody is told.
	Targets  []message.Config
	Accounts map[string]string
	Since    time.Time
	// Now is the clock of everything that stamps a record. See Clock.
	Now func() time.Time
}

// Endpoints is where a running pipeline is reached.
type Endpoints struct {
	HTTP        string // http://127.0.0.1:port: the gateway and the API
	Kafka       string // host:port
	TopicPrefix string

	ClickHouseHTTP     string // http://127.0.0.1:port
	ClickHouseNative   string // host:port
	ClickHouseDatabase string
	ClickHouseUser     string
	ClickHousePassword string
}

// Pipeline is a whole Pinkstar running in this process.
type Pipeline struct {
	Endpoints Endpoints
	// Failed gives the error of a part that died on its own.
	Failed <-chan error
	// Stop ends it, upstream first.
	Stop func(context.Context) error
}

// StartFunc starts every role with everything embedded and returns when all of
// it is ready. The wiring lives in cmd/pinkstar; the demo only tells a story
// with it.
type StartFunc func(context.Context, Settings) (*Pipeline, error)
