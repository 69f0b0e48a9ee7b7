package archtest

import "strings"

// broken has, for each check, houses that break its rule once, by what the finding must say.
var broken = map[string]map[string]map[string]string{
	"imports": {
		"event/a.go imports golang.org/x/crypto/ssh":                            {"event/a.go": `import "golang.org/x/crypto/ssh"`},
		"tap/a.go imports github.com/sshtrail/sshtrail/record":                  {"tap/a.go": `import "github.com/sshtrail/sshtrail/record"`},
		"codec/binary/a.go imports github.com/sshtrail/sshtrail/storage":        {"codec/binary/a.go": `import "github.com/sshtrail/sshtrail/storage"`},
		"storage/s3/a.go imports github.com/sshtrail/sshtrail/event":            {"storage/s3/a.go": `import "github.com/sshtrail/sshtrail/event"`},
		"internal/backend/docker/a.go imports github.com/sshtrail/sshtrail/tap": {"internal/backend/docker/a.go": `import "github.com/sshtrail/sshtrail/tap"`},
		"github.com/klauspost/compressor":                                       {"codec/binary/a.go": `import "github.com/klauspost/compressor"`},
		"internal/helpers has no row":                                           {"internal/helpers/a.go": ""},
	},
	"gateway": {
		"record/a_test.go imports internal/gateway": {"record/a_test.go": `import "github.com/sshtrail/sshtrail/internal/gateway"`},
		"tap/a.go imports cmd/sshtrail/text":        {"tap/a.go": `import "github.com/sshtrail/sshtrail/cmd/sshtrail/text"`},
	},
	"blank imports": {
		`imports "image/png"`: {"event/a.go": `import (_ "image/png"; _ "embed")`, "event/a_test.go": `import _ "image/gif"`},
	},
	"package comment": {
		"0 package comments":         {"event/a.go": "package event", "event/a_test.go": "// Package event is.\npackage event"},
		"2 package comments":         {"event/a.go": "", "event/b.go": ""},
		`begins "Events are`:         {"event/a.go": "// Events are here.\npackage event"},
		`begins "Package main`:       {"cmd/x/main.go": "// Package main is here.\npackage main"},
		`begins "Package event says`: {"event/a.go": "// Package event says\npackage event"},
	},
	"doc comments": {
		": F has":          {"event/a.go": "func F() {}"},
		": M has":          {"event/a.go": "// T is.\ntype T[E any] int\nfunc (*T[E]) M() {}\nfunc (T[E]) String() string { return \"\" }\ntype t int\nfunc (t) M() {}"},
		": T has":          {"event/a.go": "// Types are.\ntype (\nT int\n)"},
		"b.go:8:10: M has": {"tap/b.go": "type t interface { N() }\n// T is.\ntype T int\nfunc (T) N() {}\nfunc (T) M() {}"},
		": B has":          {"event/a.go": "const (\n// A is.\nA = 1\nB = 2\nC = 3 // C is.\n)\n// More.\nconst (\nD = 4\n)"},
		": ErrOne has":     {"event/a.go": "var ErrOne error"},
	},
	"init": {
		"a.go:4:1: func init":      {"event/a.go": "func init() {}"},
		"a_test.go:3:1: func init": {"event/a_test.go": "func init() {}"},
	},
	"variables": {
		"event.count":  {"event/a.go": "var count int\nvar ErrGone, errLost error\nvar _ = 0\nfunc f() { var local int; _ = local }"},
		"event.errand": {"event/a.go": "var errand = 1"},
	},
	"allowed variables": {
		"event.byType": {"event/a.go": "var rows, byExtension, byGoType int"},
	},
	"assigned variables": {
		"a.go:5:12: package variable a":      {"event/a.go": "var a = 1\nfunc f() { a = 2 }"},
		"b.go:4:11: package variable a":      {"event/a.go": "var a = []int{1}", "event/b.go": "// Sample.\n\npackage event\nfunc f() {a[0]++; a := 1; a = 2; _ = a }"},
		"a.go:5:15: package variable m":      {"event/a.go": "var m map[int]int\nfunc f() { b, m[1] = 2, 3 }\nfunc g() { b := 1; b = 3; _ = &b }"},
		"a.go:5:19: package variable m":      {"event/a.go": "var m map[int]int\nfunc f() { delete(m, 1) }"},
		"a_test.go:2:12: package variable a": {"event/a.go": "var a = 1", "event/a_test.go": "package event\nfunc f() { a = 2; b = 2 }\nvar b = 1"},
	},
	"fuzz seeds": {
		"FuzzA has no seeds in event/testdata/fuzz/FuzzA": {
			"event/a_test.go":             "func FuzzA() {}\nfunc FuzzB() {}",
			"event/testdata/fuzz/FuzzA/1": "",
			"event/testdata/fuzz/FuzzB/1": "go test fuzz v1\nint(1)\n",
		},
	},
	"skipped tests": {
		"a_test.go:3:12: a test that skips": {"event/a_test.go": "func f() { t.Skip() }", "event/a.go": "func f() { r.Skip() }", "event/b_test.go": "func FuzzF() { t.Skip() }", "storage/file/a_test.go": "func TestConfigOfAFolderThatIsAnothers() { t.Skip() }"},
	},
	"sleeping tests": {
		"a_test.go:5:12: a test that sleeps": {"event/a_test.go": "func f() {\nsynctest.Test(t, func() { time.Sleep(1) })\n           time.Sleep(1) }", "event/a.go": "func f() { time.Sleep(1) }"},
	},
	"long files": {
		"event/a.go has 603 lines": {"event/a.go": strings.Repeat("\n", 600), "event/b.go": strings.Repeat("\n", 597)},
	},
	"markers": {
		"a.go:4:1: a comment with XX" + "X": {"event/a.go": "// XX" + "X is it, XX" + "XX is not.\nconst s = \"XX" + "X\""},
	},
}
