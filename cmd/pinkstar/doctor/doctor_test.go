package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

func TestMain(m *testing.M) {
	engine.MaybeChild()
	m.Run()
}

// settings are those of roles on brokers that are there.
func settings(t *testing.T, kc kafka.Config, roles ...string) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Roles, cfg.Kafka.Config = t.TempDir(), roles, kc
	return &cfg
}

func examine(t *testing.T, cfg *config.Config) Findings {
	t.Helper()
	fs := Examine(t.Context(), cfg, nil, zerolog.Nop())
	for _, f := range fs {
		if (f.Level == Warning || f.Level == Failure) && f.Fix == "" {
			t.Errorf("%+v says not what to do", f)
		}
	}
	return fs
}

// want fails unless there is a finding like it.
func (fs Findings) want(t *testing.T, about string, level Level, text string) {
	t.Helper()
	for _, f := range fs {
		if f.About == about && f.Level == level && strings.Contains(f.What, text) {
			return
		}
	}
	t.Errorf("no finding %s %s %q among\n%v", about, level, text, fs)
}

var work = []string{config.RoleGateway, config.RoleNormalise, config.RoleCorrelate}

// TestBrokersAreExamined: all is well first; then each of what is done to the
// brokers is found, and told with its fix.
func TestBrokersAreExamined(t *testing.T) {
	t.Parallel()
	kafkatest.Each(t, func(t *testing.T, kc kafka.Config) {
		cfg := settings(t, kc, work...)
		fs := examine(t, cfg)
		if fs.Bad() {
			t.Fatalf("nothing is wrong, and found is %+v", fs)
		}
		fs.want(t, "kafka", Good, "answer")
		fs.want(t, "topics", Good, "as the settings have them")
		fs.want(t, "clock", Good, "no record")

		cl := kafkatest.Client(t, kc)
		defer cl.Close()
		adm := kadm.NewClient(cl)
		// A record from the future, and one that somebody has read up to.
		early := &kgo.Record{Topic: kc.Topic(schemas.TopicAlerts), Timestamp: time.Now().Add(time.Hour), Value: []byte("{}")}
		if err := cl.ProduceSync(t.Context(), early, &kgo.Record{Topic: early.Topic, Value: []byte("{}")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		var at kadm.Offsets
		at.Add(kadm.Offset{Topic: early.Topic, Partition: early.Partition, At: early.Offset, LeaderEpoch: -1})
		if err := adm.CommitAllOffsets(t.Context(), kc.Name("normalise"), at); err != nil {
			t.Fatal(err)
		}
		value := "1234567"
		if _, err := adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, kc.Topic(schemas.TopicSignals)); err != nil {
			t.Fatal(err)
		}
		fs = examine(t, cfg)
		fs.want(t, "clock", Warning, "ahead of this machine's clock")
		fs.want(t, "lag", Failure, "normalise: nobody is at work")
		fs.want(t, "topics", Warning, "retention.ms from \"1234567\"")
		if _, err := adm.DeleteTopics(t.Context(), kc.Topic(schemas.TopicProblems)); err != nil {
			t.Fatal(err)
		}
		gone := func() bool {
			list, err := adm.ListTopics(t.Context(), kc.Topic(schemas.TopicProblems))
			return err == nil && list.Error() != nil
		}
		for end := time.Now().Add(kafkatest.Patience); !gone() && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		}
		examine(t, cfg).want(t, "topics", Failure, kc.Topic(schemas.TopicProblems)+": create")
	})
}

// TestWhatIsAwayIsSaid: brokers and a server that nobody listens for, settings that
// name what is not there, and the end of the patience.
func TestWhatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	kc := kafka.DefaultConfig()
	kc.Brokers = []string{"127.0.0.1:1"}
	cfg := settings(t, kc, append(work, config.RoleWrite)...)
	cfg.ClickHouse.DSN = "clickhouse://pinkstar_writer@127.0.0.1:1/pinkstar"
	cfg.RulesFile = "/nowhere/rules.yaml"
	fs := examine(t, cfg)
	fs.want(t, "kafka", Failure, "127.0.0.1:1")
	fs.want(t, "clickhouse", Failure, "refused")
	fs.want(t, "config", Failure, "/nowhere/rules.yaml")
	fs.want(t, "process", Unknown, "no pinkstar runs")
	if fs = Examine(t.Context(), cfg, errors.New("a line\nand another"), zerolog.Nop()); len(fs) != 2 || !fs.Bad() {
		t.Errorf("two faults of the file are %+v", fs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if fs = Examine(ctx, cfg, nil, zerolog.Nop()); !fs.Bad() {
		t.Errorf("without time nothing is known to be well, and found is %+v", fs)
	}
}

// TestClickHouseIsExamined: without a schema, with one but as its owner, and as the
// user whom the service should have.
func TestClickHouseIsExamined(t *testing.T) {
	t.Parallel()
	lib, err := engine.Fetch(t.Context(), engine.FetchOptions{})
	if err != nil {
		kafkatest.SkipOrFail(t, "clickhouse", "needs the embedded ClickHouse: %v", err)
	}
	s, err := engine.Start(t.Context(), engine.Options{Lib: lib, DataDir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	kc := kafka.DefaultConfig()
	kc.Brokers = []string{"127.0.0.1:1"}
	cfg := settings(t, kc, config.RoleWrite)
	d := &doctor{cfg: cfg, now: time.Now}
	look := func(dsn string) Findings {
		cfg.ClickHouse.DSN, d.fs = dsn, nil
		d.clickhouse(t.Context(), nil)
		return d.fs
	}
	look(s.OwnerDSN()).want(t, "clickhouse", Failure, "steps of the schema are missing")
	conn, err := clickhouse.Open(s.OwnerDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := clickhouse.Migrate(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	fs := look(s.OwnerDSN())
	fs.want(t, "clickhouse", Good, "tables and views")
	fs.want(t, "rights", Warning, "may drop tables")
	fs.want(t, "clock", Good, "ClickHouse")
	if fs = look(s.WriterDSN()); fs.Bad() {
		t.Errorf("as the writer nothing is wrong, and found is %+v", fs)
	}
	look(s.ReaderDSN()).want(t, "rights", Failure, "lacks")
	d.now = func() time.Time { return time.Now().Add(-time.Minute) }
	look(s.WriterDSN()).want(t, "clock", Warning, "from this machine's")
}
