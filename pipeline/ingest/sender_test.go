package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// senderOf is whose payload a fixture is: its name begins with the sender's.
func senderOf(file string) Source {
	name, _, _ := strings.Cut(file, ".")
	name, _, _ = strings.Cut(name, "_")
	return Source(name)
}

// objects are the JSON objects that a fixture holds, those in arrays too.
func objects(t *testing.T, body []byte) (out []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		var v json.RawMessage
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		var list []json.RawMessage
		if json.Unmarshal(v, &list) != nil {
			list = []json.RawMessage{v}
		}
		for _, one := range list {
			out = append(out, string(one))
		}
	}
}

// claimants are all whose payload a text, or an object, could be.
func claimants(t *testing.T, text string) (strong, weak []Source) {
	t.Helper()
	for _, s := range senders {
		if s.isText != nil && s.isText(text, "") {
			strong = append(strong, s.name)
		}
	}
	if strings.TrimSpace(text)[0] != '{' {
		return strong, nil
	}
	r := jsonscan.New(text)
	m, err := membersOf(&r)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range senders {
		switch {
		case s.looks == nil || !s.looks(m):
		case s.anything:
			weak = append(weak, s.name)
		default:
			strong = append(strong, s.name)
		}
	}
	return strong, weak
}

func TestEveryFixtureIsRecognisedByExactlyOne(t *testing.T) {
	covered := map[Source]bool{}
	for file, body := range readPayloads(t) {
		want := senderOf(file)
		if senderNamed(senders, string(want)) == nil {
			t.Errorf("%s: there is no sender %q", file, want)
		}
		covered[want] = true
		texts := []string{string(body)}
		if c := bytes.TrimSpace(body)[0]; c == '{' || c == '[' {
			texts = objects(t, body)
		}
		for _, text := range texts {
			strong, weak := claimants(t, text)
			if len(strong) == 0 {
				strong = weak
			}
			if !slices.Equal(strong, []Source{want}) {
				t.Errorf("%s: %v recognise %.120s", file, strong, text)
			}
		}
	}
	for _, s := range senders {
		if !covered[s.name] {
			t.Errorf("%s has no fixture", s.name)
		}
	}
}

func TestTheOrderOfTheSendersMeansNothing(t *testing.T) {
	payloads := readPayloads(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		tr := newTranslator()
		tr.senders = slices.Clone(senders)
		rnd.Shuffle(len(tr.senders), func(i, j int) { tr.senders[i], tr.senders[j] = tr.senders[j], tr.senders[i] })
		for name, body := range payloads {
			want, wantErr := newTranslator().Recognise("", nil, body, receivedAt)
			got, err := tr.Recognise("", nil, body, receivedAt)
			if !bytes.Equal(lines(got, err), lines(want, wantErr)) {
				t.Fatalf("%s: in another order\n%s\nwant\n%s", name, lines(got, err), lines(want, wantErr))
			}
		}
	}
}

func TestWhatLooksLikeTwoSendersIsRefused(t *testing.T) {
	body := `{"webhookEvent":"jira:issue_created","records":[],"name":"x"}`
	if strong, _ := claimants(t, body); len(strong) != 2 {
		t.Fatalf("recognised by %v", strong)
	}
	got, err := newTranslator().Recognise("", nil, []byte(body), receivedAt)
	if len(got) != 0 || err == nil || !strings.Contains(err.Error(), "of jira and of servicenow") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSendersAreToldApartByTheirNames(t *testing.T) {
	names, paths := map[string]bool{}, map[string]bool{}
	topics := []string{"", schemas.TopicAlerts, schemas.TopicTickets, schemas.TopicChanges}
	for _, s := range senders {
		for _, n := range append([]string{string(s.name)}, s.aliases...) {
			if names[n] || n != strings.ToLower(n) {
				t.Errorf("%q is taken, or not in lower case", n)
			}
			names[n] = true
		}
		if s.path != "" && (paths[s.path] || !strings.HasSuffix(s.path, "/"+string(s.name))) {
			t.Errorf("%s: path %s", s.name, s.path)
		}
		paths[s.path] = true
		if !slices.Contains(topics, s.topic) {
			t.Errorf("%s: no input topic is called %q", s.name, s.topic)
		}
		if s.read == nil && s.text == nil || (s.text == nil) != (s.isText == nil) {
			t.Errorf("%s can not be read", s.name)
		}
	}
	if len(webhooks(senders)) != len(Paths()) || !slices.Contains(slices.Collect(maps.Keys(webhooks(senders))), "signals") {
		t.Errorf("paths %v", Paths())
	}
}

// The package's document lists every sender with its path.
func TestEverySenderIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range senders {
		if !strings.Contains(string(doc), "//\t"+string(s.name)+" ") || s.path != "" && !strings.Contains(string(doc), " "+s.path+" ") {
			t.Errorf("doc.go has no line for %s with %q", s.name, s.path)
		}
	}
}

// What we tell people to paste must be recognised: names as the readers want them.
func TestShippedPayloadsAreRecognised(t *testing.T) {
	for file, want := range map[string]Source{"datadog.json": SourceDatadog, "dynatrace.json": SourceDynatrace} {
		body, err := os.ReadFile("../../deploy/senders/" + file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(": {ImpactedEntities}", ": []", ": {ProblemDetailsJSON}", ": {}").Replace(string(body))
		if strong, _ := claimants(t, text); !slices.Equal(strong, []Source{want}) {
			t.Errorf("%s: recognised by %v", file, strong)
		}
	}
}
