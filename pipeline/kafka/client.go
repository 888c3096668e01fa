package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"

	"pinkstar/schemas"
)

// Deps is what every client is handed.
type Deps struct {
	Log zerolog.Logger
	// Registerer may be nil: no metrics.
	Registerer prometheus.Registerer
}

// NewClient returns a client for role (a word for logs and metrics). It does
// not connect before it is used.
func NewClient(cfg Config, role string, deps Deps, opts ...kgo.Opt) (*kgo.Client, error) {
	base, err := ClientOpts(cfg, role, deps)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(append(base, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client for %s: %w", role, err)
	}
	return cl, nil
}

// ClientOpts returns the options that every client of ours has, for those who
// need another constructor than kgo.NewClient.
func ClientOpts(cfg Config, role string, deps Deps) ([]kgo.Opt, error) {
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("no brokers are configured")
	}
	codec, err := compression(cfg.Compression)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.ClientID(cfg.ClientID + "." + role),
		kgo.WithLogger(logger{deps.Log.With().Str("client", role).Logger()}),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerLinger(0),
		kgo.MaxBufferedRecords(cfg.MaxBuffered),
		kgo.RecordPartitioner(Partitioner(cfg.Topic(schemas.TopicState))),
		kgo.MetadataMinAge(250 * time.Millisecond),
		kgo.DialTimeout(5 * time.Second),
		kgo.DisableClientMetrics(), // we have our own
	}
	if cfg.TLS.Enabled {
		tc, err := cfg.TLS.config()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(tc))
	}
	mech, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	if mech != nil {
		opts = append(opts, kgo.SASL(mech))
	}
	if deps.Registerer != nil {
		reg := tolerant{prometheus.WrapRegistererWith(prometheus.Labels{"client": role}, deps.Registerer)}
		opts = append(opts, kgo.WithHooks(kprom.NewMetrics("pinkstar_kafka", kprom.Registerer(reg))))
	}
	return append(opts, cfg.Simulated...), nil
}

// maxBatch is the largest batch that brokers take by default, and a little.
const maxBatch = 1<<20 + 1<<16

// fetchMost is the most that one fetch of ours may bring: the client's own bound
// of a response, 1 GiB, less room for what is around the records.
const fetchMost = 1<<30 - 1<<20

// ReaderOpts are the options of every consumer of ours: committed records only,
// and never a fetch that the request's own limit cuts (see Non-obvious), up to
// the partitions that an embedded broker may have: MaxEmbeddedPartitions.
// partitions is the most partitions this client can be reading at once.
func ReaderOpts(cfg Config, partitions int) []kgo.Opt {
	const least = 64 << 10 // of a partition; brokers send one batch in any case
	n := int64(max(partitions, 1))
	per := min(int64(cfg.FetchPartitionBytes), max(fetchMost/n-maxBatch, least))
	total := min(n*(per+maxBatch), fetchMost)
	return []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(int32(per)),
		kgo.FetchMaxBytes(int32(total)),
		kgo.BrokerMaxReadBytes(int32(total + 1<<20)),
		kgo.FetchMaxWait(500 * time.Millisecond),
	}
}

// Partitioner sends records of the topics in byNumber to Record.Partition and
// all others by murmur2 of their key, as every Kafka client does.
func Partitioner(byNumber ...string) kgo.Partitioner {
	return partitioner{byNumber: byNumber, keyed: kgo.StickyKeyPartitioner(nil), manual: kgo.ManualPartitioner()}
}

type partitioner struct {
	byNumber      []string
	keyed, manual kgo.Partitioner
}

func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	if slices.Contains(p.byNumber, topic) {
		return p.manual.ForTopic(topic)
	}
	return p.keyed.ForTopic(topic)
}

func compression(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "", "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	default:
		return kgo.NoCompression(), fmt.Errorf("compression: %q is not one of none, gzip, snappy, lz4, zstd", name)
	}
}

func (t TLS) config() (*tls.Config, error) {
	tc := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify} //nolint:gosec // the operator's explicit choice
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		tc.RootCAs = x509.NewCertPool()
		if !tc.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca_file: %s holds no certificate", t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		c, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file, tls.key_file: %w", err)
		}
		tc.Certificates = []tls.Certificate{c}
	}
	return tc, nil
}

// logger hands franz-go's log on. Its info level tells of every transaction
// and every rebalance step, which is our debug.
type logger struct{ l zerolog.Logger }

func (l logger) Level() kgo.LogLevel {
	switch {
	case l.l.GetLevel() <= zerolog.DebugLevel:
		return kgo.LogLevelInfo
	case l.l.GetLevel() <= zerolog.WarnLevel:
		return kgo.LogLevelWarn
	case l.l.GetLevel() <= zerolog.ErrorLevel:
		return kgo.LogLevelError
	default:
		return kgo.LogLevelNone
	}
}

func (l logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	var e *zerolog.Event
	switch level {
	case kgo.LogLevelError:
		e = l.l.Error()
	case kgo.LogLevelWarn:
		e = l.l.Warn()
	default:
		e = l.l.Debug()
	}
	e.Fields(keyvals).Msg(msg)
}

// tolerant lets a client that replaces a broken one be made before the old
// one's metrics are gone.
type tolerant struct{ prometheus.Registerer }

func (t tolerant) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		var already prometheus.AlreadyRegisteredError
		if err := t.Register(c); err != nil && !errors.As(err, &already) {
			panic(err)
		}
	}
}
