package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentIsWhatTheResultsSay renders the committed results again: the page's tables
// and plots are those, and none is left from another measurement.
func TestDocumentIsWhatTheResultsSay(t *testing.T) {
	r, err := readResults(filepath.Join("..", documentFolder, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", documentFile))
	if err != nil {
		t.Fatal(err)
	}
	const how = "go run ./bench -render docs/performance/results.json makes it so"
	if filled, err := r.fill(string(page)); err != nil || filled != string(page) {
		t.Errorf("%s is not what its results say (%v): %s", documentFile, err, how)
	}
	want := map[string][]byte{resultsFile: r.json()}
	for _, c := range r.charts() {
		want[c.file] = c.svg
		if !bytes.Contains(page, []byte("("+filepath.Base(documentFolder)+"/"+c.file+")")) {
			t.Errorf("%s does not show %s", documentFile, c.file)
		}
	}
	entries, err := os.ReadDir(filepath.Join("..", documentFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join("..", documentFolder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[e.Name()]) {
			t.Errorf("%s/%s is not what the results say: %s", documentFolder, e.Name(), how)
		}
		delete(want, e.Name())
	}
	for name := range want {
		t.Errorf("%s/%s is missing: %s", documentFolder, name, how)
	}
}

func TestFillKeepsTheText(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", documentFile))
	if err != nil {
		t.Fatal(err)
	}
	r := made()
	filled, err := r.fill(string(page))
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.fill(filled)
	if err != nil || again != filled {
		t.Errorf("filled twice, the page differs (%v)", err)
	}
	if want := "| text down | recorded |  | 15 ±33% (0.40)\\* | 7.5 ±33% (2.50)\\* | – |"; !strings.Contains(filled, want) {
		t.Errorf("the page has no row %q:\n%s", want, filled)
	}
	for _, broken := range []string{
		strings.Replace(string(page), "<!-- measured: keys -->", "", 1),
		strings.ReplaceAll(string(page), "<!-- end -->", ""),
	} {
		if _, err := r.fill(broken); err == nil {
			t.Error("a page without a place was filled")
		}
	}
}
