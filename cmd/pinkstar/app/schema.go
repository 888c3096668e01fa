package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

// sqlStore is the process's way to ClickHouse.
type sqlStore struct {
	conn   driver.Conn
	keeper *schemaKeeper // nil where the schema is not ours
}

// mends lets a writer have its tables back.
func (s *sqlStore) mends(w *clickhouse.Writer) {
	if s.keeper != nil {
		w.MendWith(s.keeper.mend)
	}
}

// rebuilding returns a delivery's Run that begins anew when tables were lost.
func (s *sqlStore) rebuilding(run func(context.Context) error) func(context.Context) error {
	if s.keeper == nil {
		return run
	}
	lost := s.keeper.subscribe()
	return func(ctx context.Context) error { return s.keeper.run(ctx, lost, run) }
}

// rolling returns a delivery's Run with what counts alerts by day beside it.
func (s *sqlStore) rolling(run func(context.Context) error, log zerolog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); clickhouse.KeepRolling(ctx, s.conn, log) }()
		defer func() { cancel(); <-done }()
		return run(ctx)
	}
}

// aiming returns a delivery's Run that puts the configured objectives in force beside
// it, as soon as ClickHouse takes them.
func (s *sqlStore) aiming(objectives []clickhouse.Objective, run func(context.Context) error, log zerolog.Logger) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); s.aim(ctx, objectives, log) }()
		defer func() { cancel(); <-done }()
		return run(ctx)
	}
}

// aimPause is between attempts to say what the objectives are.
const aimPause = 10 * time.Second

func (s *sqlStore) aim(ctx context.Context, objectives []clickhouse.Objective, log zerolog.Logger) {
	for {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		err := clickhouse.SetObjectives(bounded, s.conn, objectives)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		log.Warn().Err(err).Msg("the service level objectives are not in force yet")
		select {
		case <-ctx.Done():
			return
		case <-time.After(aimPause):
		}
	}
}

// schemaKeeper owns the embedded ClickHouse's schema: it brings it up to date
// whenever the engine has come up, brings back what is gone, and has the log
// written again into tables that were lost.
type schemaKeeper struct {
	log     zerolog.Logger
	storage clickhouse.Storage

	mu     sync.Mutex
	server *engine.Server
	seen   bool // a schema, by this process
	losses []chan struct{}
}

// subscribe returns a channel that has something in it after tables were lost.
func (k *schemaKeeper) subscribe() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := make(chan struct{}, 1)
	k.losses = append(k.losses, c)
	return c
}

// prepare is what the engine calls when it has come up.
func (k *schemaKeeper) prepare(ctx context.Context, s *engine.Server) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.server = s
	return k.repair(ctx)
}

// mend is what a writer calls when its tables are not there.
func (k *schemaKeeper) mend(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.repair(ctx)
}

// repair runs with the lock held.
func (k *schemaKeeper) repair(ctx context.Context) error {
	return k.asOwner(ctx, func(ctx context.Context, conn driver.Conn) error {
		empty, err := clickhouse.IsEmpty(ctx, conn)
		if err != nil {
			return err
		}
		gone, err := clickhouse.Repair(ctx, conn)
		if err != nil {
			return err
		}
		if _, err := clickhouse.SetStorage(ctx, conn, k.storage); err != nil {
			return err
		}
		if empty && k.seen {
			gone = []string{"everything"}
		}
		k.seen = true
		if len(gone) == 0 {
			return nil
		}
		k.log.Warn().Strs("gone", gone).Msg("tables or views were gone from the embedded ClickHouse, or without their rows, and are made anew; what tables held is written again from the log, as far as it goes back")
		if !hadRows(gone) {
			return nil
		}
		// Before anybody hears of it, for the case that we die in between; and
		// once more when the deliveries stand still: see run.
		if err := clickhouse.Forget(ctx, conn); err != nil {
			return err
		}
		for _, c := range k.losses {
			select {
			case c <- struct{}{}:
			default:
			}
		}
		return nil
	})
}

// hadRows reports whether one of them is more than a view.
func hadRows(gone []string) bool {
	for _, name := range gone {
		if !strings.HasPrefix(name, "v_") {
			return true
		}
	}
	return false
}

// schemaTimeout bounds what brings the embedded schema up to date. A migration that
// lays tables out anew copies them; the start itself has a bound of its own.
const schemaTimeout = time.Hour

func (k *schemaKeeper) asOwner(ctx context.Context, do func(context.Context, driver.Conn) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	conn, err := clickhouse.Open(k.server.OwnerDSN())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return do(ctx, conn)
}

// run delivers until ctx ends. When tables were lost it stops the delivery, lets
// ClickHouse forget what was written, and begins again where the log begins.
func (k *schemaKeeper) run(ctx context.Context, lost <-chan struct{}, deliver func(context.Context) error) error {
	for {
		runCtx, stop := context.WithCancel(ctx)
		rebuild := make(chan bool, 1)
		go func() { // ends with this run
			select {
			case <-lost:
				stop()
				rebuild <- true
			case <-runCtx.Done():
				rebuild <- false
			}
		}()
		err := deliver(runCtx)
		stop()
		if again := <-rebuild; !again || ctx.Err() != nil || err != nil {
			return err
		}
		if !k.forget(ctx) {
			return nil
		}
		k.log.Info().Msg("writing what the log has into the embedded ClickHouse once more")
	}
}

// forgetPause is between attempts.
const forgetPause = time.Second

// forget tries until it works, and returns false when ctx ends before.
func (k *schemaKeeper) forget(ctx context.Context) bool {
	for {
		k.mu.Lock()
		err := k.asOwner(ctx, clickhouse.Forget)
		k.mu.Unlock()
		if err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(forgetPause):
		}
	}
}
