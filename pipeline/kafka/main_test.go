package kafka_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain also looks for goroutines that nobody ended. kafka-go, the other
// client of the interoperability tests, keeps its pool for the whole process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*conn).run"),
		goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*connPool).discover"))
}
