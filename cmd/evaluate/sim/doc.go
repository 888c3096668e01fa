// Package sim makes seeded worlds of alerts, tickets, changes and maintenance
// windows whose truth is known: which fault each signal comes from and which
// entity it started at. No public IT-alert data carries human incident labels,
// so these worlds are the main benchmark of the engine, and real data (package
// eval) the check on them.
//
// # Which file do I open
//
//   - sim.go: Params, levels, Generate, what a World holds
//   - estate.go, names.go: the systems: services in layers, instances, hosts,
//     databases, hubs, regions, and what teams call them
//   - fault.go: where faults start, how they spread, when they end
//   - symptom.go: which alerts a fault raises on an entity, with what delay
//   - label.go: the labels a team writes on an alert; entity.go: what they are about
//   - noise.go: what happens besides faults: background, flapping, staging
//   - work.go: changes, maintenance windows; ticket.go: tickets
//   - delivery.go: clocks, repeats, lost resolves, order of arrival
//   - storm.go: a service that all need fails, with small faults hidden in it
//   - recurrence.go: latent causes that return, and seasonal decoys
//   - takings.go: what a service earns, and loses
//   - topology.go: the topology a user would have written, with its gaps
//   - replay.go: a world as input of `pinkstar replay`, with its truth
//
// # Non-obvious
//
//   - It models the world, never the engine: nothing here may import package
//     correlate, and no delay, probability or label was chosen to please a
//     weight there. The figures come from the calibration in the comments.
//   - Every subsystem draws from its own stream of the seed, so that changing
//     one (say, the tickets) leaves the others as they were.
//   - Worlds are generated on true time and then delivered: StartsAt carries
//     the sender's clock, ReceivedAt ours, and signals are sorted by ReceivedAt.
//   - The true graph drives the faults; World.Topology is what was written
//     down of it. They differ on purpose.
package sim
