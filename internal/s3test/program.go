package s3test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program returns the path of versitygw. The first time it is built, which takes minutes;
// `make test` and scripts/setup have done that before.
func program(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(root(t), "scripts", "versitygw"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("this test needs the S3 server versitygw: run scripts/setup, which builds it (%v)\n%s", err, &errs)
	}
	return strings.TrimSpace(string(out))
}

// root is the folder of the module, above that of the package under test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("find the module's folder: there is no go.mod above the test")
		}
		dir = above
	}
}
