package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/console"
)

// desk is where commands for people find the installation, and how they print.
type desk struct {
	api, tokenFile, as, data string
	json                     bool
	wait                     time.Duration
}

// tokenFileEnv names a file with what tokenEnv would hold, apiEnv the address.
const (
	tokenFileEnv = "PINKSTAR_TOKEN_FILE" //nolint:gosec // the name of a variable
	apiEnv       = "PINKSTAR_API"
)

// sit adds what all commands for people have to one of them.
func (c *cli) sit(clause *kingpin.CmdClause) *desk {
	d := &desk{}
	clause.Flag("api", "address of a running pinkstar, http://host:port ($"+apiEnv+"); default: the one that runs on --data").PlaceHolder("URL").StringVar(&d.api)
	clause.Flag("data", "data directory of the pinkstar that runs on this machine ($PINKSTAR_DATA)").PlaceHolder("DIR").StringVar(&d.data)
	clause.Flag("token-file", "file with your token ($"+tokenFileEnv+"); or the token itself in $"+tokenEnv+". A flag would show it to all who list processes").PlaceHolder("FILE").StringVar(&d.tokenFile)
	clause.Flag("json", "print JSON").BoolVar(&d.json)
	return d
}

// orders adds what commands have that change something.
func (c *cli) orders(clause *kingpin.CmdClause) *desk {
	d := c.sit(clause)
	clause.Flag("as", "who gives the command, where nobody is asked for a token; default: $USER").PlaceHolder("NAME").StringVar(&d.as)
	clause.Flag("wait", "how long to wait until it has been carried out; 0: it is enough that it is taken").Default("15s").DurationVar(&d.wait)
	return d
}

// client finds the installation and who asks.
func (d *desk) client(w world) (*console.Client, error) {
	token, err := d.token(w)
	if err != nil {
		return nil, err
	}
	base := d.api
	if base == "" {
		base = w.getenv(apiEnv)
	}
	if base == "" || d.data != "" && d.api == "" {
		if base, err = runningOn(d.dataDir(w)); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(base, "http://") && !strings.HasPrefix(base, "https://") {
		return nil, usageError{fmt.Errorf("--api: %q does not begin with http:// or https://", base)}
	}
	c := &console.Client{Base: strings.TrimRight(base, "/"), Token: token, By: d.as, Wait: d.wait}
	if c.By == "" && token == "" {
		c.By = w.getenv("USER")
	}
	return c, nil
}

func (d *desk) dataDir(w world) string {
	for _, dir := range []string{d.data, w.getenv("PINKSTAR_DATA")} {
		if dir != "" {
			return dir
		}
	}
	return "pinkstar-data"
}

func (d *desk) token(w world) (string, error) {
	name := d.tokenFile
	if name == "" {
		if t := w.getenv(tokenEnv); t != "" {
			return t, nil
		}
		name = w.getenv(tokenFileEnv)
	}
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", usageError{fmt.Errorf("the token's file: %w", err)}
	}
	t := strings.TrimSpace(string(text))
	if t == "" || strings.ContainsAny(t, "\r\n") {
		return "", usageError{fmt.Errorf("%s: a token on one line is expected", name)}
	}
	return t, nil
}

// runningOn finds the address of the pinkstar that runs on a data directory.
func runningOn(data string) (string, error) {
	b, err := os.ReadFile(filepath.Join(data, app.EndpointsName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", usageError{fmt.Errorf("no pinkstar runs on the data directory %q: give --data DIR with the directory it was started with, or --api URL of one elsewhere (or $%s)", data, apiEnv)}
	}
	if err != nil {
		return "", err
	}
	var e app.Endpoints
	if err := json.Unmarshal(b, &e); err != nil {
		return "", fmt.Errorf("%s: %w", app.EndpointsName, err)
	}
	return "http://" + e.HTTP, nil
}

// conversation is a command for people: it asks and prints.
type conversation func(ctx context.Context, w world, c *console.Client) error

// talk has a command be a conversation with the installation.
func (c *cli) talk(clause *kingpin.CmdClause, d *desk, do conversation) {
	c.on(clause, func(ctx context.Context, w world) error {
		client, err := d.client(w)
		if err != nil {
			return err
		}
		err = do(ctx, w, client)
		switch refused, is := errors.AsType[*console.RefusedError](err); {
		case is && refused.Status == 401:
			return fmt.Errorf("%s asks who you are: give a token of its access.tokens in a file with --token-file, or in %s", client.Base, tokenEnv)
		case console.Conflict(err):
			return conflictError{err}
		case is || err == nil || ctx.Err() != nil:
			return err
		case isUsage(err):
			return err
		default:
			return fmt.Errorf("asking %s: %w", client.Base, err)
		}
	})
}

func isUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok
}

// print prints v as JSON, or as text says it.
func (d *desk) print(w world, v any, text func() error) error {
	if d.json {
		return writeJSON(w.out, v)
	}
	return text()
}

// tell prints what became of an order in one line.
func (d *desk) tell(w world, what string, out *console.Outcome) error {
	return d.print(w, out, func() error {
		how := "taken, and not carried out so far; `pinkstar explain " + out.ID + "` says what came of it"
		if out.Done {
			how = "done by " + out.By
		}
		_, err := fmt.Fprintf(w.out, "%s: %s\n", what, how)
		return err
	})
}
