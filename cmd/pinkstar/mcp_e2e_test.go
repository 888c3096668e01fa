package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafkatest"
)

// withToken sends a token with every request.
type withToken string

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(w))
	return http.DefaultTransport.RoundTrip(r)
}

// TestAnAssistantAsksWhatIsOpen: over HTTP and over standard input and output an
// assistant is told of a real incident, as far as its token goes.
func TestAnAssistantAsksWhatIsOpen(t *testing.T) {
	t.Parallel()
	addr := doorStep(t, func(c *config.Config) {
		c.Access.Tokens = []access.Token{{Name: "reader", Role: "read", Token: token("r3")}, {Name: "sam", Role: "act", Token: token("s3")}}
		c.Web.MCPCommands = true
	})
	id := openIncident(t, addr, map[string]string{"Authorization": "Bearer s3"})
	if code, body := (request{"POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, nil}).do(t, addr); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", code, body)
	}
	page := map[string]string{"Authorization": "Bearer s3", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
	if code, body := (request{"POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, page}).do(t, addr); code != http.StatusForbidden {
		t.Errorf("from a page of another site: %d %s", code, body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	over := func(name string, transport sdk.Transport) func(tool string, args map[string]any) (string, bool) {
		s, err := sdk.NewClient(&sdk.Implementation{Name: "assistant", Version: "1"}, nil).Connect(ctx, transport, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return func(tool string, args map[string]any) (string, bool) {
			r, err := s.CallTool(ctx, &sdk.CallToolParams{Name: tool, Arguments: args})
			if err != nil {
				return err.Error(), true
			}
			return r.Content[0].(*sdk.TextContent).Text, r.IsError
		}
	}
	web := func(token string) sdk.Transport {
		return &sdk.StreamableClientTransport{Endpoint: "http://" + addr + "/mcp", HTTPClient: &http.Client{Transport: withToken(token)}, DisableStandaloneSSE: true}
	}
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	errFile, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PINKSTAR_TOKEN": "s3", "PINKSTAR_API": "http://" + addr}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"mcp"}, world{in, out, errFile, func(k string) string { return env[k] }})
	}()
	stdio := over("stdio", &sdk.IOTransport{Reader: fromServer, Writer: toServer})
	reader, sam := over("reader", web("r3")), over("sam", web("s3"))
	for name, call := range map[string]func(string, map[string]any) (string, bool){"stdio": stdio, "reader": reader, "sam": sam} {
		if text, bad := call("list_incidents", nil); bad || !strings.Contains(text, id) || !strings.Contains(text, "ShieldDown") {
			t.Errorf("%s: %s", name, text)
		}
		if text, bad := call("get_incident", map[string]any{"id": id}); bad || !strings.Contains(text, `"suspected_roots"`) {
			t.Errorf("%s: %s", name, text)
		}
	}
	order := map[string]any{"incident": id, "action": "acknowledge"}
	if text, bad := reader("command", order); !bad || !strings.Contains(text, "may only read") {
		t.Errorf("a reader commands: %s", text)
	}
	if text, bad := stdio("command", order); !bad {
		t.Errorf("without --allow-commands: %s", text)
	}
	if text, bad := sam("command", order); bad || !strings.Contains(text, `"by":"sam"`) {
		t.Errorf("sam commands: %s", text)
	}
	_ = toServer.Close()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(kafkatest.Patience):
		t.Error("it goes on after its input has ended")
	}
}
