//go:build (!linux && !darwin) || pinkstar_noengine

package engine

// Embedded reports whether this binary can run the engine as a library: it
// was built without it.
const Embedded = false

const childEnv = "PINKSTAR_ENGINE_CHILD"

// MaybeChild does nothing in a build without the engine.
func MaybeChild() {}
