package main

import (
	"context"
	"io"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/console"
	"pinkstar/sinks/mcp"
)

func (c *cli) addMCP() {
	clause := c.app.Command("mcp", "Let an assistant ask what is open and why: the Model Context Protocol on standard input and output. A running pinkstar serves the same at /mcp.")
	d := c.sit(clause)
	act := clause.Flag("allow-commands", "let it acknowledge, assign, note, mitigate, resolve, reopen and set severities too, in your name").Bool()
	clause.Flag("as", "who gives commands, where nobody is asked for a token").PlaceHolder("NAME").StringVar(&d.as)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		s := mcp.New(app.ReadBuild().Version, cl, *act)
		return s.Run(ctx, &sdk.IOTransport{Reader: io.NopCloser(w.in), Writer: unclosed{w.out}})
	})
}

// unclosed is standard output, which is not ours to close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
