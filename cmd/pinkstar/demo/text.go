package demo

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"pinkstar/schemas"
)

func (p *page) opening() {
	p.title("Pinkstar")
	p.say("A travel company's space station, the Pink Star, was destroyed because nobody ran an incident process: " +
		"the alert reached one chat, the tickets one team, the maintenance nobody, and the core's weakness was patched " +
		"for a year and never fixed. This demo sends the same events through Pinkstar.")
	p.blank()
	p.say("Everything below runs on this machine, in this process and one child: a Kafka, the gateway, the correlator " +
		"and a real ClickHouse. The events are invented; how they travel is not. Lines with ▸ were read back from " +
		"the running system, over its API or its SQL.")
	p.blank()
}

func (p *page) started(took time.Duration) {
	p.say("Started in %.1f seconds.", took.Seconds())
}

// whereToLook is what a person needs to go on alone.
func (p *page) whereToLook(at Endpoints, s *stage, dir string, o Options) {
	p.title("Where to look")
	token := s.token
	p.fact("board", "%s/   sign in as %s, with the token %s for a password", at.HTTP, manager, token)
	p.fact("the attack", "%s/incidents/%s", at.HTTP, s.mainID)
	p.fact("the problem", "%s/problems/%s", at.HTTP, s.problemID)
	p.fact("API", "%s/api/v1/incidents?main=true   (described at /api/v1/openapi.yaml)", at.HTTP)
	p.line(fmt.Sprintf("      curl -H 'authorization: Bearer %s' '%s/api/v1/incidents?main=true'", token, at.HTTP))
	p.fact("SQL over HTTP", "%s   user %s (may read the views v_*), password %s, database %s", at.ClickHouseHTTP, at.ClickHouseUser,
		at.ClickHousePassword, at.ClickHouseDatabase)
	p.line(fmt.Sprintf("      curl -u '%s:%s' '%s/?database=%s' \\", at.ClickHouseUser,
		at.ClickHousePassword, at.ClickHouseHTTP, at.ClickHouseDatabase))
	p.line("        -d 'SELECT * FROM v_incidents WHERE severity = '\\''critical'\\'' FORMAT Vertical'")
	p.line(fmt.Sprintf("      pinkstar sql --data %s 'SELECT * FROM v_problems'", dir))
	p.fact("SQL, native", "%s   same user", at.ClickHouseNative)
	p.fact("Kafka", "%s   topics %s", at.Kafka, topicList(at.TopicPrefix))
	p.fact("send your own", "with the same token; in an environment of its own, apart from the story:")
	p.line(fmt.Sprintf("      curl %s/webhook/alertmanager -H 'authorization: Bearer %s' \\", at.HTTP, token))
	p.line("        -H 'content-type: application/json' \\")
	p.line(`        -d '{"version":"4","alerts":[{"status":"firing","labels":`)
	p.line(`          {"alertname":"CoffeeCold","service":"mess-hall","environment":"mine"}}]}'`)
	if o.Data != "" {
		p.fact("data", "%s stays. To go on with it:", dir)
		p.line(fmt.Sprintf("      pinkstar run --data %s \\", dir))
		p.line(fmt.Sprintf("        --rules %s --topology %s", filepath.Join(dir, rulesFile), filepath.Join(dir, topologyFile)))
	}
	p.blank()
	if o.Exit {
		return
	}
	if o.Data == "" {
		p.say("It keeps running until Ctrl-C, and then removes its data (%s).", dir)
	} else {
		p.say("It keeps running until Ctrl-C.")
	}
}

func topicList(prefix string) string {
	names := append([]string{schemas.TopicAlerts, schemas.TopicTickets, schemas.TopicChanges, schemas.TopicSignals}, schemas.OutTopicNames()...)
	for i := range names {
		names[i] = prefix + names[i]
	}
	return strings.Join(names, ", ")
}
