// Package browsertest looks at pages with a real Chromium, in tests.
//
// # Non-obvious
//
//   - A test skips where there is no Chromium, and with -short; with chromium in
//     PINKSTAR_REQUIRE it fails instead. axe-core, which knows what stands in the way
//     of people who can't see, is the file that PINKSTAR_TEST_AXE names, likewise.
//   - PINKSTAR_TEST_SHOTS names a directory for pictures, to be looked at.
package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a page may take to become what is waited for. Nothing waits
// longer than it must.
const Patience = 3 * time.Minute

// Browser is one tab of a Chromium of the test's own.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	base string
	axe  string
}

// Open starts a browser for the pages of a server. It watches for errors of scripts
// and for windows that a page opens, which fail the test.
func Open(t testing.TB, base string) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		missing(t, "no chromium is on the PATH")
	}
	var axe []byte
	if file := os.Getenv("PINKSTAR_TEST_AXE"); file != "" || required() {
		var err error
		if axe, err = os.ReadFile(file); err != nil {
			t.Fatalf("PINKSTAR_TEST_AXE: %v", err)
		}
	}
	alloc, end := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-GB"))
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it ends with the test, one way or the other
		cancel()
		end()
	})
	b := &Browser{t: t, ctx: ctx, base: base, axe: string(axe)}
	// Not by do: the browser lives as long as the context of its first call.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	if err := chromedp.Listen(ctx, b.heard); err != nil {
		t.Fatal(err)
	}
	return b
}

func required() bool {
	return slices.Contains(strings.Split(os.Getenv("PINKSTAR_REQUIRE"), ","), "chromium")
}

func missing(t testing.TB, why string) {
	t.Helper()
	if required() {
		t.Fatalf("PINKSTAR_REQUIRE demands chromium: %s", why)
	}
	t.Skip(why)
}

func (b *Browser) heard(ev any) {
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.t.Errorf("a script failed: %s", e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		b.t.Errorf("a page opened a window: %s", e.Message)
	}
}

func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\nat %s:\n%s", what, err, b.Where(), b.words())
	}
}

// words is what the page says, for who reads why a test failed.
func (b *Browser) words() string {
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 3000)"))
	if err != nil {
		return err.Error()
	}
	return text
}

// Where is the address of the page.
func (b *Browser) Where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	at, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + location.search"))
	if err != nil {
		return err.Error()
	}
	return at
}

// Go loads a page.
func (b *Browser) Go(path string) {
	b.t.Helper()
	b.do("go to "+path, chromedp.Navigate(b.base+path))
}

// Click clicks on what a selector finds.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Fill writes into a field, over what was there.
func (b *Browser) Fill(selector, text string) {
	b.t.Helper()
	b.do("fill "+selector, chromedp.SetValue(chromedp.CSS(selector), text))
}

// Press presses keys, wherever the focus is.
func (b *Browser) Press(keys string) {
	b.t.Helper()
	b.do("press a key", chromedp.KeyEvent(keys))
}

// Text is what a script says.
func (b *Browser) Text(script string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// Await waits for a condition of the page, in JavaScript; reload: by loading it
// anew.
func (b *Browser) Await(what, condition string, reload bool) {
	b.t.Helper()
	for end := time.Now().Add(Patience); !b.holds(condition); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s: never came\nat %s:\n%s", what, b.Where(), b.words())
		}
		if reload {
			b.reload()
		}
	}
}

// reload loads the page anew. Where it is on its way to another one that comes
// first, and the next attempt counts.
func (b *Browser) reload() {
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	_ = chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`location.replace(location.pathname + location.search.replace(/[?&]done=[a-z_]+/, ""))`))
	_ = chromedp.Do(ctx, chromedp.WaitReady(chromedp.CSS("footer")))
}

// holds reports whether a condition is true. On a page that is just being loaded
// none is.
func (b *Browser) holds(condition string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("(() => { try { return !!("+condition+") } catch { return false } })()"))
	return err == nil && ok
}

// Look is how a page is looked at.
type Look struct {
	Name  string
	Dark  bool
	Phone bool
}

// Looks are all of them.
var Looks = []Look{{Name: "light"}, {Name: "dark", Dark: true}, {Name: "phone", Phone: true}}

// As looks at pages in one way from now on.
func (b *Browser) As(l Look) {
	b.t.Helper()
	size := chromedp.EmulateViewport(1300, 900)
	if l.Phone {
		size = chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)
	}
	b.do("set the size", size)
	scheme := map[bool]string{true: "dark", false: "light"}[l.Dark]
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.t.Fatal(err)
	}
}

// Inspect looks at a page in every way: nothing sticks out sideways, axe finds
// nothing, and a picture is taken where they are wanted.
func (b *Browser) Inspect(name, path string) {
	b.t.Helper()
	b.inspect(name, path, func() {})
}

// InspectPaper is Inspect of a page whose policy lets no script run: axe looks at
// a copy of it.
func (b *Browser) InspectPaper(name, path string) {
	b.t.Helper()
	b.inspect(name, path, func() {
		b.t.Helper()
		html := b.Text("document.documentElement.outerHTML")
		b.do("an empty page", chromedp.Navigate("about:blank"))
		tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
		if err == nil {
			_, err = chromedp.Call(b.ctx, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: "<!DOCTYPE html>" + html})
		}
		if err != nil {
			b.t.Fatalf("copy of %s: %v", path, err)
		}
	})
}

// inspect looks at a page; ready makes it one that axe can look at.
func (b *Browser) inspect(name, path string, ready func()) {
	b.t.Helper()
	for _, l := range Looks {
		b.As(l)
		b.Go(path)
		if b.Text("document.documentElement.scrollWidth <= innerWidth") != "true" {
			b.t.Errorf("%s (%s) is wider than the screen", path, l.Name)
		}
		b.shoot(name + "-" + l.Name)
		ready()
		for _, v := range b.Axe() {
			b.t.Errorf("%s (%s): %s", path, l.Name, v)
		}
	}
	b.As(Looks[0])
}

func (b *Browser) shoot(name string) {
	dir := os.Getenv("PINKSTAR_TEST_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Errorf("picture %s: %v", name, err)
	}
}

// Axe returns what axe-core has against the page, nothing where axe is not there.
func (b *Browser) Axe() (violations []string) {
	b.t.Helper()
	if b.axe == "" {
		return nil
	}
	b.do("load axe", chromedp.Evaluate[chromedp.Void](b.axe+"\n;0"))
	ctx, cancel := context.WithTimeout(b.ctx, Patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run().then(r => JSON.stringify(
		r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html.slice(0, 200)).slice(0, 3).join(" | "))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("axe: %v", err)
	}
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		b.t.Fatal(err)
	}
	return violations
}

// WithoutScripts loads pages with scripts switched off until back is called.
func (b *Browser) WithoutScripts() (back func()) {
	set := func(off bool) {
		if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			b.t.Fatal(err)
		}
	}
	set(true)
	return func() { set(false) }
}
