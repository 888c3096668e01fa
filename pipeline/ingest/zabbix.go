package ingest

import (
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceZabbix is what a webhook media type of Zabbix sends: its parameters,
// named after the macros that fill them ({EVENT.ID} as event_id, EVENT.ID or
// EventId). The media type is in deploy/senders/zabbix.js.
const SourceZabbix Source = "zabbix"

var zabbix = sender{
	name: SourceZabbix, path: "/webhook/zabbix", topic: schemas.TopicAlerts,
	looks: func(m members) bool {
		return m.plain("eventid") && m.anyPlain("eventvalue", "triggerid", "triggerstatus", "eventnseverity")
	},
	hint: "event_id with event_value",
	read: func(b *batch, r *jsonscan.Reader) error { return b.alertFrom(r, SourceZabbix, readZabbix) },
}

var zabbixSeverities = map[string]schemas.Severity{
	"1": schemas.SeverityInfo, "2": schemas.SeverityWarning, "3": schemas.SeverityWarning, "4": schemas.SeverityMajor, "5": schemas.SeverityCritical,
}

func readZabbix(t tree, s *schemas.Signal) error {
	p := t.plainNames()
	// {EVENT.DATE} {EVENT.TIME} are in the server's own zone, which it does not name.
	started, err := p.time("eventtimestamp", "timestamp", "clock")
	if err != nil {
		return err
	}
	ended, err := p.time("eventrecoverytimestamp", "recoverytimestamp")
	if err != nil {
		return err
	}
	labels := map[string]string{}
	zabbixTags(p, labels)
	for label, name := range map[string]string{
		"event_id": "eventid", "trigger_id": "triggerid", "item": "itemname", "value": "itemvalue", "host_group": "triggerhostgroupname", "opdata": "eventopdata",
	} {
		if v := p.text(name); v != "" {
			labels[label] = v
		}
	}
	s.Name, s.Summary = p.text("triggername", "eventname", "name", "subject"), p.text("eventname", "triggername", "subject")
	s.Description, s.URL, s.StartsAt = p.text("triggerdescription", "eventmessage", "message", "alertmessage"), schemas.HTTPURL(p.text("triggerurl", "eventurl", "url")), started
	s.Host, s.Labels = p.text("hosthost", "hostname", "host"), schemas.LabelsOf(labels)
	if s.Severity = zabbixSeverities[p.text("eventnseverity", "triggernseverity")]; s.Severity == "" {
		s.Severity = schemas.Severity(p.text("eventseverity", "triggerseverity", "severity"))
	}
	if strings.EqualFold(string(s.Severity), "not classified") || schemas.ParseSeverity(string(s.Severity)) == schemas.SeverityUnknown {
		s.Severity = ""
	}
	if s.Fingerprint = p.text("triggerid"); s.Fingerprint != "" { // one trigger, one alert, however often it fires
		s.Fingerprint += "/" + s.Host
	} else {
		s.Fingerprint = "event/" + p.text("eventid")
	}
	switch value := strings.ToUpper(p.text("eventvalue", "triggerstatus", "eventstatus", "triggervalue")); value {
	case "1", "PROBLEM":
	case "0", "OK", "RESOLVED":
		over(s, started, ended)
	default:
		return fmt.Errorf("event_value: %q is neither 1 nor 0; add event_value with {EVENT.VALUE} to the media type's parameters", value)
	}
	return nil
}

// zabbixTags reads {EVENT.TAGS}: "service:web, env:prod", or {EVENT.TAGSJSON}.
func zabbixTags(p tree, labels map[string]string) {
	for _, name := range []string{"eventtagsjson", "tagsjson"} {
		text, ok := p.at(name).(string)
		list, isList := p.at(name).([]any)
		if ok {
			r := jsonscan.New(text)
			if v, err := readAny(&r); err == nil {
				list, isList = v.([]any)
			}
		}
		for i := 0; isList && i < len(list); i++ {
			if tag, ok := list[i].(tree); ok && tag.text("tag") != "" {
				labels[tag.text("tag")] = tag.text("value")
			}
		}
	}
	tags(p.texts("eventtags"), labels)
	tags(p.texts("tags"), labels)
}
