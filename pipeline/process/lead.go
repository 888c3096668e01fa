package process

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/correlate/logtime"
	"pinkstar/schemas"
)

// watchClocks says when log time leads the clock: a record with a wrong time had
// its witness, or came before jumps needed one. Until the clock is there nothing
// times out in that partition.
func (c *Correlator) watchClocks(log zerolog.Logger, owned []*part) {
	now := schemas.TimeOf(c.cfg.clock()())
	var ahead []string
	for _, p := range owned {
		c.met.held.WithLabelValues(label(p.id)).Set(float64(p.clock.Held()))
		at := p.eng.Now()
		if at == 0 {
			continue
		}
		lead := at.Sub(now)
		c.met.lead.WithLabelValues(label(p.id)).Set(float64(lead) / 1000)
		if lead <= logtime.Heartbeat || c.cfg.Story { // a story's clock stands where it begins
			p.ctl.ahead = false
			continue
		}
		ahead = append(ahead, fmt.Sprintf("%d (%s)", p.id, at))
		if !p.ctl.ahead {
			p.ctl.ahead = true
			log.Error().Int32("partition", p.id).Stringer("log_time", at).Stringer("ahead", time.Duration(lead)*time.Millisecond).
				Msg("log time leads the clock: until the clock is there, no incident of this partition resolves or closes by time. When this machine's clock is right, `pinkstar clock` puts log time back")
		}
	}
	if ahead == nil {
		c.ahead.Store(nil)
		return
	}
	why := "log time leads the clock in partition " + strings.Join(ahead, ", ") + ": nothing times out there; `pinkstar clock` puts it back"
	c.ahead.Store(&why)
}

// Ailing returns what keeps this process from doing its work well although it is
// ready, or nil.
func (c *Correlator) Ailing() error {
	if why := c.ahead.Load(); why != nil {
		return errors.New(*why)
	}
	return nil
}

// jumpsToldEvery bounds how often refused jumps are logged for a partition.
const jumpsToldEvery = time.Minute

// tellJumps reports what the clock decided since it had counted so many.
func (p *part) tellJumps(log zerolog.Logger, moved, refused int64, now time.Time) {
	if n := p.clock.Moved - moved; n > 0 {
		p.met.jumps.WithLabelValues("moved").Add(float64(n))
		log.Info().Int32("partition", p.id).Stringer("log_time", p.clock.Now()).Msg("log time went over a gap: nothing contradicts the records behind it")
	}
	n := p.clock.Refused - refused
	if n == 0 {
		return
	}
	p.met.jumps.WithLabelValues("refused").Add(float64(n))
	if now.Sub(p.ctl.jumpAt) >= jumpsToldEvery {
		p.ctl.jumpAt = now
		log.Warn().Int32("partition", p.id).Stringer("log_time", p.clock.Now()).Int64("records", n).
			Msg("records whose time is far ahead are taken at log time instead: other records say that it is not that late. Whose clock is wrong? (signals' received_at)")
	}
}
