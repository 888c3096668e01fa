package ingest

import (
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceNagios is a notification command of Nagios or Icinga 1 that sends its
// macros as JSON, named as they are ($SERVICESTATE$ as SERVICESTATE,
// service_state, NAGIOS_SERVICESTATE): deploy/senders/nagios.cfg.
const SourceNagios Source = "nagios"

// SourceIcinga is Icinga 2: an event of its API's stream (Notification,
// StateChange), or a notification command as Nagios has it.
const SourceIcinga Source = "icinga"

var nagios = sender{
	name: SourceNagios, path: "/webhook/nagios", topic: schemas.TopicAlerts,
	looks: looksLikeNagios,
	hint:  "NOTIFICATIONTYPE with HOSTNAME",
	read:  func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceNagios, readNagios) },
}

var icinga = sender{
	name: SourceIcinga, aliases: []string{"icinga2"}, path: "/webhook/icinga", topic: schemas.TopicAlerts,
	looks: func(m members) bool { return m.have("type", "host", "check_result") && !looksLikeNagios(m) },
	hint:  "type with host and check_result",
	read: func(b *batch, r *jsonscan.Reader) error {
		return b.alertFrom(r, SourceIcinga, func(t tree, s *schemas.Signal) error {
			if t.text("type") == "" {
				return readNagios(t, s)
			}
			return readIcingaEvent(t, s)
		})
	},
}

func looksLikeNagios(m members) bool {
	return m.anyPlain("notificationtype", "nagiosnotificationtype", "icinganotificationtype") &&
		m.anyPlain("hostname", "nagioshostname", "icingahostname", "hoststate", "hostdisplayname") && !m.have("check_result")
}

// check is the state of a host or of a service on one.
type check struct {
	notification  string // PROBLEM, RECOVERY, ...; "": a change of state
	host, service string
	state, output string
	since, at     schemas.Time
}

func readNagios(t tree, s *schemas.Signal) error {
	p := tree{}
	for name, v := range t.plainNames() {
		for _, prefix := range []string{"nagios", "icinga"} {
			name = strings.TrimPrefix(name, prefix)
		}
		p[name] = v
	}
	c := check{
		notification: p.text("notificationtype"), host: p.text("hostname", "hostalias", "hostdisplayname"), service: p.text("servicedesc", "servicename", "servicedisplayname"),
	}
	kind := "host"
	if c.service != "" {
		kind = "service"
	}
	c.state, c.output = p.text(kind+"state"), p.text(kind+"output")
	var err error
	if c.at, err = p.time("timet", "timestamp"); err != nil {
		return err
	}
	if c.since, err = p.time("last" + kind + "statechange"); err != nil {
		return err
	}
	labels := map[string]string{}
	for label, name := range map[string]string{"host_address": "hostaddress", "host_group": "hostgroupname", "service_group": "servicegroupname"} {
		labels[label] = p.text(name)
	}
	s.Description, s.URL = strings.TrimSpace(p.text("long"+kind+"output")+"\n"+p.text("notificationcomment")), schemas.HTTPURL(p.text(kind+"actionurl", kind+"notesurl"))
	s.Labels = schemas.LabelsOf(labels)
	return c.signal(s)
}

// readIcingaEvent reads an event of Icinga 2's stream.
func readIcingaEvent(t tree, s *schemas.Signal) error {
	at, err := t.time("timestamp")
	if err != nil {
		return err
	}
	c := check{host: t.text("host"), service: t.text("service"), output: t.text("check_result.output"), at: at}
	state := t.text("state", "check_result.state")
	if state, _, _ = strings.Cut(state, "."); c.service != "" {
		c.state = map[string]string{"0": "OK", "1": "WARNING", "2": "CRITICAL", "3": "UNKNOWN"}[state]
	} else {
		c.state = map[string]string{"0": "UP", "1": "DOWN"}[state]
	}
	switch typ := t.text("type"); typ {
	case "Notification":
		c.notification = t.text("notification_type")
		s.Description = t.text("text")
	case "StateChange":
		kind, _, _ := strings.Cut(t.text("state_type"), ".")
		if kind == "0" && c.state != "OK" && c.state != "UP" {
			return nothingError("a soft state is none yet: it is checked again first")
		}
	default:
		return nothingError("of Icinga's events only Notification and StateChange are used")
	}
	return c.signal(s)
}

var checkSeverities = map[string]schemas.Severity{
	"WARNING": schemas.SeverityWarning, "CRITICAL": schemas.SeverityCritical, "UNKNOWN": schemas.SeverityWarning,
	"DOWN": schemas.SeverityCritical, "UNREACHABLE": schemas.SeverityMajor,
}

func (c *check) signal(s *schemas.Signal) error {
	if c.host == "" {
		return errors.New("HOSTNAME: missing")
	}
	s.Name, s.Host, s.Fingerprint = c.service, c.host, c.host+"!"+c.service
	if c.service == "" {
		s.Name, s.Fingerprint = "Host check", c.host
	}
	s.Summary, s.Severity = firstLine(c.output, s.Name+" on "+c.host), checkSeverities[strings.ToUpper(c.state)]
	if s.StartsAt = c.since; s.StartsAt == 0 {
		s.StartsAt = c.at
	}
	ok := strings.EqualFold(c.state, "OK") || strings.EqualFold(c.state, "UP")
	switch word := strings.ToUpper(c.notification); {
	case word == "RECOVERY", word == "" && ok, word == "PROBLEM" && ok:
		over(s, 0, c.at) // since the last change is since the recovery itself
	case word == "PROBLEM" && c.state != "", word == "" && s.Severity != "":
	case word == "", word == "PROBLEM":
		return fmt.Errorf("state: %q is not understood; send SERVICESTATE or HOSTSTATE", c.state)
	default:
		return nothingError("of notifications only PROBLEM and RECOVERY change anything")
	}
	return nil
}
