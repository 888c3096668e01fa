package ingest

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceCloudWatch is an alarm of Amazon CloudWatch: in SNS' envelope, as raw
// delivery leaves it, or as an event of EventBridge.
const SourceCloudWatch Source = "cloudwatch"

var cloudWatch = sender{
	name: SourceCloudWatch, aliases: []string{"sns"}, path: "/webhook/cloudwatch", topic: schemas.TopicAlerts,
	mediaTypes: []string{"text/plain"}, // which is what SNS says of its JSON
	looks: func(m members) bool {
		return m.have("Type", "MessageId", "TopicArn") || m.have("AlarmName", "NewStateValue") || m.have("detail-type", "detail", "source")
	},
	hint: "TopicArn, or AlarmName,",
	read: (*batch).cloudWatch,
}

func (b *batch) cloudWatch(r *jsonscan.Reader) error {
	start := r.Mark()
	m, err := membersOf(r)
	if err != nil {
		return err
	}
	switch {
	case m.have("detail-type"):
		return b.alertFrom(r, SourceCloudWatch, readAlarmEvent)
	case !m.have("TopicArn"):
		return b.alertFrom(r, SourceCloudWatch, readAlarm)
	}
	p := b.here(r)
	t, err := readTree(r)
	if err != nil {
		return err
	}
	switch typ := t.text("Type"); typ {
	case "Notification":
		end := r.Mark()
		err := b.inside("Message", func() error { return b.snsMessage(t) })
		r.Rewind(end)
		return jsonscanWithin(err, "Message", start.Offset())
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		return b.refuse(p, confirmation(t, typ))
	default:
		return fmt.Errorf("field Type: %q is none that SNS sends", typ)
	}
}

func jsonscanWithin(err error, step string, offset int) error {
	if err == nil {
		return nil
	}
	return jsonscan.Within(err, step, offset)
}

// snsMessage reads what SNS carries: an alarm, or whatever else is known.
func (b *batch) snsMessage(t tree) error {
	text, ok := t.at("Message").(string)
	if !ok {
		return errors.New("missing, or no text")
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return fmt.Errorf("%.40q is no JSON: only alarms and payloads of known senders are understood", text)
	}
	outer := b.meta
	b.meta = Meta{ReceivedAt: outer.ReceivedAt}
	defer func() { b.meta = outer }()
	return b.body(SourceAny, text)
}

// snsHost is where Amazon's own confirmations point.
var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// confirmation says what is to be done. Pinkstar never fetches an address that a
// stranger sends: it would be asked to call whatever it can reach.
func confirmation(t tree, typ string) error {
	u, err := url.Parse(t.text("SubscribeURL"))
	if err != nil || u.Scheme != "https" || !snsHost.MatchString(u.Host) || u.User != nil {
		return fmt.Errorf("%s: SubscribeURL is not an address of Amazon SNS; do not open it", typ)
	}
	if typ != "SubscriptionConfirmation" {
		return fmt.Errorf("%s: the subscription of %s was ended; nothing to do if that was meant", typ, t.text("TopicArn"))
	}
	return fmt.Errorf("SubscriptionConfirmation of %s: Pinkstar opens no address it is sent. To confirm, open the SubscribeURL of this message "+
		"(it is the value in v_dead_letters) or run aws sns confirm-subscription with its Token", t.text("TopicArn"))
}

func readAlarm(t tree, s *schemas.Signal) error {
	at, err := t.time("StateChangeTime")
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for label, path := range map[string]string{"namespace": "Trigger.Namespace", "metric_name": "Trigger.MetricName", "aws_account": "AWSAccountId"} {
		labels[label] = t.text(path)
	}
	if list, ok := t.at("Trigger.Dimensions").([]any); ok {
		for _, d := range list {
			if d, ok := d.(tree); ok {
				labels[d.text("name", "Name")] = d.text("value", "Value")
			}
		}
	}
	return alarm(t, s, labels, alarmState{
		name: t.text("AlarmName"), arn: t.text("AlarmArn"), state: t.text("NewStateValue"), reason: t.text("NewStateReason"),
		description: t.text("AlarmDescription"), account: t.text("AWSAccountId"), at: at,
	})
}

// readAlarmEvent reads EventBridge's "CloudWatch Alarm State Change".
func readAlarmEvent(t tree, s *schemas.Signal) error {
	if typ := t.text("detail-type"); typ != "CloudWatch Alarm State Change" {
		return fmt.Errorf("detail-type: %q is not understood; only CloudWatch Alarm State Change is", typ)
	}
	at, err := t.time("detail.state.timestamp", "time")
	if err != nil {
		return err
	}
	labels := map[string]string{"aws_account": t.text("account")}
	t.object("detail.configuration.metrics[0].metricStat.metric.dimensions").flat(labels)
	return alarm(t, s, labels, alarmState{
		name: t.text("detail.alarmName"), arn: t.text("resources[0]"), state: t.text("detail.state.value"), reason: t.text("detail.state.reason"),
		description: t.text("detail.configuration.description"), account: t.text("account"), at: at,
	})
}

type alarmState struct {
	name, arn, state, reason, description, account string
	at                                             schemas.Time
}

func alarm(_ tree, s *schemas.Signal, labels map[string]string, a alarmState) error {
	if a.name == "" {
		return errors.New("AlarmName: missing")
	}
	region := ""
	if parts := strings.Split(a.arn, ":"); len(parts) > 4 {
		region = parts[3]
		labels["region"] = region
	}
	delete(labels, "")
	s.Name, s.Summary, s.Description, s.StartsAt = a.name, firstLine(a.reason, a.name), strings.TrimSpace(a.description+"\n\n"+a.reason), a.at
	s.Labels, s.Host, s.Fingerprint = schemas.LabelsOf(labels), labels["InstanceId"], a.arn
	for _, name := range []string{"ServiceName", "FunctionName", "ApiName", "DBInstanceIdentifier", "QueueName"} {
		if s.Service == "" && s.Labels.Get("service") == "" {
			s.Service = labels[name]
		}
	}
	if s.Fingerprint == "" {
		s.Fingerprint = a.account + "/" + a.name
	}
	if region != "" {
		s.URL = "https://" + region + ".console.aws.amazon.com/cloudwatch/home?region=" + region + "#alarmsV2:alarm/" + url.PathEscape(a.name)
	}
	switch a.state {
	case "ALARM":
	case "OK":
		over(s, 0, a.at)
	case "INSUFFICIENT_DATA":
		return nothingError("INSUFFICIENT_DATA says neither that an alarm is on nor that it is over: nothing is done")
	default:
		return fmt.Errorf("NewStateValue: %q is none of ALARM, OK, INSUFFICIENT_DATA", a.state)
	}
	return nil
}
