package doctor

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// TestRightsAreExamined: brokers that authorize say what a user lacks. One user may
// do everything with our topics, the other may not write to one of them.
func TestRightsAreExamined(t *testing.T) {
	t.Parallel()
	allow := func(topic string, ops ...kmsg.ACLOperation) (acls []kfake.ACL) {
		for _, op := range ops {
			acls = append(acls, kfake.ACL{
				Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: op, Allow: true,
			})
		}
		return acls
	}
	const read, write, del, see = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDelete, kmsg.ACLOperationDescribeConfigs
	all := allow("pinkstar.", read, write, del, see)
	names := kafka.DefaultConfig()
	decisions := names.Topic(schemas.TopicDecisions)
	reader := append(allow("pinkstar.", read, see), allow(decisions, write)...)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser("PLAIN", "admin", "admin"), kfake.User("PLAIN", "all", "all", all...), kfake.User("PLAIN", "reader", "reader", reader...))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	as := func(user string) kafka.Config {
		kc := kafka.DefaultConfig()
		kc.Brokers, kc.Embedded, kc.Partitions = cluster.ListenAddrs(), true, 2
		kc.SASL = kafka.SASL{Mechanism: "plain", User: user, Password: user}
		return kc
	}
	admin := kafkatest.Client(t, as("admin"))
	defer admin.Close()
	if err := kafka.Ensure(t.Context(), admin, as("admin")); err != nil {
		t.Fatal(err)
	}
	examine(t, settings(t, as("all"), work...)).want(t, "rights", Good, "what its roles need")
	fs := examine(t, settings(t, as("reader"), work...))
	fs.want(t, "rights", Failure, schemas.TopicSignals+": this user lacks WRITE")
	fs.want(t, "rights", Failure, schemas.TopicState+": this user lacks WRITE, DELETE")
	for _, f := range fs {
		if f.About == "rights" && strings.Contains(f.What, decisions) {
			t.Errorf("it may write there: %+v", f)
		}
	}
	examine(t, settings(t, as("stranger"), work...)).want(t, "kafka", Failure, cluster.ListenAddrs()[0])
}
