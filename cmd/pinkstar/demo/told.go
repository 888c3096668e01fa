package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinkstar/sinks/message"
	"pinkstar/sinks/message/standin"
)

// Channels of the station.
const (
	emergency  = "#emergency"
	shieldTeam = "#shield-team"
)

// told shows what Slack, Jira, PagerDuty and the mail server received, and ends the
// demo when something is missing.
func (s *stage) told(ctx context.Context) error {
	s.page.title("Who was told, and where")
	s.page.say("Stand-ins for Slack, Jira, PagerDuty and a mail server ran beside the story. This is what they have now.")
	for _, part := range []func(context.Context) error{s.toldSlack, s.toldShieldTeam, s.toldJira, s.toldPager, s.toldCompany} {
		s.page.blank()
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// seeTakenElsewhere wants what was pressed in Slack to show in the thread, in Jira and
// on the pager.
func (s *stage) seeTakenElsewhere(ctx context.Context) error {
	err := until(ctx, limit, "the acknowledgement in Slack, Jira and PagerDuty", func(context.Context) error {
		head, _ := s.outside.head(emergency, s.mainID)
		thread, _ := s.inChannel(&head)
		if !slices.ContainsFunc(thread, func(p standin.Post) bool { return strings.Contains(p.Text, manager+" is in charge") }) {
			return fmt.Errorf("the thread in %s does not say it", emergency)
		}
		if issues := s.outside.jira.Issues(); len(issues) == 0 || issues[0].Status != "In Progress" {
			return fmt.Errorf("Jira has %d tickets, and the first is not in progress", len(issues)) //nolint:staticcheck // a name
		}
		for _, p := range s.outside.duty.Pages() {
			if p.Key == s.mainID && p.Status == "acknowledged" {
				return nil
			}
		}
		return errors.New("the pager goes on calling")
	})
	if err == nil {
		s.page.knows("So say the thread in Slack, the ticket in Jira, which is in progress, and PagerDuty, which calls nobody any more.")
	}
	return err
}

// toldSlack wants one message of the attack, edited to its end, and in its thread
// what mattered; what became part of it says so and is silent.
func (s *stage) toldSlack(ctx context.Context) error {
	var head standin.Post
	err := until(ctx, limit, "the end of the attack in "+emergency, func(context.Context) error {
		var ok bool
		if head, ok = s.outside.head(emergency, s.mainID); !ok || !strings.HasPrefix(head.Text, "RESOLVED") {
			return fmt.Errorf("the message of %s says %q", s.mainID, head.Text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	thread, others := s.inChannel(&head)
	s.page.fact("Slack", "%s: one message of the attack, edited %d times, and its thread:", emergency, head.Edits)
	for _, t := range thread {
		s.page.fact("", "· %s", cut(plain(t.Text), 120))
	}
	for _, o := range others {
		s.page.fact("", "(told of before it was known to be part of it: \"%s\")", cut(plain(o.Text), 70))
	}
	for _, want := range []string{director + " did not answer", manager + " is in charge", "Resolved."} {
		if !slices.ContainsFunc(thread, func(p standin.Post) bool { return strings.Contains(plain(p.Text), want) }) {
			return fmt.Errorf("the thread of the attack in %s does not say %q", emergency, want)
		}
	}
	return s.onlyParts(ctx, others)
}

// onlyParts wants every other message of the channel to be of a part of the attack,
// one for each.
func (s *stage) onlyParts(ctx context.Context, others []standin.Post) error {
	d, err := s.detail(ctx, s.mainID)
	if err != nil {
		return err
	}
	for _, c := range d.Children {
		i := slices.IndexFunc(others, func(p standin.Post) bool { return strings.Contains(p.Blocks, message.SlackBlock+c.ID+`"`) })
		if i >= 0 {
			others = slices.Delete(others, i, i+1)
		}
	}
	if len(others) > 0 {
		return fmt.Errorf("%s has %s of nothing that belongs to the attack, the first: %s", emergency, count(len(others), "message", "messages"), others[0].Text)
	}
	return nil
}

// inChannel are the answers to a message, and the other messages of its channel.
func (s *stage) inChannel(head *standin.Post) (thread, others []standin.Post) {
	for _, p := range s.outside.slack.Posts() {
		switch {
		case p.Thread == head.TS:
			thread = append(thread, p)
		case p.Thread == "" && p.Channel == head.Channel && p.TS != head.TS:
			others = append(others, p)
		}
	}
	return thread, others
}

// partsTold are the tickets of what was an incident of its own before it was linked.
func (s *stage) partsTold() []standin.Issue { return s.outside.jira.Issues()[1:] }

// plain is Slack's text without its marks.
func plain(s string) string {
	return strings.NewReplacer("*", "", "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(s)
}

// toldShieldTeam wants those who do the maintenance told within the first minute.
func (s *stage) toldShieldTeam(ctx context.Context) error {
	first, err := s.number(ctx, "SELECT toUnixTimestamp64Milli(min(at)) FROM v_effects WHERE kind = 'change_notice' AND has(targets, "+quote(shieldTeam)+")")
	if err != nil {
		return err
	}
	after := first - s.t0.UnixMilli()
	if after < 0 || after > 60_000 {
		return fmt.Errorf("%s was asked to stop %d s after the first alert, want within 60", shieldTeam, after/1000)
	}
	head, ok := s.outside.head(shieldTeam, s.mainID)
	if !ok {
		return fmt.Errorf("%s has no message of %s", shieldTeam, s.mainID)
	}
	s.page.fact("", "%s, within %s of the first alert: one message, edited %d times; now %q", shieldTeam, lasted(max(after, 1000)), head.Edits, cut(plain(head.Text), 100))
	return nil
}

// toldJira wants one ticket of the attack with everybody's tickets linked to it,
// worked on and done.
func (s *stage) toldJira(ctx context.Context) error {
	var main standin.Issue
	err := until(ctx, limit, "the attack's ticket in Jira", func(context.Context) error {
		issues := s.outside.jira.Issues()
		if len(issues) == 0 {
			return errors.New("there is none")
		}
		main = issues[0]
		for _, key := range []string{"TUR-311", "TUR-312", "CORE-900"} {
			if !slices.ContainsFunc(main.Links, func(l standin.Link) bool { return l.To == key }) {
				return fmt.Errorf("%s is not linked to %s", key, main.Key)
			}
		}
		for _, x := range issues {
			if x.Status != "Done" {
				return fmt.Errorf("%s is %s", x.Key, x.Status)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var keys []string
	for _, l := range main.Links {
		keys = append(keys, l.To)
	}
	slices.Sort(keys)
	s.page.fact("Jira", "%s \"%s\": %s, then %s; %s; linked to it: %s", main.Key, cut(main.Summary, 70), "To Do", strings.Join(moves(&main), ", then "),
		count(len(main.Comments), "comment", "comments"), strings.Join(keys, ", "))
	for _, x := range s.partsTold() {
		s.page.fact("", "(%s \"%s\" was closed when it became part of it)", x.Key, cut(x.Summary, 70))
	}
	return nil
}

// moves are the states a ticket came to.
func moves(x *standin.Issue) []string {
	out := make([]string, len(x.Moves))
	for i, m := range x.Moves {
		out[i], _, _ = strings.Cut(m, " by ")
	}
	return out
}

// toldPager wants the director called, then the manager, and the pager told that
// somebody answered and that it is over.
func (s *stage) toldPager(ctx context.Context) error {
	want := []string{"trigger", "trigger", "acknowledge", "resolve"}
	var page standin.Page
	err := until(ctx, limit, "the attack on the pager", func(context.Context) error {
		for _, p := range s.outside.duty.Pages() {
			if p.Key == s.mainID {
				page = p
			}
		}
		if !slices.Equal(page.Events, want) {
			return fmt.Errorf("it was told %v of %s, want %v", page.Events, s.mainID, want)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.page.fact("PagerDuty", "%s is called; after a minute of silence %s; then it is told of the answer and of the end: %s", director, manager, strings.Join(page.Events, ", "))
	return nil
}

// toldCompany wants one mail to everybody.
func (s *stage) toldCompany(ctx context.Context) error {
	var letters []standin.Letter
	err := until(ctx, limit, "the mail to everybody", func(context.Context) error {
		if letters = s.outside.mail.Letters(); len(letters) != 1 {
			return fmt.Errorf("%d mails came, want one", len(letters))
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.page.fact("Mail", "to %s: \"%s\"", letters[0].To, letters[0].Subject)
	return nil
}
