package load

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// poolSize is how many bytes there are to draw from.
const poolSize = 32 << 20

// pool is a file of bytes that do not repeat, which targets read from and clients know. A
// piece of it says where it belongs. Half of it is text, which compresses.
type pool struct {
	path  string
	bytes []byte
}

func newPool(t testing.TB) *pool {
	t.Helper()
	p := &pool{path: filepath.Join(t.TempDir(), "pool"), bytes: make([]byte, 0, poolSize)}
	for i := 0; len(p.bytes) < poolSize/2; i++ {
		p.bytes = fmt.Appendf(p.bytes, "%08d the quick brown fox jumps over the lazy dog, and over %d others\r\n", i, i*i)
	}
	at := len(p.bytes)
	p.bytes = p.bytes[:poolSize]
	if _, err := io.ReadFull(oracle.Data(1, poolSize), p.bytes[at:]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path, p.bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// piece is a part of the pool.
type piece struct {
	command string // prints it, at the target
	oracle.Content
}

func (p *pool) piece(r *rand.Rand, most int64) piece {
	n := size(r, most)
	at := r.Int64N(poolSize - n)
	return piece{
		command: fmt.Sprintf("tail -c +%d '%s' | head -c %d", at+1, p.path, n),
		Content: oracle.Of(p.bytes[at : at+n]),
	}
}
