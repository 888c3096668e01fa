package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// reach talks to the running pipeline from outside, as anybody could: HTTP for
// the webhooks, the API and ClickHouse, Kafka for the topics.
type reach struct {
	at    Endpoints
	token string
	http  *http.Client
	kafka *kgo.Client
}

func newReach(at Endpoints, token string) (*reach, error) {
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(at.Kafka),
		kgo.ClientID("pinkstar-demo"),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka client for %s: %w", at.Kafka, err)
	}
	return &reach{at: at, token: token, http: &http.Client{Timeout: 20 * time.Second}, kafka: cl}, nil
}

func (r *reach) close() {
	r.kafka.Close()
	r.http.CloseIdleConnections()
}

// accepted is the gateway's answer.
type accepted struct {
	Accepted int      `json:"accepted"`
	IDs      []string `json:"ids"`
}

// post sends a webhook and wants 202.
func (r *reach) post(ctx context.Context, path string, body []byte) (accepted, error) {
	var a accepted
	err := r.call(ctx, http.MethodPost, path, body, http.StatusAccepted, &a)
	return a, err
}

// command gives an operator's order through the API.
func (r *reach) command(ctx context.Context, incident string, c schemas.Command) error {
	return r.call(ctx, http.MethodPost, "/api/v1/incidents/"+url.PathEscape(incident)+"/commands",
		mustJSON(c), http.StatusAccepted, nil)
}

func (r *reach) get(ctx context.Context, path string, into any) error {
	return r.call(ctx, http.MethodGet, path, nil, http.StatusOK, into)
}

func (r *reach) call(ctx context.Context, method, path string, body []byte, want int, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.at.HTTP+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	return r.do(req, want, into)
}

func (r *reach) do(req *http.Request, want int, into any) error {
	res, err := r.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	if res.StatusCode != want {
		err := fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, res.Status, strings.TrimSpace(cut(string(b), 600)))
		if s := res.StatusCode; s == http.StatusBadRequest || s == http.StatusUnauthorized || s == http.StatusForbidden ||
			res.Header.Get("X-ClickHouse-Exception-Code") != "" {
			return refusedError{err}
		}
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s %s: the answer is not what was expected: %w", req.Method, req.URL.Path, err)
	}
	return nil
}

// produce puts records on a topic, all with one key so that they keep their
// order, and returns once the broker has them. Their timestamps are set: the
// normaliser takes received_at from there.
func (r *reach) produce(ctx context.Context, topic, key string, recs ...*kgo.Record) error {
	for _, rec := range recs {
		rec.Topic, rec.Key = r.at.TopicPrefix+topic, []byte(key)
	}
	// Not kgo.RecordDeliveryTimeout: it counts from a record's timestamp.
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := r.kafka.ProduceSync(ctx, recs...).FirstErr(); err != nil {
		return fmt.Errorf("produce to %s%s: %w", r.at.TopicPrefix, topic, err)
	}
	return nil
}

// rows is what a query gave, as text.
type rows struct {
	Columns []string
	Rows    [][]string
}

// sql asks ClickHouse over its own HTTP port, with the user and the password
// that the demo prints at its end.
func (r *reach) sql(ctx context.Context, query string) (rows, error) {
	u := r.at.ClickHouseHTTP + "/?database=" + url.QueryEscape(r.at.ClickHouseDatabase) + "&default_format=JSONCompactStrings"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, strings.NewReader(query))
	if err != nil {
		return rows{}, err
	}
	req.Header.Set("X-ClickHouse-User", r.at.ClickHouseUser)
	req.Header.Set("X-ClickHouse-Key", r.at.ClickHousePassword)
	var out struct {
		Meta []struct{ Name string } `json:"meta"`
		Data [][]string              `json:"data"`
	}
	if err := r.do(req, http.StatusOK, &out); err != nil {
		return rows{}, fmt.Errorf("clickhouse: %w", err)
	}
	t := rows{Rows: out.Data}
	for _, m := range out.Meta {
		t.Columns = append(t.Columns, m.Name)
	}
	return t, nil
}

// refusedError is an answer that asking again does not change.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

// until asks again until look is satisfied. What look last missed is the error
// when the time is up; that the last look itself was cut short says nothing.
func until(outer context.Context, limit time.Duration, what string, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(outer, limit)
	defer cancel()
	wait := 20 * time.Millisecond
	var missed error
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		if missed == nil || ctx.Err() == nil {
			missed = err
		}
		if r := (refusedError{}); errors.As(err, &r) {
			return fmt.Errorf("%s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			if outer.Err() != nil {
				return outer.Err()
			}
			return fmt.Errorf("%s: not seen within %s: %w", what, limit, missed)
		case <-time.After(wait):
			wait = min(2*wait, 300*time.Millisecond)
		}
	}
}
