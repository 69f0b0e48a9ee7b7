package archtest

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// rule says what the packages in some folders may import, beside the standard library.
// Tests may import more: see findGateway.
type rule struct {
	dirs    string   // a pattern as of path.Match
	ours    []string // folders of the module, patterns too
	outside []string // other modules, or parts of them
	why     string
}

const (
	xssh   = "golang.org/x/crypto/ssh"
	xsys   = "golang.org/x/sys"
	xterm  = "golang.org/x/term"
	anyone = "*"
)

// rules is the house, from the bottom up. The first row that fits a folder counts, and
// each folder needs one.
var rules = []rule{
	{"event", nil, nil, "the vocabulary: everybody speaks it, so it costs nobody a dependency"},
	{"internal/cbor", nil, nil, "bytes in, bytes out"},
	{"internal/inflate", nil, nil, "bytes in, bytes out"},
	{"codec/*", []string{"event", "internal/cbor", "internal/inflate"}, []string{"github.com/klauspost/compress"}, "a format is a matter of bytes, not of where they are kept, who recorded them, or when"},
	{"codec", []string{"event", "codec/*"}, nil, "the list of formats"},
	{"verify", []string{"event", "codec", "codec/*"}, nil, "whoever checks a log trusts neither the gateway nor the storage, and needs neither"},
	{"internal/leftover", nil, nil, "a mend for x/crypto/ssh, which it looks into without its help"},
	{"internal/whole", nil, []string{xsys}, "a connection below x/crypto/ssh, of which it knows how it writes"},
	{"replay/screen", nil, nil, "bytes in, a picture out: what a stranger wrote meets no code but ours"},
	{"replay/transfer", []string{"event"}, nil, "which files were carried follows from the events alone"},
	{"replay", []string{"event", "codec/*", "replay/screen"}, nil, "what was to be seen follows from the log alone, whoever looks and whenever"},
	{"replay/*", []string{"replay", "replay/screen", "replay/palette"}, nil, "what is made of a recording needs the recording, and nothing of where it is from"},
	{"tap", []string{"event", "internal/leftover"}, []string{xssh}, "an SSH server takes it in without the rest of the house"},

	{"internal/disk", nil, []string{xsys}, "the machine's disk"},
	{"internal/disk/faultdisk", []string{"internal/disk"}, nil, "a disk that fails needs no more than a disk"},
	{"storage", nil, nil, "a store knows bytes, not SSH"},
	{"storage/file", []string{"storage", "internal/disk"}, []string{xsys}, "a store knows bytes, not SSH"},
	{"storage/s3/internal/bucket", nil, []string{"github.com/minio/minio-go/v7", "github.com/minio/crc64nvme"}, "requests and their errors: the one place that knows the client library"},
	{"storage/s3", []string{"storage", "storage/file", "storage/s3/internal/*", "internal/disk"}, []string{xsys}, "a store knows bytes, not SSH; its spool is a folder as another one's"},
	{"storage/*", []string{"storage"}, nil, "a store knows bytes, not SSH"},
	{"record", []string{"event", "codec/*", "storage", "internal/disk"}, nil, "one log in the making: of what, and where to, others say"},

	{"internal/backend", nil, nil, "a program is started alike, whatever runs it"},
	{"internal/backend/local", []string{"internal/backend"}, []string{xsys, "github.com/pkg/sftp"}, "what runs programs never learns that it is recorded"},
	{"internal/backend/sshproxy", []string{"internal/backend", "internal/leftover", "internal/whole"}, []string{xssh}, "what runs programs never learns that it is recorded"},
	{"internal/backend/*", []string{"internal/backend"}, nil, "what runs programs never learns that it is recorded"},
	{"internal/session", []string{"internal/backend"}, []string{xssh}, "the state machine stands on any backend"},
	{"internal/bridge", []string{"event", "tap"}, []string{xssh}, "it joins a recorded side to another; how it is recorded is not its business"},

	{"internal/auth", nil, []string{"golang.org/x/crypto"}, "who may in is decided from the request alone"},
	{"internal/config", []string{"internal/auth"}, []string{xssh, "go.yaml.in/yaml/v4", "github.com/google/jsonschema-go"}, "it reads what may be said; cmd makes parts of it"},
	{"internal/handover", nil, []string{xsys}, "who listens, and who is next: of what is served it knows nothing"},
	{"internal/quiet", nil, nil, "it knows messages, and nobody who sends them"},
	{"internal/metrics", []string{"record"}, []string{"github.com/prometheus/client_golang"}, "it tells what it is told, and asks nobody by name but the recorder"},
	{"internal/gateway", []string{"event", "tap", "record", "internal/auth", "internal/backend", "internal/bridge", "internal/config", "internal/metrics", "internal/whole"}, []string{xssh}, "the wiring: it knows everyone but the one backend and store that cmd chose"},
	{"cmd/*", []string{anyone}, []string{xssh, xterm, xsys, "github.com/spf13/cobra"}, "the list of what the program can do"},

	{"internal/mutants", nil, nil, "it knows the code as text, and the tests by their names"},
	{"bench/meter", nil, []string{xsys}, "it knows processes, not what they do"},
	{"bench/plot", nil, nil, "numbers in, a picture out"},
	{"bench/floor", nil, []string{xssh}, "the least that there can be"},
	{"bench/rig", []string{"bench/floor"}, []string{xssh}, "it starts the built program, as its users do"},
	{"bench/load", []string{"bench/floor"}, []string{xssh}, "clients know a server by its address"},
	{"bench/logs", []string{"event", "record", "storage/file"}, nil, "logs as the recorder makes them, in another time"},
	{"bench/s3", nil, nil, "holds benchmarks only"},
	{"bench", []string{anyone}, []string{xssh, xsys}, "measures the whole"},
	{"internal/oracle", []string{"event", "codec/*"}, nil, "it judges a log by what is in it"},
	{"internal/e2e", nil, nil, "holds tests only"},
	{"internal/torture/device", nil, []string{xsys}, "a disk that fails knows nothing of what is kept on it"},
	{"internal/torture/*", nil, nil, "holds tests only"},
	{"internal/torture", nil, nil, "chance and time"},
	{"internal/gatewaytest", []string{"event", "codec/*", "internal/oracle", "internal/sshdtest"}, []string{"golang.org/x/crypto"}, "the built program, as its users start it"},
	{"internal/browsertest", nil, []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto"}, "a browser for tests"},
	{"internal/tapetest", []string{"event", "codec/*", "replay"}, nil, "logs for tests"},
	{"internal/sshdtest", nil, []string{xssh}, "a real server for tests"},
	{"internal/s3test/hostile", nil, nil, "a server that misbehaves needs the standard library's to do so"},
	{"internal/s3test", nil, []string{"github.com/minio/minio-go/v7"}, "a real server for tests"},
	{"internal/*test", nil, nil, "holds tests only"},
}

func ruleFor(dir string) *rule {
	i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.dirs, dir) })
	if i < 0 {
		return nil
	}
	return &rules[i]
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func (r *rule) allows(imported string) bool {
	if ours, ok := strings.CutPrefix(imported, module); ok {
		return slices.ContainsFunc(r.ours, func(p string) bool { return p == anyone || matches(p, ours) })
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.outside, func(p string) bool {
		return imported == p || strings.HasPrefix(imported, p+"/")
	})
}

func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// findImports finds what the table does not allow.
func findImports(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		r := ruleFor(p.dir)
		if r == nil {
			found = append(found, fmt.Sprintf("%s has no row in rules: say what it may import, and why", p.dir))
			continue
		}
		for _, f := range p.sources() {
			for _, imported := range f.imports() {
				if !r.allows(imported) {
					found = append(found, fmt.Sprintf("%s imports %s; rules do not allow it: %s", f.path, imported, r.why))
				}
			}
		}
	}
	return found
}

// findGateway finds who imports the package that knows everyone, or the commands, tests
// included: all but the rigs that torture a whole gateway. Apart from that a test may import
// what helps it.
func findGateway(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, imported := range f.imports() {
				dir, ours := strings.CutPrefix(imported, module)
				top := dir == "internal/gateway" || strings.HasPrefix(dir, "cmd/")
				rig := f.test && dir == "internal/gateway" && matches("internal/torture/*", p.dir)
				if ours && top && p.dir != dir && !matches("cmd/*", p.dir) && !rig {
					found = append(found, fmt.Sprintf("%s imports %s: only cmd does, for it knows everyone", f.path, dir))
				}
			}
		}
	}
	return found
}

// findBlankImports finds imports for their effect. Package embed is asked for so by the
// compiler and has none.
func findBlankImports(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.sources() {
			for _, spec := range f.ast.Imports {
				if spec.Name != nil && spec.Name.Name == "_" && spec.Path.Value != `"embed"` {
					found = append(found, fmt.Sprintf("%s: imports %s for its effect: call what it does by name", t.at(spec), spec.Path.Value))
				}
			}
		}
	}
	return found
}
