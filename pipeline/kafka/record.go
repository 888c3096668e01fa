package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// The headers that never change share their bytes: clients only read them.
var (
	specVersion = kgo.RecordHeader{Key: schemas.HeaderSpecVersion, Value: []byte(schemas.SpecVersion)}
	contentType = kgo.RecordHeader{Key: schemas.HeaderContentType, Value: []byte(schemas.ContentTypeJSON)}
	ourSource   = kgo.RecordHeader{Key: schemas.HeaderSource, Value: []byte("pinkstar")}
)

func headers(typ, id string, source kgo.RecordHeader) []kgo.RecordHeader {
	return []kgo.RecordHeader{
		{Key: schemas.HeaderID, Value: []byte(id)}, // first: the correlator looks here for repeats
		{Key: schemas.HeaderType, Value: []byte(typ)},
		source, specVersion, contentType,
	}
}

// SignalRecord returns the record of s for the signals topic. s is complete:
// it has its id, scope and received_at.
func SignalRecord(cfg *Config, s *schemas.Signal) *kgo.Record {
	return &kgo.Record{
		Topic:     cfg.Topic(schemas.TopicSignals),
		Key:       []byte(s.Scope),
		Value:     schemas.AppendSignal(make([]byte, 0, 512), s),
		Timestamp: time.UnixMilli(int64(s.ReceivedAt)),
		Headers:   headers(schemas.TypeSignal, s.ID, kgo.RecordHeader{Key: schemas.HeaderSource, Value: []byte(s.Source)}),
	}
}

// ControlRecord returns the record of a tick or an activation for one
// partition of signals. It carries no id: there is nothing to recognise.
func ControlRecord(cfg *Config, partition int32, s *schemas.Signal) *kgo.Record {
	r := SignalRecord(cfg, s)
	r.Key, r.Partition, r.Headers = nil, partition, headers(schemas.TypeSignal, "", ourSource)[1:]
	return r
}

// Header returns the value of the header called key, or nil.
func Header(r *kgo.Record, key string) []byte {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return nil
}
