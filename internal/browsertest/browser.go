// Package browsertest opens pages in a headless Chromium, for tests.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for anything: a machine of CI is slow at times.
const patience = time.Minute

// Browser is a Chromium that reaches no network but the loopback.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts a browser, which ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: scripts/setup installs it", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 800), chromedp.UserDataDir(t.TempDir()),
		chromedp.ProxyServer("127.0.0.1:9"), // where nobody is
		chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return &Browser{t, ctx}
}

// Page is a page in a browser. What it complains of, and what it asks the network for, is
// kept for [Page.CheckQuiet].
type Page struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Open opens a page, and waits until it is loaded.
func (b *Browser) Open(t testing.TB, address string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	p := &Page{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatalf("listen to a tab: %v", err)
	}
	p.do("go to "+address, chromedp.Navigate(address))
	return p
}

// OpenFile opens a file as a page.
func (b *Browser) OpenFile(t testing.TB, path, fragment string) *Page {
	t.Helper()
	u := url.URL{Scheme: "file", Path: path, Fragment: fragment}
	return b.Open(t, u.String())
}

// hear takes note of what happens to the page.
func (p *Page) hear(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, ev.Request.URL)
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprintf("console: %s %v", ev.Type, ev.Args))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, "exception: "+ev.ExceptionDetails.Text+" "+ev.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, fmt.Sprintf("log: %s %s", ev.Entry.Source, ev.Entry.Text))
	case *page.EventJavascriptDialogOpening:
		p.complaints = append(p.complaints, "dialog: "+ev.Message)
	}
}

// CheckQuiet wants the page to have complained of nothing, and to have asked the network for nothing but
// what begins as one of the addresses.
func (p *Page) CheckQuiet(addresses ...string) {
	p.t.Helper()
	Eval[bool](p, "true") // whatever happened before is told before the answer
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		p.t.Errorf("the page complains: %.500s", c)
	}
	for _, r := range p.requests {
		known := false
		for _, a := range addresses {
			known = known || strings.HasPrefix(r, a)
		}
		if !known {
			p.t.Errorf("the page asks for %.200q", r)
		}
	}
}

// do does something in the page, within the patience there is.
func (p *Page) do(what string, step chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// Eval returns what an expression is in the page. A promise is waited for.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %.300s: %v", expression, err)
	}
	return v
}

// Wait waits until a condition is true.
func (p *Page) Wait(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	look := "new Promise((done) => { const look = () => { if (" + condition + ") done(true); else requestAnimationFrame(look); }; look(); })"
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise)); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.t.Fatalf("wait for %s: %v; the page says %q", condition, err, p.complaints)
	}
}

// Press presses keys: those of package kb have a character each.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("press a key", chromedp.KeyEvent(keys))
}

// Click clicks at a part, from 0 to 1, of the width of an element, in the middle of its height.
func (p *Page) Click(selector string, part float64) {
	p.t.Helper()
	box := Eval[[]float64](p, fmt.Sprintf("(() => { const b = document.querySelector(%q).getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()", selector))
	p.do("click "+selector, chromedp.MouseClickXY(box[0]+part*box[2], box[1]+box[3]/2))
}

// Resize gives the window another size.
func (p *Page) Resize(width, height int64) {
	p.t.Helper()
	p.do("resize", chromedp.EmulateViewport(width, height))
}

// Screenshot returns what is to be seen, as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("take a screenshot: %v", err)
	}
	return png
}
