package transfer

import "encoding/binary"

// packet kinds of SFTP version 3 (draft-ietf-secsh-filexfer-02 §3).
const (
	fxpInit     = 1
	fxpVersion  = 2
	fxpOpen     = 3
	fxpClose    = 4
	fxpRead     = 5
	fxpWrite    = 6
	fxpFstat    = 8
	fxpFsetstat = 10
	fxpRemove   = 13
	fxpMkdir    = 14
	fxpRmdir    = 15
	fxpRename   = 18
	fxpSymlink  = 20
	fxpStatus   = 101
	fxpHandle   = 102
	fxpData     = 103
	fxpExtended = 200
)

// maxHead is how much of a packet is looked at: two paths of PATH_MAX, and what is beside them.
const maxHead = 2*4096 + 256

// packets finds the packets in a stream. Of each it hands over the beginning, and how many bytes of it
// come after that.
type packets struct {
	head []byte // of the packet, as far as it is there
	size uint64 // of the packet and its length, 0 if that is not known
	left uint64 // bytes behind the head
	// begin is given the type and what follows it, up to maxHead bytes.
	begin func(at int64, kind byte, b fields) (lost string)
	// more is given how many bytes of that packet came since.
	more func(n uint64)
}

func (p *packets) hear(at int64, b []byte) (lost string) {
	for len(b) > 0 {
		if p.left > 0 {
			n := min(p.left, uint64(len(b)))
			p.more(n)
			p.left -= n
			b = b[n:]
			continue
		}
		want := p.want()
		n := min(want-len(p.head), len(b))
		p.head = append(p.head, b[:n]...)
		b = b[n:]
		if len(p.head) < want {
			return ""
		}
		if p.size == 0 {
			length := binary.BigEndian.Uint32(p.head)
			if length == 0 || length > maxPacket {
				return "a packet has a length that none has"
			}
			p.size = 4 + uint64(length)
			continue
		}
		if lost := p.start(at); lost != "" {
			return lost
		}
	}
	return ""
}

// want is how many bytes the head needs.
func (p *packets) want() int {
	if p.size == 0 {
		return 4
	}
	most := uint64(maxHead)
	if len(p.head) > 4 && (p.head[4] == fxpWrite || p.head[4] == fxpData) {
		most = dataHead // what follows is a file's
	} else if len(p.head) == 4 {
		most = 5
	}
	return int(min(p.size, most))
}

// dataHead is what SSH_FXP_WRITE has before its data at most: a handle has 256 bytes.
const dataHead = 4 + 1 + 4 + 4 + 256 + 8 + 4

func (p *packets) start(at int64) string {
	if len(p.head) == 5 && p.size > 5 {
		return "" // now it is known how much is wanted
	}
	kind, body := p.head[4], fields(p.head[5:])
	p.left = p.size - uint64(len(p.head))
	lost := p.begin(at, kind, body)
	p.head, p.size = p.head[:0], 0
	return lost
}

// fields reads what a packet is made of. Behind the end there are zeros.
type fields []byte

func (f *fields) number() uint32 {
	if len(*f) < 4 {
		*f = nil
		return 0
	}
	n := binary.BigEndian.Uint32(*f)
	*f = (*f)[4:]
	return n
}

func (f *fields) skip(n int) { *f = (*f)[min(n, len(*f)):] }

// text reads a string, or what is there of it.
func (f *fields) text() string {
	n := min(uint64(f.number()), uint64(len(*f)))
	s := string((*f)[:n])
	*f = (*f)[n:]
	return s
}
