package identity

import (
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Named returns s with the host, instance and team that its labels name by the rules
// in force, where it came in without: whoever took it in may have known fewer labels.
// s stays as it is.
func Named(c *rules.Correlation, s *schemas.Signal) *schemas.Signal {
	find := func(known string, role []string) string {
		if known != "" {
			return ""
		}
		v, _ := s.Labels.Named(role)
		return v
	}
	host, instance, team := find(s.Host, c.HostLabels), find(s.Instance, c.InstanceLabels), find(s.Team, c.TeamLabels)
	if host == "" && instance == "" && team == "" {
		return s
	}
	n := *s
	if host != "" {
		n.Host = schemas.StripPort(host)
	}
	if instance != "" {
		n.Instance = schemas.StripPort(instance)
	}
	if team != "" {
		n.Team = team
	}
	return &n
}
