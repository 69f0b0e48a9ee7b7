package transfer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// sftp follows SFTP.
type sftp struct {
	s        *session
	client   packets
	server   packets
	asked    map[uint32]asked
	handles  map[string]*opened
	unbound  []*opened // opened by requests whose answers are not recorded
	carries  *opened   // whose data the packet of the client has
	carriesR *opened   // whose data the packet of the server has
}

// asked is a request that waits for its answer.
type asked struct {
	kind   byte
	file   *opened
	action *Action
}

// opened is a file that is open, or about to be.
type opened struct {
	*Action
	handle string
	told   bool
}

func newSFTP(s *session) *sftp {
	f := &sftp{s: s, asked: map[uint32]asked{}, handles: map[string]*opened{}}
	f.client = packets{begin: f.request, more: func(n uint64) { f.wrote(f.carries, n) }}
	f.server = packets{begin: f.answer, more: func(n uint64) { f.read(f.carriesR, n) }}
	return f
}

func (f *sftp) hear(fromClient bool, at int64, p []byte) string {
	if fromClient {
		return f.client.hear(at, p)
	}
	return f.server.hear(at, p)
}

func (f *sftp) wrote(o *opened, n uint64) {
	f.s.Written += n
	if o != nil && !o.told {
		o.Written += n
	}
}

func (f *sftp) read(o *opened, n uint64) {
	f.s.Read += n
	if o != nil && !o.told {
		o.Read += n
	}
}

// request takes a packet of the client.
func (f *sftp) request(at int64, kind byte, b fields) string {
	f.carries = nil
	if kind == fxpInit {
		return ""
	}
	id := b.number()
	a := asked{kind: kind}
	switch kind {
	case fxpOpen:
		a.file = &opened{Action: f.s.begun(at, File, b.text(), "")}
		if !f.s.Output {
			f.unbound = append(f.unbound, a.file)
		}
		if len(f.unbound) > maxHandles {
			f.unanswered(asked{kind: fxpOpen, file: f.unbound[0]})
			f.unbound = f.unbound[1:]
		}
	case fxpClose:
		if a.file = f.handle(b.text()); a.file != nil && !f.s.Output {
			f.close(a.file, at)
		}
	case fxpRead, fxpFstat, fxpFsetstat:
		a.file = f.handle(b.text())
	case fxpWrite:
		a.file = f.handle(b.text())
		b.skip(8 + 4)
		f.carries = a.file
		f.wrote(a.file, uint64(len(b)))
	default:
		if a.action = f.action(at, kind, b); a.action != nil && !f.s.Output {
			f.s.tell(a.action)
		}
	}
	return f.wait(id, a)
}

// wait notes that an answer will come, if there are any. Who uses a number twice hides nothing.
func (f *sftp) wait(id uint32, a asked) string {
	if !f.s.Output || a.file == nil && a.action == nil {
		return ""
	}
	before, twice := f.asked[id]
	if !twice && len(f.asked) >= maxRequests {
		f.unanswered(a)
		return "more requests wait for answers than are followed"
	}
	f.asked[id] = a
	f.unanswered(before)
	return ""
}

// unanswered tells a request to which no answer will come.
func (f *sftp) unanswered(a asked) {
	if a.action != nil {
		f.s.tell(a.action)
	}
	if a.kind == fxpOpen && a.file != nil {
		f.close(a.file, 0)
	}
}

// action returns what else a request does to files, if that is told.
func (f *sftp) action(at int64, kind byte, b fields) *Action {
	switch kind {
	case fxpRemove:
		return f.s.begun(at, Remove, b.text(), "")
	case fxpMkdir:
		return f.s.begun(at, MakeDir, b.text(), "")
	case fxpRmdir:
		return f.s.begun(at, DropDir, b.text(), "")
	case fxpRename:
		return f.pair(at, Rename, &b)
	case fxpSymlink: // OpenSSH, which everybody follows, has the two in this order (its PROTOCOL §4.1)
		return f.pair(at, Symlink, &b)
	}
	if kind != fxpExtended {
		return nil
	}
	switch b.text() {
	case "posix-rename@openssh.com":
		return f.pair(at, Rename, &b)
	case "hardlink@openssh.com":
		return f.pair(at, Link, &b)
	}
	return nil
}

func (f *sftp) pair(at int64, what What, b *fields) *Action {
	path := b.text()
	return f.s.begun(at, what, path, b.text())
}

// handle returns the file with a handle. Where answers are not recorded it is known which one that
// is if only one was opened since; of several none is known.
func (f *sftp) handle(h string) *opened {
	o := f.handles[h]
	if o != nil || f.s.Output || len(f.unbound) == 0 || len(f.handles) >= maxHandles {
		return o
	}
	if len(f.unbound) == 1 {
		o = f.unbound[0]
		f.bind(o, h)
		f.unbound = nil
		return o
	}
	for _, o := range f.unbound {
		f.unanswered(asked{kind: fxpOpen, file: o})
	}
	f.unbound = nil
	return nil
}

func (f *sftp) bind(o *opened, h string) {
	o.handle = cut(h)
	if before := f.handles[o.handle]; before != nil {
		f.close(before, 0)
	}
	f.handles[o.handle] = o
}

// answer takes a packet of the server.
func (f *sftp) answer(at int64, kind byte, b fields) string {
	f.carriesR = nil
	if kind == fxpVersion {
		return ""
	}
	id := b.number()
	a := f.asked[id]
	delete(f.asked, id)
	switch kind {
	case fxpHandle:
		if a.kind != fxpOpen || a.file == nil || a.file.told {
			return ""
		}
		if len(f.handles) >= maxHandles {
			f.unanswered(a)
			return "more files are open than are followed"
		}
		f.bind(a.file, b.text())
	case fxpData:
		b.skip(4)
		f.carriesR = a.file
		f.read(a.file, uint64(len(b)))
	case fxpStatus:
		code := b.number()
		f.status(at, a, code, b.text())
	}
	return ""
}

const (
	statusOK  = 0
	statusEOF = 1
)

// status takes the answer to a request.
func (f *sftp) status(at int64, a asked, code uint32, message string) {
	failed := ""
	if code != statusOK && code != statusEOF {
		failed = why(code, message)
	}
	switch {
	case a.action != nil:
		a.action.End, a.action.Failed = at, failed
		f.s.tell(a.action)
	case a.file == nil:
	case a.kind == fxpOpen:
		a.file.Failed = failed
		f.close(a.file, at)
	case a.kind == fxpClose:
		if a.file.Failed == "" {
			a.file.Failed = failed
		}
		f.close(a.file, at)
	case a.file.Failed == "":
		a.file.Failed = failed
	}
}

// close tells a file.
func (f *sftp) close(o *opened, at int64) {
	if o.told {
		return
	}
	o.told, o.End = true, at
	if f.handles[o.handle] == o {
		delete(f.handles, o.handle)
	}
	f.s.tell(o.Action)
}

// why is a status in words (draft-ietf-secsh-filexfer-02 §7), with the server's own.
func why(code uint32, message string) string {
	names := []string{2: "no such file", 3: "permission denied", 4: "failure", 5: "bad message", 6: "no connection", 7: "connection lost", 8: "unsupported"}
	text := fmt.Sprintf("status %d", code)
	if code < uint32(len(names)) && names[code] != "" {
		text = names[code]
	}
	if message != "" && !strings.EqualFold(message, text) {
		text += ": " + cut(message)
	}
	return text
}

// finish tells what has no end, in the order in which it began.
func (f *sftp) finish() {
	var left []asked
	for _, o := range f.unbound {
		left = append(left, asked{kind: fxpOpen, file: o})
	}
	for _, a := range f.asked {
		left = append(left, a)
	}
	for _, o := range f.handles {
		left = append(left, asked{kind: fxpOpen, file: o})
	}
	slices.SortFunc(left, func(a, b asked) int {
		return cmp.Or(cmp.Compare(a.begun().Start, b.begun().Start), cmp.Compare(a.begun().Path, b.begun().Path))
	})
	for _, a := range left {
		f.unanswered(a)
	}
}

func (a *asked) begun() *Action {
	if a.action != nil {
		return a.action
	}
	return a.file.Action
}
