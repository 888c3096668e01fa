// Package clickhouse keeps what Pinkstar decided in ClickHouse, for SQL: the
// schema with its views, the writer that fills it from the out topics, and the
// queries behind the API's history.
//
// # Which file do I open
//
//   - migrations/*.sql, migrate.go: the tables; how they come into being
//   - views/*.sql, views.go: the views, one file each
//   - writer.go: one batch of a topic partition becomes rows, once
//   - tables.go: every table, column by column, and which is a shadow's; table.go,
//     decode.go: records to columns
//   - query.go, member.go, changes.go, records.go, precedents.go: what the API and the
//     board ask; ask.go: a person's own queries
//   - objectives.go: what services are to reach, and how much of it incidents took;
//     schedules.go: since when reports are sent
//   - past.go: stored signals in the order of their decisions; shadow.go: what a
//     shadow decides
//   - open.go, tls.go: connecting
//   - roll.go: what is counted beforehand for reports over many months
//   - storage.go: how long rows are kept, and on which disks
//   - secure.go, rights/: who may do what; views that need no right on tables
//   - repair.go: tables that are gone are made anew
//   - engine/: a ClickHouse with nothing installed
//   - compare.go: the writer beside a direct insert, for `pinkstar bench`
//
// # Non-obvious
//
//   - The views v_* are the public contract; the tables are not. What a column
//     means and how a figure is worked out is written in the view's file alone:
//     .github/SQL.md is made from there (reference_test.go).
//   - Applied migrations are frozen: their checksums are in the database. Add a
//     file, never edit one. A view is edited in its file and made anew where its
//     checksum differs; those in migrations 2 and 3 are only what came first.
//   - Signals come from the first revision of their decision, never from the
//     signals topic: what ClickHouse shows has been decided on.
//   - Once in every view has two lines. The first: each batch's range is noted
//     before and after, so that what was finished is not written again. The second:
//     every table collapses rows with the same key, and the views read with FINAL,
//     so that what may not have been finished is written again.
//   - ClickHouse's own deduplication stays out of it. Up to 26.7 it notes a block's
//     token before the block is in its place: a server that dies in between drops
//     the next attempt in silence, and those rows are never seen.
//   - What a table acknowledged is not written there again while the batch is tried
//     (Writer.halves): a table that refuses for hours would fill the others with
//     copies.
//   - A record that can't be read becomes a row of dead_letters at stage
//     "write"; it never stops a partition.
//   - Views run with the rights of whoever migrated last (secureViews), so that
//     readers have none on the tables. CREATE OR REPLACE VIEW forgets that, and
//     Migrate makes it so again.
//   - A schema that is not ours stops no delivery: it is told, and tried again.
//   - Decisions and incidents are sorted by when they were first made, which no
//     revision changes. Whoever reads decisions reads current_decisions: a signal
//     may stand at two times (tables.go, againTable).
//   - Decisions and signals are sorted by kind first: it never changes for an id,
//     since what is known under an id is a redelivery, whatever it says.
//   - alert_days has the alerts of each day, counted; which days it may be relied on
//     for says alert_days_open, by when rows were written. Whoever asks counts the
//     others, so figures are right at every moment, whether somebody rolls or not.
//   - ORDER BY and PARTITION BY use only what never changes for a row's key,
//     otherwise a correction would stand beside the row instead of replacing it.
package clickhouse
