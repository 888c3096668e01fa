// Package send produces signals as a producing team's own program would: with
// kafka-go, a client that shares no code with the one Pinkstar consumes with.
//
// # Non-obvious
//
//   - The key is the scope, and the balancer is Java's murmur2: every client of
//     Kafka then picks the same partition for a scope.
//   - A line without received_at is sent as received now; one with it keeps it,
//     which is how a recorded history is loaded into an installation that has taken
//     nothing yet. One that runs would measure it against now: `pinkstar import`
//     is for that, and old lines are warned of.
//   - A line that cannot be read ends the sending, with its number: what stands
//     before it is acknowledged, nothing after it was sent. The same file can be
//     sent again once it is mended, since every signal keeps its id.
package send

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Options say where to and how.
type Options struct {
	Kafka  kafka.Config
	Naming schemas.Naming
	Limits ingest.Limits
	// Mappings are senders that the configuration describes.
	Mappings ingest.Mappings
	Topic    string // full name; empty: by kind
	// SkipBad sends what can be read and reports the rest at the end.
	SkipBad bool
	Now     func() time.Time
	// Old is called once, before the first signal is sent that was received more
	// than OldAfter ago.
	Old func(received schemas.Time)
}

// OldAfter is from when on a signal is history: an installation that runs would
// take it for news that came late.
const OldAfter = 24 * time.Hour

// Summary counts what happened.
type Summary struct {
	Sent int
	Bad  []string // "line 3: why", at most 20
	More int      // further ones
}

// batchSize is how many signals are acknowledged at once.
const batchSize = 1000

// Run sends every signal in the file.
func Run(ctx context.Context, in io.Reader, opts Options) (Summary, error) {
	var sum Summary
	w, err := newWriter(&opts)
	if err != nil {
		return sum, err
	}
	err = send(ctx, in, &opts, w, &sum)
	return sum, errors.Join(err, w.Close())
}

func send(ctx context.Context, in io.Reader, opts *Options, w *kafkago.Writer, sum *Summary) error {
	inside, done, err := ndjson.Decompressed(in)
	if err != nil {
		return err
	}
	defer done()
	lines := ndjson.NewReader(inside, int(opts.Limits.DecompressedBytes))
	translator := ingest.NewTranslator(opts.Naming, opts.Limits, opts.Mappings)
	var batch []kafkago.Message
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := w.WriteMessages(ctx, batch...); err != nil {
			return fmt.Errorf("%d signals are acknowledged; then: %w", sum.Sent, err)
		}
		sum.Sent += len(batch)
		batch = batch[:0]
		return nil
	}
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		var signals []schemas.Signal
		if err == nil {
			signals, err = translator.Recognise("", nil, line, receivedAt(line, opts.Now))
		} else if !errors.Is(err, ndjson.ErrLongLine) {
			return err
		}
		if err != nil {
			if !opts.SkipBad {
				return errors.Join(flush(), fmt.Errorf("line %d: %w (nothing after it was sent; --skip-bad sends what can be read)", lines.Number(), err))
			}
			sum.bad(lines.Number(), err)
		}
		for i := range signals {
			if opts.Old != nil && signals[i].ReceivedAt.Std().Before(opts.Now().Add(-OldAfter)) {
				opts.Old(signals[i].ReceivedAt)
				opts.Old = nil
			}
			batch = append(batch, message(opts, &signals[i]))
		}
		if len(batch) >= batchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

func (s *Summary) bad(line int, err error) {
	if len(s.Bad) == 20 {
		s.More++
		return
	}
	s.Bad = append(s.Bad, fmt.Sprintf("line %d: %v", line, err))
}

// receivedAt is zero when the line says it itself.
func receivedAt(line []byte, now func() time.Time) schemas.Time {
	var own struct {
		ReceivedAt schemas.Time `json:"received_at"`
	}
	if json.Unmarshal(line, &own) == nil && own.ReceivedAt != 0 {
		return 0
	}
	return schemas.TimeOf(now())
}

func message(opts *Options, s *schemas.Signal) kafkago.Message {
	topic := opts.Topic
	if topic == "" {
		topic = opts.Kafka.Topic(TopicFor(s.Kind))
	}
	header := func(k, v string) kafkago.Header { return kafkago.Header{Key: k, Value: []byte(v)} }
	return kafkago.Message{
		Topic: topic, Key: []byte(s.Scope), Value: schemas.AppendSignal(nil, s), Time: s.ReceivedAt.Std(),
		Headers: []kafkago.Header{
			header(schemas.HeaderID, s.ID), header(schemas.HeaderType, schemas.TypeSignal), header(schemas.HeaderSource, s.Source),
			header(schemas.HeaderSpecVersion, schemas.SpecVersion), header(schemas.HeaderContentType, schemas.ContentTypeJSON),
		},
	}
}

// TopicFor returns the input topic that a kind belongs on, without the prefix.
func TopicFor(k schemas.Kind) string {
	switch k {
	case schemas.KindTicket:
		return schemas.TopicTickets
	case schemas.KindMaintenance, schemas.KindChange:
		return schemas.TopicChanges
	default:
		return schemas.TopicAlerts
	}
}

func newWriter(opts *Options) (*kafkago.Writer, error) {
	if len(opts.Kafka.Brokers) == 0 {
		return nil, errors.New("no brokers: give --brokers host:port, or --data DIR of a running `pinkstar run`")
	}
	transport := &kafkago.Transport{ClientID: opts.Kafka.ClientID + ".send", DialTimeout: 10 * time.Second}
	var err error
	if transport.TLS, err = tlsConfig(opts.Kafka.TLS); err != nil {
		return nil, err
	}
	if transport.SASL, err = mechanism(opts.Kafka.SASL); err != nil {
		return nil, err
	}
	return &kafkago.Writer{
		Addr:         kafkago.TCP(opts.Kafka.Brokers...),
		Balancer:     kafkago.Murmur2Balancer{Consistent: true},
		RequiredAcks: kafkago.RequireAll,
		BatchTimeout: 5 * time.Millisecond,
		BatchSize:    batchSize,
		BatchBytes:   1 << 20,
		WriteTimeout: opts.Kafka.ProduceTimeout,
		Transport:    transport,
	}, nil
}

func tlsConfig(t kafka.TLS) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	return t.ClientConfig()
}

func mechanism(s kafka.SASL) (sasl.Mechanism, error) {
	if s.Mechanism == "" {
		return nil, nil
	}
	if s.Mechanism == "oauthbearer" {
		token, err := s.Tokens()
		return bearer{token, s.Extensions}, err
	}
	password, err := s.ReadPassword()
	if err != nil {
		return nil, fmt.Errorf("kafka.%w", err)
	}
	switch s.Mechanism {
	case "plain":
		return plain.Mechanism{Username: s.User, Password: password}, nil
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, s.User, password)
	case "scram-sha-512":
		return scram.Mechanism(scram.SHA512, s.User, password)
	default:
		return nil, fmt.Errorf("kafka.sasl.mechanism: %q is not one that kafka-go knows", s.Mechanism)
	}
}

// bearer is OAUTHBEARER (RFC 7628), which kafka-go lacks.
type bearer struct {
	token      func() (string, error)
	extensions map[string]string
}

// Name implements sasl.Mechanism.
func (bearer) Name() string { return "OAUTHBEARER" }

// Start implements sasl.Mechanism.
func (b bearer) Start(context.Context) (sasl.StateMachine, []byte, error) {
	token, err := b.token()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka.%w", err)
	}
	first := []byte("n,,\x01auth=Bearer " + token + "\x01")
	for _, k := range slices.Sorted(maps.Keys(b.extensions)) {
		first = append(first, k+"="+b.extensions[k]+"\x01"...)
	}
	return b, append(first, '\x01'), nil
}

// Next implements sasl.StateMachine: whatever the brokers answer but nothing is
// why they refuse.
func (bearer) Next(_ context.Context, answer []byte) (bool, []byte, error) {
	if len(answer) > 0 {
		return false, nil, fmt.Errorf("the brokers refuse the token: %s", answer)
	}
	return true, nil, nil
}
