package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinkstar/schemas/jsonscan"
)

// Source names a form of payload: the name of its sender in the configuration,
// in the wrapped form and, where the sender itself says nothing else, in the
// signals.
type Source string

// SourceAny is a payload that has to be recognised.
const SourceAny Source = ""

// sender is all that is particular to one sender. Each stands in a file of its
// own and in one line of senders.
type sender struct {
	name    Source
	aliases []string // further names in the wrapped form
	// path is where its webhook goes; "": it comes on topics only.
	path string
	// topic is the input topic that its records belong on, without the prefix.
	// Records are recognised on each of them; it is for whoever has to choose.
	topic string
	// signature is how it signs what it sends, unless the configuration says
	// otherwise.
	signature signature
	// mediaTypes are taken besides JSON; only makes JSON one that must be listed.
	mediaTypes []string
	onlyMedia  bool
	// looks is what a JSON object must show in its members to be this sender's
	// and no other's; nil: never recognised by them. What a sender looks like
	// must exclude all others: the order of the list does not count. hint says
	// the same for whoever is told that nothing was recognised.
	looks func(members) bool
	hint  string
	// looksWhole asks more of an object than its own members: for mappings.
	looksWhole func(tree) bool
	// anything says that looks is so weak that any other sender's goes before it.
	anything bool
	// read translates one JSON object.
	read func(*batch, *jsonscan.Reader) error
	// text translates a whole text that is no JSON, where isText says so.
	isText func(text, contentType string) bool
	text   func(*batch, string) error
}

// errTest is what a sender's test button sends: it shows that the way is open, and
// no incident may come of it.
const errTest = nothingError("a test of the way here: received, and no incident is made of it")

// signature is how a sender signs a body.
type signature struct {
	header string
}

// defaultSignatureHeader is GitHub's, which many have taken over.
const defaultSignatureHeader = "X-Hub-Signature-256"

// senders are all there are. Their order means nothing.
var senders = []*sender{
	&alertmanager,
	&azure,
	&calendar,
	&cdEvents,
	&cloudEvents,
	&cloudWatch,
	&datadog,
	&dynatrace,
	&gitHub,
	&gitLab,
	&googleCloud,
	&grafana,
	&icinga,
	&jira,
	&nagios,
	&newRelic,
	&opsgenie,
	&pagerDuty,
	&recorder,
	&sentry,
	&serviceNow,
	&signals,
	&silences,
	&splunk,
	&wrapped,
	&zabbix,
}

// senderNamed finds a sender by its name or one of its other names.
func senderNamed(list []*sender, name string) *sender {
	name = strings.ToLower(name)
	for _, s := range list {
		if string(s.name) == name || slices.Contains(s.aliases, name) {
			return s
		}
	}
	return nil
}

// webhooks are the senders of a list with a path, by name.
func webhooks(list []*sender) map[string]*sender {
	out := map[string]*sender{}
	for _, s := range list {
		if s.path != "" {
			out[string(s.name)] = s
		}
	}
	return out
}

// members is what an object shows of itself: the kinds of its members, and the
// texts of a few whose value tells senders apart.
type members map[string]member

type member struct {
	kind jsonscan.Kind
	text string
}

// telling are the members whose text is kept.
var telling = map[string]bool{"version": true}

func (m members) have(names ...string) bool {
	for _, n := range names {
		if _, ok := m[n]; !ok {
			return false
		}
	}
	return true
}

func (m members) any(names ...string) bool {
	for _, n := range names {
		if _, ok := m[n]; ok {
			return true
		}
	}
	return false
}

// membersOf looks at the object that r stands before, and leaves r there.
func membersOf(r *jsonscan.Reader) (members, error) {
	if r.Kind() != jsonscan.Object {
		return nil, errors.New("want an object")
	}
	start := r.Mark()
	m := make(members, 16)
	err := r.Object(func(name string) (err error) {
		v := member{kind: r.Kind()}
		if v.kind == jsonscan.String && telling[name] {
			v.text, err = r.String()
		}
		m[name] = v
		return err
	})
	r.Rewind(start)
	return m, err
}

// recognise finds the one sender whose payload the object is that r stands
// before, and leaves r there. What the configuration describes goes before what
// is built in: it was written for it.
func recognise(list []*sender, r *jsonscan.Reader) (*sender, error) {
	m, err := membersOf(r)
	if err != nil {
		return nil, err
	}
	if found, err := recogniseMapped(list, r); found != nil || err != nil {
		return found, err
	}
	var found, weak *sender
	for _, s := range list {
		switch {
		case s.looks == nil || !s.looks(m):
		case s.anything:
			weak = s
		case found == nil:
			found = s
		default:
			return nil, fmt.Errorf("looks like a payload of %s and of %s; send it to the path of its sender, "+
				`or wrapped as {"source": …, "payload": …}`, min(found.name, s.name), max(found.name, s.name))
		}
	}
	switch {
	case found != nil:
		return found, nil
	case weak != nil:
		return weak, nil
	}
	return nil, errors.New("not a payload of any known sender: " + hints(list) + ", and no field of our own signal")
}

func recogniseMapped(list []*sender, r *jsonscan.Reader) (found *sender, err error) {
	var whole tree
	for _, s := range list {
		if s.looksWhole == nil {
			continue
		}
		if whole == nil {
			start := r.Mark()
			whole, err = readTree(r)
			r.Rewind(start)
			if err != nil {
				return nil, err
			}
		}
		if !s.looksWhole(whole) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("looks like a payload of %s and of %s; make recognise of one of mappings narrower",
				min(found.name, s.name), max(found.name, s.name))
		}
		found = s
	}
	return found, nil
}

// hints says by what each sender is recognised, in the order of the names.
func hints(list []*sender) string {
	var out []string
	for _, s := range list {
		if s.hint != "" {
			out = append(out, "no "+s.hint+" ("+string(s.name)+")")
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
