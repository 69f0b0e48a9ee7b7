package docstest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the module's folder.
const root = "../.."

// page is a document in Markdown.
type page struct {
	name string // relative to root
	text string
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return page{name, string(text)}
}

// pages returns every document.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			name, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, readPage(t, name))
		}
	}
	if len(all) < 5 {
		t.Fatalf("found %d documents: this looks at the wrong folder", len(all))
	}
	return all
}

// block is a fenced block of a page.
type block struct {
	at   string // page:line
	text string
}

var fence = regexp.MustCompile("(?ms)^(```|~~~)([a-z]*)\n(.*?)^(```|~~~)$")

// blocks returns the blocks in a language.
func (p page) blocks(language string) []block {
	var found []block
	for _, m := range fence.FindAllStringSubmatchIndex(p.text, -1) {
		if p.text[m[4]:m[5]] == language {
			line := 1 + strings.Count(p.text[:m[0]], "\n")
			found = append(found, block{fmt.Sprintf("%s:%d", p.name, line), p.text[m[6]:m[7]]})
		}
	}
	return found
}

// prose returns the page without its blocks.
func (p page) prose() string { return fence.ReplaceAllString(p.text, "") }

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noLink  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns what a link can go to in the page.
func (p page) anchors() map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(p.prose(), -1) {
		found[strings.ReplaceAll(noLink.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return found
}

// deadLinks returns the links of p that lead nowhere in the folder that holds it.
func (p page) deadLinks(top string) []string {
	var dead []string
	for _, m := range link.FindAllStringSubmatch(p.prose(), -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(target, "://") {
			continue
		}
		to := p
		if target != "" {
			to.name = filepath.Join(filepath.Dir(p.name), target)
			text, err := readUnlessFolder(filepath.Join(top, to.name))
			if err != nil {
				dead = append(dead, m[1])
				continue
			}
			to.text = text
		}
		if anchor != "" && !to.anchors()[anchor] {
			dead = append(dead, m[1])
		}
	}
	return dead
}

// readUnlessFolder returns a file's text, and none for a folder.
func readUnlessFolder(name string) (string, error) {
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		return "", err
	}
	text, err := os.ReadFile(name)
	return string(text), err
}

func TestLinks(t *testing.T) {
	for _, p := range pages(t) {
		for _, target := range p.deadLinks(root) {
			t.Errorf("%s links to %s, which is not there", p.name, target)
		}
	}
}

func TestDeadLinksAreFound(t *testing.T) {
	p := page{"docs/a.md", "# A, b\n[x](../LICENSE) [x](../LICENCE) [x](#a-b) [x](#a) [x](../docs) [x](https://example.com/)\n```\n[x](none)\n```\n"}
	if got := strings.Join(p.deadLinks(root), " "); got != "../LICENCE #a" {
		t.Errorf("deadLinks() = %q, want ../LICENCE and #a", got)
	}
}
