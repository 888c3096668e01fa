package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"pinkstar/schemas"
)

// WriteReplay writes the world as input of `pinkstar replay`: alerts as
// Alertmanager's webhook sends them, everything else as our own signals, one
// line each, in order of arrival.
func WriteReplay(out io.Writer, w *World) error {
	b := bufio.NewWriter(out)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for i := range w.Signals {
		s := &w.Signals[i].Signal
		var line any = s
		if s.Kind == schemas.KindAlert {
			line = wrap(s)
		}
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("signal %d: %w", i+1, err)
		}
	}
	return b.Flush()
}

// WriteTruth writes one line for every line of WriteReplay: what its signal
// comes from.
func WriteTruth(out io.Writer, w *World) error {
	b := bufio.NewWriter(out)
	enc := json.NewEncoder(b)
	for i := range w.Signals {
		l := &w.Signals[i]
		err := enc.Encode(struct {
			Line   int    `json:"line"`
			Index  int    `json:"index"`
			Fault  string `json:"fault"`
			Noise  string `json:"noise,omitempty"`
			Root   string `json:"root,omitempty"`
			Scored bool   `json:"scored"`
		}{i + 1, 0, l.Fault, l.Noise, l.Root, l.Scored()})
		if err != nil {
			return fmt.Errorf("signal %d: %w", i+1, err)
		}
	}
	return b.Flush()
}

type webhook struct {
	Source     string       `json:"source"`
	ReceivedAt schemas.Time `json:"received_at"`
	Payload    payload      `json:"payload"`
}

type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       schemas.Labels    `json:"groupLabels"`
	CommonLabels      schemas.Labels    `json:"commonLabels"`
	CommonAnnotations schemas.Labels    `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            [1]webhookMessage `json:"alerts"`
}

type webhookMessage struct {
	Status       string         `json:"status"`
	Labels       schemas.Labels `json:"labels"`
	Annotations  schemas.Labels `json:"annotations"`
	StartsAt     string         `json:"startsAt"`
	EndsAt       string         `json:"endsAt"`
	GeneratorURL string         `json:"generatorURL"`
	Fingerprint  string         `json:"fingerprint"`
}

func wrap(s *schemas.Signal) webhook {
	end := "0001-01-01T00:00:00Z" // how Alertmanager writes "not ended"
	if s.EndsAt != 0 {
		end = s.EndsAt.String()
	}
	return webhook{Source: "alertmanager", ReceivedAt: s.ReceivedAt, Payload: payload{
		Version: "4", GroupKey: fmt.Sprintf("{}:{alertname=%q}", s.Name), Status: string(s.Status), Receiver: "pinkstar",
		GroupLabels:  schemas.LabelsOf(map[string]string{"alertname": s.Name}),
		CommonLabels: s.Labels, CommonAnnotations: s.Annotations, ExternalURL: "http://alertmanager.example.com",
		Alerts: [1]webhookMessage{{
			Status: string(s.Status), Labels: s.Labels, Annotations: s.Annotations,
			StartsAt: s.StartsAt.String(), EndsAt: end, Fingerprint: s.Fingerprint,
		}},
	}}
}
