package process

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
)

// Who holds a transaction is told by its transactional id: the group, a dot, and
// the name of the process. The same name ends the client id of the group's member,
// so that a holder which the brokers still hear from is known from one that is gone.

// clientID is what a processor's member of its group is called.
func clientID(kc *kafka.Config, role, txnID string) string {
	return kc.ClientID + "." + role + "." + strings.TrimPrefix(txnID, kc.Name(role)+".")
}

// roll says which holders the brokers hear from. It asks once for each group.
type roll struct {
	cl     *kgo.Client
	kafka  *kafka.Config
	groups map[string]kadm.DescribedGroup
}

func newRoll(cl *kgo.Client, kc *kafka.Config) *roll {
	return &roll{cl: cl, kafka: kc, groups: map[string]kadm.DescribedGroup{}}
}

// gone reports whether the holder of a transaction is known to be gone: one of ours
// that is no member of its group. Heartbeats don't wait for work, so one that only
// takes long is a member. Where it can't be known, the brokers' own time-out of the
// transaction decides.
func (l *roll) gone(ctx context.Context, txnID string) (bool, error) {
	role, name, ours := l.holder(txnID)
	if !ours {
		return false, nil
	}
	group := strings.TrimSuffix(txnID, "."+name)
	g, asked := l.groups[group]
	if !asked {
		gs, err := kadm.NewClient(l.cl).DescribeGroups(ctx, group)
		if err != nil {
			return false, fmt.Errorf("who is in the group %s: %w", group, err)
		}
		g = gs[group]
		l.groups[group] = g
	}
	if g.Err != nil && !errors.Is(g.Err, kerr.GroupIDNotFound) { // that one has no members
		return false, fmt.Errorf("who is in the group %s: %w", group, g.Err)
	}
	for _, m := range g.Members {
		_, of, named := strings.Cut(m.ClientID, "."+role+".")
		if !named || of == name { // members of releases before this one have no name
			return false, nil
		}
	}
	return true, nil
}

// holder takes a transactional id of ours apart.
func (l *roll) holder(txnID string) (role, name string, ours bool) {
	shadow := l.kafka.ForShadow()
	for _, kc := range []*kafka.Config{l.kafka, &shadow} {
		for _, role := range []string{RoleCorrelate, RoleNormalise} {
			if name, ours := strings.CutPrefix(txnID, kc.Name(role)+"."); ours && name != "" {
				return role, name, true
			}
		}
	}
	return "", "", false
}
