package process

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate/logtime"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// controller appends the records that come from Pinkstar itself to the log:
// ticks when nothing else moves log time, and activations when the configured
// rules, topology or learnt pairs are not those in force. They are ordinary records, outside
// of the transaction: what they do is in the log, whoever reads it.
type controller struct {
	kafka kafka.Config
	cl    *kgo.Client
	clock func() time.Time // what the records are stamped with; pacing goes by the machine's
}

// controlState is what the owner of a partition remembers of them.
type controlState struct {
	tickFor schemas.Time // the wake-up that the last tick is for
	tickAt  time.Time
	sent    map[string]string // version by key
	ahead   bool              // it was said that log time leads the clock
	jumpAt  time.Time         // when a refused jump was last told
}

func newController(cfg *Config, kc kafka.Config, deps Deps) (*controller, error) {
	cl, err := kafka.NewClient(kc, RoleCorrelate+".control", kafka.Deps{Log: deps.Log},
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		// A large topology has to fit: a broker's limit (1 MB unless configured) is
		// on what is compressed.
		kgo.ProducerBatchMaxBytes(maxControlBytes+1<<16),
		kgo.ProducerBatchCompression(kgo.ZstdCompression(), kgo.GzipCompression()))
	if err != nil {
		return nil, err
	}
	return &controller{kafka: kc, cl: cl, clock: cfg.clock()}, nil
}

func (c *controller) close() { c.cl.Close() }

// MaxActivation is what the text of an activation may take, in bytes: some
// 30,000 services. Compressed it is a tenth of that.
const MaxActivation = 6 << 20

// maxControlBytes is what a record with such a text may take, its lines escaped.
const maxControlBytes = MaxActivation + MaxActivation/2

// witnessAgain is how often a tick is appended while records wait for one.
const witnessAgain = time.Second

// tickAgain is how long a tick may take to come back by the log.
const tickAgain = 5 * time.Second

// watch appends what partition p needs.
func (c *controller) watch(ctx context.Context, p *part, wanted []schemas.Activation, now time.Time, tickAfter time.Duration, met *metrics) error {
	for i := range wanted {
		w := &wanted[i]
		key := w.Key()
		if v, ok := p.ctl.sent[key]; ok && v == w.Version { // "" is a version: nothing learnt
			continue
		}
		if p.eng.Active(key) != w.Version {
			if err := c.activate(ctx, p.id, w, c.clock()); err != nil {
				return err
			}
			met.activations.Inc()
		}
		if p.ctl.sent == nil {
			p.ctl.sent = map[string]string{}
		}
		p.ctl.sent[key] = w.Version
	}
	stamp := c.clock()
	if !p.tickDue(schemas.TimeOf(stamp), now, tickAfter) {
		return nil
	}
	p.ctl.tickFor, p.ctl.tickAt = p.eng.NextWake(), now
	met.ticks.Inc()
	c.cl.TryProduce(context.WithoutCancel(ctx), kafka.ControlRecord(&c.kafka, p.id, controlSignal(schemas.KindTick, stamp)), nil)
	return nil
}

// tickDue reports whether the log must be told what time it is: records wait for
// a witness of theirs, or nothing else moves log time to where there is
// something to do, or far enough behind the clock that the next record would
// need a witness.
func (p *part) tickDue(stamp schemas.Time, now time.Time, tickAfter time.Duration) bool {
	since := now.Sub(p.ctl.tickAt)
	if p.clock.Holding() {
		return since >= witnessAgain
	}
	if now.Sub(p.lastRecord) < tickAfter {
		return false
	}
	wake, at := p.eng.NextWake(), p.eng.Now()
	switch {
	case wake != 0 && stamp >= wake:
		return p.ctl.tickFor != wake || since >= tickAgain
	case at != 0 && stamp.Sub(at) > logtime.Heartbeat:
		return since >= tickAgain
	}
	return false
}

// activate waits for the acknowledgement: what comes in after Ready is handled
// by the configured rules.
func (c *controller) activate(ctx context.Context, partition int32, a *schemas.Activation, now time.Time) error {
	s := controlSignal(schemas.KindActivation, now)
	s.Activation = a
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if err := c.cl.ProduceSync(ctx, kafka.ControlRecord(&c.kafka, partition, s)).FirstErr(); err != nil {
		return fmt.Errorf("activating %s %s on partition %d: %w", a.What, a.Version, partition, err)
	}
	return nil
}

func controlSignal(kind schemas.Kind, now time.Time) *schemas.Signal {
	at := schemas.TimeOf(now)
	return &schemas.Signal{Kind: kind, Source: "pinkstar", Name: string(kind), StartsAt: at, ReceivedAt: at}
}
