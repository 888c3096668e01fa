package engine

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

// progress tells a person how a download goes.
type progress struct {
	w        io.Writer
	terminal bool
	last     string // what show said last
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		p.terminal = isatty.IsTerminal(f.Fd())
	}
	return p
}

func (p *progress) line(s string) {
	if p.w != nil {
		fmt.Fprintln(p.w, s)
	}
}

// watch shows done() growing towards total until the returned function is
// called, and then once more what is there: all of it only if all of it came.
func (p *progress) watch(total int64, done func() int64) (stop func()) {
	if p.w == nil {
		return func() {}
	}
	quit, finished := make(chan struct{}), make(chan struct{})
	every := 5 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	go func() {
		defer close(finished)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-quit:
				p.show(done(), total)
				if p.terminal {
					fmt.Fprintln(p.w)
				}
				return
			case <-t.C:
				p.show(done(), total)
			}
		}
	}()
	return func() {
		close(quit)
		<-finished
	}
}

func (p *progress) show(done, total int64) {
	text := fmt.Sprintf("  %d MB", (done+500_000)/1_000_000)
	if total > 0 {
		done = min(done, total)
		text = fmt.Sprintf("  %d MB of %s (%d %%)", (done+500_000)/1_000_000, megabytes(total), 100*done/total)
	}
	if text == p.last { // npm works on for a while after the last byte
		return
	}
	p.last = text
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s ", text)
		return
	}
	fmt.Fprintln(p.w, text)
}

func megabytes(n int64) string {
	if n == 0 {
		return "size not known"
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}
