package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"pinkstar/schemas/secret"
	"pinkstar/sinks/message"
	"pinkstar/sinks/message/standin"
)

// Names of the targets, as the rules have them.
const (
	chat    = "chat"
	tracker = "tracker"
	pager   = "pager"
	mailbox = "mail"
)

// managerMember is the manager's member id in Slack.
const managerMember = "U1NES"

// outside are the systems of others that people are told in: stand-ins, on ports of
// this machine.
type outside struct {
	slack *standin.Slack
	jira  *standin.Jira
	duty  *standin.PagerDuty
	mail  standin.Mail

	at      map[string]string // where each listens
	servers []*http.Server
	post    net.Listener // of the mail server
	ended   sync.WaitGroup
}

func openOutside(ctx context.Context) (*outside, error) {
	o := &outside{slack: &standin.Slack{Token: rand.Text(), Secret: rand.Text()}, duty: &standin.PagerDuty{RoutingKey: "demo", Secret: rand.Text()},
		jira: &standin.Jira{Project: "STATION", Token: "demo", Secret: rand.Text(), Account: "pinkstar"}, at: map[string]string{}}
	for name, h := range map[string]http.Handler{chat: o.slack, tracker: o.jira, pager: o.duty, mailbox: nil} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			o.close()
			return nil, fmt.Errorf("a stand-in for %s: %w", name, err)
		}
		o.at[name] = l.Addr().String()
		if h == nil {
			o.post = l
			o.ended.Go(func() { _ = o.mail.Serve(l) }) // it ends when its listener does
			continue
		}
		srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		o.servers = append(o.servers, srv)
		o.ended.Go(func() { _ = srv.Serve(l) }) // as above
	}
	o.slack.URL = "http://" + o.at[chat]
	return o, nil
}

func (o *outside) close() {
	for _, srv := range o.servers {
		_ = srv.Close() // whoever still speaks to it is being stopped
	}
	if o.post != nil {
		_ = o.post.Close()
	}
	o.ended.Wait()
}

// targets are the settings' notify.targets.
func (o *outside) targets() []message.Config {
	signing := secret.New(o.slack.Secret)
	list := []message.Config{
		{Name: chat, Channels: true, Slack: &message.Slack{Token: secret.New(o.slack.Token), Channel: "#operations", URL: o.slack.URL, SigningSecret: &signing}},
		{Name: tracker, Everything: true, Jira: &message.Jira{URL: "http://" + o.at[tracker], Token: secret.New(o.jira.Token), Project: o.jira.Project}},
		{Name: pager, PagerDuty: &message.PagerDuty{RoutingKey: secret.New(o.duty.RoutingKey), URL: "http://" + o.at[pager]}},
		{Name: mailbox, Company: true, Mail: &message.Mail{Server: o.at[mailbox], From: "Pink Star <incidents@pinkstar.example>", To: []string{"everybody@pinkstar.example"}, Plain: true}},
	}
	for i := range list {
		list[i].AllowPrivate = true // the stand-ins are here
	}
	return list
}

// head is the message of an incident in a channel.
func (o *outside) head(channel, incident string) (standin.Post, bool) {
	posts := o.slack.Posts()
	i := slices.IndexFunc(posts, func(p standin.Post) bool {
		return p.Channel == channel && p.Thread == "" && strings.Contains(p.Blocks, message.SlackBlock+incident+`"`)
	})
	if i < 0 {
		return standin.Post{}, false
	}
	return posts[i], true
}

// press has the manager press a button below the main incident's message.
func (s *stage) press(ctx context.Context, button string) error {
	return until(ctx, limit, "the button "+button+" in "+emergency, func(ctx context.Context) error {
		head, ok := s.outside.head(emergency, s.mainID)
		if !ok || !strings.Contains(head.Blocks, `"`+button+`"`) {
			return fmt.Errorf("no message of %s there has it", s.mainID)
		}
		before := len(s.outside.slack.Whispers())
		body, header := s.outside.slack.Pressed(standin.Press{Member: managerMember, Block: message.SlackBlock + s.mainID, Button: button}, s.clock.Now())
		if _, err := s.outside.slack.Send(ctx, http.DefaultClient, s.reach.at.HTTP+"/reply/"+chat, body, header); err != nil {
			return err
		}
		said := s.outside.slack.Whispers()[before:]
		if len(said) == 0 || !strings.HasPrefix(said[0], "Taken") {
			return errors.New("who pressed is told: " + strings.Join(said, " "))
		}
		return nil
	})
}
