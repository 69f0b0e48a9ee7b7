package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/tapetest"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

var update = flag.Bool("update", false, "write the golden files")

// drawn returns the picture of a screen, which is well-formed, has no elements and attributes but
// those that pictures have, and shows what the screen does, each character in its place.
func drawn(t testing.TB, s *screen.Screen, title string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, s, title); err != nil {
		t.Fatal(err)
	}
	columns, rows := s.Size()
	shown := make([][]string, rows)
	for y := range shown {
		shown[y] = slices.Repeat([]string{" "}, columns)
	}
	allowed := map[string]string{
		"svg": "xmlns width height viewBox role space", "title": "", "style": "", "rect": "class fill x y width height rx",
		"text": "class fill x y textLength lengthAdjust", "path": "class fill d",
	}
	var at []xml.StartElement
	d := xml.NewDecoder(bytes.NewReader(out.Bytes()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, out.Bytes())
		}
		switch token := token.(type) {
		case xml.StartElement:
			names, known := allowed[token.Name.Local]
			for _, a := range token.Attr {
				if known = known && slices.Contains(strings.Fields(names), a.Name.Local); a.Name.Local != "xmlns" && strings.Contains(a.Value, ":") {
					t.Errorf("attribute %s is %q", a.Name.Local, a.Value)
				}
			}
			if !known || token.Name.Space != "http://www.w3.org/2000/svg" {
				t.Errorf("element %+v", token)
			}
			at = append(at, token.Copy())
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			if text := string(token); len(at) > 0 && at[len(at)-1].Name.Local == "text" {
				place(t, shown, at[len(at)-1], text)
			}
			if len(at) > 0 && at[len(at)-1].Name.Local == "title" && string(token) != had(title) {
				t.Errorf("the title is %q, want %q", token, had(title))
			}
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Errorf("%T in a picture", token)
		}
	}
	for y := range rows {
		want := had(visible(s.Line(y)))
		if got := strings.TrimRight(strings.Join(shown[y], ""), " "); got != want {
			t.Errorf("line %d shows %q, want %q", y, got, want)
		}
	}
	return out.Bytes()
}

// had returns text as XML can have it (XML 1.0 §2.2).
func had(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, text)
}

// place puts what a text element shows into the grid.
func place(t testing.TB, shown [][]string, e xml.StartElement, text string) {
	t.Helper()
	value := map[string]float64{}
	for _, a := range e.Attr {
		value[a.Name.Local], _ = strconv.ParseFloat(a.Value, 64)
	}
	x, y, columns := int(value["x"])/cellWidth, int(value["y"]-baseline)/cellHeight, int(value["textLength"])/cellWidth
	if columns == len(text) {
		for i := range columns {
			shown[y][x+i] = text[i : i+1]
		}
		return
	}
	shown[y][x] = text
	for i := 1; i < columns; i++ {
		shown[y][x+i] = ""
	}
}

// visible returns a line's text without what is invisible.
func visible(l screen.Line) string {
	var b strings.Builder
	for _, r := range l.Runs() {
		if r.Style.Attributes&screen.Invisible != 0 {
			r.Text = strings.Repeat(" ", r.Columns)
		}
		b.WriteString(r.Text)
	}
	return strings.TrimRight(b.String(), " ")
}

// TestRecordings draws screens of the recordings that the emulator is tested with.
func TestRecordings(t *testing.T) {
	held := []string{"cursor", "dialog", "htop", "sgr", "shell", "tmux", "vim", "wide"} // the others are only checked
	for name, tape := range tapetest.Recordings(t) {
		t.Run(name, func(t *testing.T) {
			l := tape(t).Open()
			p := replay.NewPlayer(l, l.Main())
			for part := range 5 {
				if err := p.Reach(l.Main().Length() * time.Duration(part+1) / 5); err != nil {
					t.Fatal(err)
				}
				got := drawn(t, p.Screen(), "alice@db")
				if part != 3 || !slices.Contains(held, name) {
					continue
				}
				golden := filepath.Join("testdata", name+".svg")
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatalf("%v: go test ./replay/picture -update", err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("the picture is not that of %s: go test ./replay/picture -update, and look at it", golden)
				}
			}
		})
	}
}

func TestHostile(t *testing.T) {
	for _, text := range tapetest.Hostile() {
		s := screen.New(80, 24)
		_, _ = s.Write([]byte(text))
		drawn(t, s, text)
	}
}

func TestStyles(t *testing.T) {
	for style, want := range map[string]string{
		"1;3;2":        `<text class="l b i d" x="0"`,
		"31":           `<text class="c1" x="0"`,
		"97":           `<text class="c15" x="0"`,
		"38;5;208":     `<text fill="#ff8700" x="0"`,
		"38;2;1;2;3;1": `<text class="b" fill="#010203" x="0"`,
		"41":           `<rect class="g1" x="0" y="0" width="9" height="18"/><text class="l" x="0"`,
		"7":            `<rect class="l" x="0" y="0" width="9" height="18"/><text class="g" x="0"`,
		"7;31;42":      `<rect class="g1" x="0" y="0" width="9" height="18"/><text class="c2" x="0"`,
		"30;44":        `<rect class="g4" x="0" y="0" width="9" height="18"/><text class="k" x="0"`,
		"97;44":        `<rect class="g4" x="0" y="0" width="9" height="18"/><text class="w" x="0"`,
		"7;34":         `<rect class="g4" x="0" y="0" width="9" height="18"/><text class="k" x="0"`,
		"4":            `</text><rect class="l" x="0" y="15" width="9" height="1"/>`,
		"4:3;58;5;1":   `</text><path class="c1" d="M0 15h4v1h-4zm4 1h5v1h-5zm5-1"/>`,
		"21":           `<path class="l" d="M0 15h9v1h-9zm0 2h9v1h-9z"/>`,
		"9;53":         `</text><rect class="l" x="0" y="9" width="9" height="1"/><rect class="l" x="0" y="0" width="9" height="1"/>`,
	} {
		s := screen.New(10, 1)
		_, _ = s.Write([]byte("\x1b[" + style + "mx"))
		if got := string(drawn(t, s, "")); !strings.Contains(got, want) {
			t.Errorf("SGR %s: want %s in\n%s", style, want, got)
		}
	}
	s := screen.New(10, 1)
	_, _ = s.Write([]byte("\x1b[8mhidden"))
	if got := string(drawn(t, s, "")); strings.Contains(got, "hidden") {
		t.Errorf("what is invisible is in\n%s", got)
	}
}

func TestSizeIsBounded(t *testing.T) {
	s := screen.New(1000, 500)
	var b bytes.Buffer
	for i := range 500_000 {
		b.WriteString("\x1b[38;2;" + strconv.Itoa(i%256) + ";7;" + strconv.Itoa(i%251) + ";48;5;" + strconv.Itoa(i%256) + "m\"\u0301\u0301")
	}
	_, _ = s.Write(b.Bytes())
	if err := Write(io.Discard, s, ""); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Write() = %v, want %v", err, ErrTooLarge)
	}
}
