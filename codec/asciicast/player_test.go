package asciicast_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/internal/browsertest"
	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
)

// playerFiles is where scripts/setup puts asciinema-player.
var playerFiles = filepath.Join("..", "..", ".tools", "asciinema-player-3.17.0", "dist", "bundle")

// castOf returns the cast of a log's channel 0.
func castOf(t *testing.T, version asciicast.Version, log []byte) []byte {
	t.Helper()
	f := &file{}
	e := asciicast.NewEncoder(asciicast.Options{Version: version}, func(uint64) (io.WriteCloser, error) { return f, nil })
	for ev, err := range codec.NewReader(bytes.NewReader(log)).Events() {
		if err == nil {
			err = e.Event(&ev)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Finish(); err != nil {
		t.Fatal(err)
	}
	return f.Bytes()
}

// site serves a page with asciinema-player, under the strictest policy that it works with.
func site(t *testing.T, cast *[]byte) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(playerFiles, "asciinema-player.min.js")); err != nil {
		t.Fatalf("%v: scripts/setup fetches it", err)
	}
	const page = `<!doctype html><title>cast</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/dist/asciinema-player.css">
		<div id="p"></div><script src="/dist/asciinema-player.min.js"></script><script src="/main.js"></script>`
	const main = `window.player = AsciinemaPlayer.create('/a.cast', document.getElementById('p'), {preload: true, fit: 'width', terminalFontFamily: 'DejaVu Sans Mono'});
		player.addEventListener('ready', () => { window.ready = true; });
		player.addEventListener('ended', () => { window.ended = true; });`
	mux := http.NewServeMux()
	mux.Handle("/dist/", http.StripPrefix("/dist/", http.FileServer(http.Dir(playerFiles))))
	serve := func(path, kind string, body func() []byte) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src data:")
			_, _ = w.Write(body())
		})
	}
	serve("/{$}", "text/html", func() []byte { return []byte(page) })
	serve("/main.js", "text/javascript", func() []byte { return []byte(main) })
	serve("/a.cast", asciicast.MediaType, func() []byte { return *cast })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/"
}

// TestPlayerOnTheWeb has asciinema-player play the casts of recordings in a browser, versions 2 and 3: it
// loads them, seeks in them, and plays them to the end; and what it shows is what the emulator shows.
//
// Other recordings it shows in another way, by its own choice: a combining character has a cell
// there, some sequences are not known to it, and lines are wrapped anew when the size changes.
func TestPlayerOnTheWeb(t *testing.T) {
	b := browsertest.Start(t)
	var cast []byte
	address := site(t, &cast)
	for _, name := range []string{"alternate", "htop", "invalid", "less", "man", "nopty", "sgr", "tmux", "vim"} {
		log, l := taped(t, name)
		for _, version := range []asciicast.Version{asciicast.V2, asciicast.V3} {
			t.Run(fmt.Sprintf("%s v%d", name, version), func(t *testing.T) {
				cast = castOf(t, version, log)
				p := b.Open(t, address)
				p.Wait("window.ready")
				length := l.Main().Length()
				for _, part := range []time.Duration{1, 9, 4, 7, 2} {
					seek(t, p, l, length*part/10)
				}
				browsertest.Eval[bool](p, fmt.Sprintf("player.seek(%g).then(() => player.play()).then(() => true)", (length-200*time.Millisecond).Seconds()))
				p.Wait("window.ended")
				p.CheckQuiet(address)
			})
		}
	}
}

// TestPlayerFollowsTheSize has asciinema-player show the sizes that terminals had.
func TestPlayerFollowsTheSize(t *testing.T) {
	b := browsertest.Start(t)
	var cast []byte
	address := site(t, &cast)
	for _, version := range []asciicast.Version{asciicast.V2, asciicast.V3} {
		log, l := taped(t, "resize")
		cast = castOf(t, version, log)
		p := b.Open(t, address)
		p.Wait("window.ready")
		sizes := map[string]bool{}
		for part := range time.Duration(10) {
			at := l.Main().Length() * part / 10
			want := replay.NewPlayer(l, l.Main())
			if err := want.Reach(at); err != nil {
				t.Fatal(err)
			}
			columns, rows := want.Screen().Size()
			sizes[fmt.Sprint(columns, rows)] = true
			browsertest.Eval[bool](p, fmt.Sprintf("player.seek(%g).then(() => true)", at.Seconds()))
			p.Wait(fmt.Sprintf("(() => { const s = document.querySelector('.ap-term').style; return s.getPropertyValue('--term-cols') === '%d' && s.getPropertyValue('--term-rows') === '%d'; })()", columns, rows))
		}
		if len(sizes) < 3 {
			t.Errorf("the terminal had the sizes %v: want more of them", sizes)
		}
		p.CheckQuiet(address)
	}
}

// taped returns the log of a recording.
func taped(t *testing.T, name string) ([]byte, *replay.Log) {
	t.Helper()
	log := tapetest.Recordings(t)[name](t).Bytes()
	l, err := replay.Open(bytes.NewReader(log), int64(len(log)), replay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return log, l
}

// seek goes to a moment of a cast, and compares what is to be seen.
func seek(t *testing.T, p *browsertest.Page, l *replay.Log, at time.Duration) {
	t.Helper()
	want := replay.NewPlayer(l, l.Main())
	if err := want.Reach(at); err != nil {
		t.Fatal(err)
	}
	lines := want.Screen().Text()
	for i := range lines {
		lines[i] = comparable(lines[i])
	}
	text, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	browsertest.Eval[bool](p, fmt.Sprintf("player.seek(%g).then(() => true)", at.Seconds()))
	var got []string
	for range 20 { // it draws some frames later
		got = browsertest.Eval[[]string](p, "new Promise((done) => requestAnimationFrame(() => done([...document.querySelectorAll('.ap-line')].map((l) => l.textContent))))")
		for i := range got {
			got[i] = comparable(got[i])
		}
		if slices.Equal(got, lines) {
			return
		}
	}
	t.Errorf("at %v the player shows\n%s\nwant\n%s", at, strings.Join(got, "\n"), text)
}

// comparable returns a line without what the player draws by itself in place of text: boxes and blocks.
func comparable(line string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r >= 0x2500 && r < 0x25a0 || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, line), " ")
}
