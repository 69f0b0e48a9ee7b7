package page

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/sshtrail/sshtrail/internal/browsertest"
	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
)

// opened is a page in a browser, from a file.
type opened struct {
	*browsertest.Page
	t    testing.TB
	l    *replay.Log
	file string
}

// open opens a page that was written, and waits until it shows something.
func open(t testing.TB, b *browsertest.Browser, l *replay.Log, o Options) *opened {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(written(t, l, o)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &opened{b.OpenFile(t, file, ""), t, l, file}
	p.Wait("document.getElementById('screen').dataset.at !== undefined")
	return p
}

// check wants the page to be quiet, and to have asked for nothing.
func (p *opened) check() {
	p.t.Helper()
	p.CheckQuiet("file://" + p.file)
}

// shows wants the page to show the screen of a moment.
func (p *opened) shows(ms int64) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("document.getElementById('screen').dataset.at === '%d'", ms))
	want := screenAt(p.t, p.l, time.Duration(ms)*time.Millisecond)
	text := want.Text()
	got := browsertest.Eval[[]string](p.Page, "[...document.querySelectorAll('.row')].map((r) => r.textContent.replace(/ +$/, ''))")
	if !slices.Equal(got, text) {
		p.t.Fatalf("at %d ms the page shows\n%s\nwant\n%s", ms, strings.Join(got, "\n"), strings.Join(text, "\n"))
	}
}

// at returns the moment that is shown, in ms.
func (p *opened) at() int64 {
	p.t.Helper()
	return int64(browsertest.Eval[float64](p.Page, "Number(document.getElementById('screen').dataset.at)"))
}

// seek goes to a moment by the page's address.
func (p *opened) seek(ms int64) {
	p.t.Helper()
	browsertest.Eval[bool](p.Page, fmt.Sprintf("(location.hash = 't=%d.%03ds', true)", ms/1000, ms%1000))
}

// TestBrowserShowsWhatTheEmulatorShows opens the recordings that the emulator is tested with, and looks at
// moments of each.
func TestBrowserShowsWhatTheEmulatorShows(t *testing.T) {
	b := browsertest.Start(t)
	all := tapetest.Recordings(t)
	// Of all of them the data is checked by TestDataIsTheEmulatorsScreens.
	for _, name := range []string{"alternate", "combining", "dialog", "htop", "invalid", "less", "nopty", "random-0", "random-3", "resize", "sgr", "shell", "split", "tmux", "vim", "wide", "wrap"} {
		t.Run(name, func(t *testing.T) {
			l := all[name](t).Open()
			p := open(t, b, l, Options{Title: name})
			length := l.Channel(0).Length().Milliseconds()
			for _, part := range []int64{1, 9, 4, 7, 2, 10, 3} {
				p.seek(length * part / 10)
				p.shows(length * part / 10)
			}
			p.check()
		})
	}
}

// TestGrid wants every character in its cell, whatever font it is from.
func TestGrid(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 40, 4, "")
	w.Print(time.Second, 0, "漢字 é ─│┼ 👋🏽 e\u0301 שלום \x1b[1mbold\x1b[3m slanted\x1b[m x\r\n"+strings.Repeat("0", 40))
	w.Exit(time.Second, 0, 0)
	p := open(t, browsertest.Start(t), w.Open(), Options{})
	p.seek(1500)
	p.shows(1500)
	off := browsertest.Eval[[]string](p.Page, `(() => {
		const first = document.querySelector('.row').getBoundingClientRect(), cell = parseFloat(getComputedStyle(document.getElementById('screen')).getPropertyValue('--cell'));
		let column = 0;
		const off = [];
		for (const s of document.querySelector('.row').children) {
			const left = s.getBoundingClientRect().left - first.left;
			if (Math.abs(left - column * cell) > 0.6) off.push(s.textContent + ' is at ' + left + ', want ' + column * cell);
			column += s.className.includes('two') ? 2 : s.className.includes('one') ? 1 : s.textContent.length;
		}
		return off;
	})()`)
	if len(off) > 0 {
		t.Errorf("out of the grid: %q", off)
	}
	p.check()
}

func TestKeysAndClicks(t *testing.T) {
	b := browsertest.Start(t)
	l := long(t)
	end := l.Channel(0).Length().Milliseconds()
	p := open(t, b, l, Options{Title: "keys", Events: []Event{{time.Second, Program, "make"}, {200 * time.Second, Failed, "exit status 2"}}})
	p.shows(0)
	p.Press(kb.ArrowRight)
	p.shows(5000)
	p.Press(kb.ArrowRight + kb.ArrowRight)
	p.shows(15000)
	p.Press(kb.ArrowLeft)
	p.shows(10000)
	p.Press(".")
	p.Wait("Number(document.getElementById('screen').dataset.at) > 10000")
	p.shows(10000 + 50)
	p.Press(kb.End)
	p.shows(end)
	p.Press(kb.Home)
	p.shows(0)
	for _, press := range []struct{ keys, want string }{{"+", "×2"}, {"=", "×4"}, {"-", "×2"}, {"__", "×0.5"}, {strings.Repeat("+", 20), "×1000"}, {strings.Repeat("-", 20), "×0.1"}} {
		p.Press(press.keys)
		if got := browsertest.Eval[string](p.Page, "document.getElementById('speed').textContent"); got != press.want {
			t.Errorf("after %q the speed is %s, want %s", press.keys, got, press.want)
		}
	}
	p.Click("#line", 0.5)
	p.Wait("Number(document.getElementById('screen').dataset.at) > 10000")
	if at := p.at(); at < end*49/100 || at > end*51/100 {
		t.Errorf("a click in the middle of the time line goes to %d of %d ms", at, end)
	}
	p.shows(p.at())
	p.Click("#events li:nth-child(2) button", 0.5)
	p.shows(200_000)
	if got := browsertest.Eval[string](p.Page, "document.querySelector('#events .now').textContent"); !strings.Contains(got, "exit status 2") {
		t.Errorf("the event that is shown as the last is %q", got)
	}
	p.Press(kb.ArrowLeft) // a click took no keys away
	p.shows(195_000)
	p.check()
}

func TestMarks(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 40, 5, "")
	for i := range 4 {
		w.Print(10*time.Second, 0, fmt.Sprintf("\r\noutput %d\r\n$ ", i))
	}
	w.Exit(time.Second, 0, 0)
	p := open(t, browsertest.Start(t), w.Open(), Options{})
	p.Press("]")
	p.shows(10_000)
	p.Press("]]")
	p.shows(30_000)
	p.Press("[")
	p.shows(20_000)
	p.Press("[[[")
	p.shows(0)
	p.check()
}

// TestPlays plays to the end, faster than it was, and over chunks and idle time.
func TestPlays(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 80, 24, "")
	for i := range 5000 {
		w.Print(30*time.Millisecond, 0, fmt.Sprintf("\r\nline %d", i))
	}
	w.Print(10*time.Hour, 0, "\r\nafter a night")
	w.Exit(time.Second, 0, 0)
	l := w.Open()
	p := open(t, browsertest.Start(t), l, Options{})
	p.Press(strings.Repeat("+", 8))
	p.Press(" ")
	p.Wait("document.getElementById('play').textContent === 'Pause' && Number(document.getElementById('screen').dataset.at) > 1000")
	p.Press(" ")
	p.Wait("document.getElementById('play').textContent === 'Play'")
	paused := p.at()
	p.shows(paused)
	p.Click("#play", 0.5)
	p.Wait("document.getElementById('play').textContent === 'Play' && Number(document.getElementById('screen').dataset.at) > 36000000")
	p.shows(l.Channel(0).Length().Milliseconds())
	p.check()
}

// TestWindowOfAnotherSize wants the terminal to fit in, and to show the same.
func TestWindowOfAnotherSize(t *testing.T) {
	l := tapetest.Recordings(t)["resize"](t).Open()
	p := open(t, browsertest.Start(t), l, Options{Title: "a title\nof two lines"})
	length := l.Channel(0).Length().Milliseconds()
	for _, size := range [][2]int64{{1600, 1000}, {700, 900}, {320, 480}, {1280, 300}} {
		p.Resize(size[0], size[1])
		for part := range int64(5) {
			p.seek(length*part/5 + 7)
			p.shows(length*part/5 + 7)
		}
		if over := browsertest.Eval[float64](p.Page, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("in a window of %v the page is %v px too wide", size, over)
		}
	}
	p.check()
}

// TestHostile opens a page whose every text wants to get out of its place.
func TestHostile(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 80, 24, "")
	o := Options{Title: strings.Join(tapetest.Hostile(), " ")}
	for i, s := range tapetest.Hostile() {
		w.Print(50*time.Millisecond, 0, s)
		w.Print(50*time.Millisecond, 0, "\x1b\\\x18\r\n")
		o.Facts = append(o.Facts, Fact{s, s})
		o.Events = append(o.Events, Event{time.Duration(i) * 100 * time.Millisecond, Kind(s), s}, Event{time.Duration(i) * 100 * time.Millisecond, Other, s})
	}
	w.Exit(time.Second, 0, 0)
	l := w.Open()
	p := open(t, browsertest.Start(t), l, o)
	for i := range int64(20) {
		ms := l.Channel(0).Length().Milliseconds() * i / 20
		p.seek(ms)
		p.shows(ms)
	}
	known := []string{"HTML", "HEAD", "META", "TITLE", "STYLE", "BODY", "HEADER", "H1", "H2", "DL", "DT", "DD", "DIV", "MAIN", "SECTION", "P", "svg", "path", "BUTTON",
		"OUTPUT", "SPAN", "LABEL", "INPUT", "KBD", "ASIDE", "OL", "LI", "I", "B", "TIME", "NOSCRIPT", "SCRIPT"}
	for _, name := range browsertest.Eval[[]string](p.Page, "[...new Set([...document.querySelectorAll('*')].map((e) => e.tagName))]") {
		if !slices.Contains(known, name) {
			t.Errorf("there is an element %q", name)
		}
	}
	for _, name := range browsertest.Eval[[]string](p.Page, "[...new Set([...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()))]") {
		if strings.HasPrefix(name, "on") || name == "src" || name == "href" || name == "srcdoc" {
			t.Errorf("there is an attribute %q", name)
		}
	}
	scripts := browsertest.Eval[int](p.Page, "[...document.scripts].filter((s) => !s.type).length")
	text, _ := json.Marshal(o.Events[0].Text)
	listed := browsertest.Eval[bool](p.Page, "document.querySelector('#events span').textContent === "+string(text))
	title := browsertest.Eval[string](p.Page, "document.title")
	if scripts != 1 || !listed || !strings.Contains(title, "</script><script>") {
		t.Errorf("%d scripts; the first event is listed as it is: %v; the title is %.200q", scripts, listed, title)
	}
	p.check()
}

// TestPolicy tries to do in the page what something recorded would want to do, if it got in: the policy
// stops it.
func TestPolicy(t *testing.T) {
	w := tapetest.New(t)
	w.Session(0, 80, 24, "")
	w.Exit(time.Second, 0, 0)
	p := open(t, browsertest.Start(t), w.Open(), Options{})
	browsertest.Eval[bool](p.Page, `(() => {
		const s = document.createElement('script');
		s.textContent = 'document.title = "owned"';
		document.body.append(s);
		document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/a.png"><p onclick="document.title = \'owned\'" id="p"><iframe src="http://127.0.0.1:9/"></iframe>');
		document.getElementById('p').click();
		return true;
	})()`)
	if title := browsertest.Eval[string](p.Page, "document.title"); title != "" {
		t.Errorf("the title is %q", title)
	}
	refused := browsertest.Eval[string](p.Page, "fetch('http://127.0.0.1:9/').then(() => 'fetched', (e) => 'refused')")
	if refused != "refused" {
		t.Errorf("a request was %s", refused)
	}
}

// TestDamagedPage says so.
func TestDamagedPage(t *testing.T) {
	l := tapetest.Recordings(t)["vim"](t).Open()
	page := written(t, l, Options{})
	i := strings.Index(page, `class="chunk">`) + 100
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page[:i]+strings.Repeat("A", 200)+page[i+200:]), 0o600); err != nil {
		t.Fatal(err)
	}
	p := browsertest.Start(t).OpenFile(t, file, "")
	p.Wait("!document.getElementById('notice').hidden")
}
