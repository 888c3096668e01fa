package mcp

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pinkstar/schemas"
)

// commands are those that an assistant may give. What joins or parts incidents is
// for people, who see what they do.
var commands = []schemas.Action{
	schemas.ActionAcknowledge, schemas.ActionAssign, schemas.ActionNote, schemas.ActionMitigate, schemas.ActionResolve, schemas.ActionReopen, schemas.ActionSetSeverity,
}

type commandIn struct {
	Incident string `json:"incident"       jsonschema:"its id"`
	Action   string `json:"action"         jsonschema:"acknowledge, assign, note, mitigate, resolve, reopen or set_severity"`
	To       string `json:"to,omitempty"   jsonschema:"assign: to whom; set_severity: critical, major, warning, info or auto"`
	Note     string `json:"note,omitempty" jsonschema:"note: the text"`
	By       string `json:"by,omitempty"   jsonschema:"who gives the command, only where the server asks for no token"`
}

func command(s *mcp.Server, t tools) {
	yes := true
	mcp.AddTool(s, &mcp.Tool{Name: "command", Description: "Give a command about an incident, in the name of whose token this is. Only when the person you work for has asked for exactly that.",
		Annotations: &mcp.ToolAnnotations{DestructiveHint: &yes}},
		func(ctx context.Context, _ *mcp.CallToolRequest, in commandIn) (*mcp.CallToolResult, any, error) {
			if !slices.Contains(commands, schemas.Action(in.Action)) {
				return nil, nil, fmt.Errorf("action: %q is not one of %v", in.Action, commands)
			}
			body := map[string]string{"action": in.Action}
			for name, value := range map[string]string{"to": in.To, "note": in.Note, "by": in.By} {
				if value != "" {
					body[name] = value
				}
			}
			var out map[string]any
			err := t.ask.Post(ctx, "/api/v1/incidents/"+url.PathEscape(in.Incident)+"/commands", body, &out)
			return nil, out, err
		})
}
