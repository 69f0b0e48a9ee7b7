package s3

import (
	"maps"
	"slices"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// progress is how far the upload of a log has come: all that has to be known after a
// restart. It changes by [change]s, which are the lines of the log's state file.
type progress struct {
	key      string
	about    bucket.About
	parts    map[int]bucket.Part // that the store has acknowledged, by number
	schedule schedule
	upload   string // id; "" if there is none
	begins   bool   // a request was made to begin an upload, and no id has come yet
	stray    bool   // there may be an upload whose id nobody knows
	freed    int64  // bytes before it are not on this machine any more
	sent     bool   // a request was begun that makes the object: it may be there
	corrupt  bool   // the store has said of the object that was made that it has other bytes
	proved   bool   // the object is there: what is here may go
	tail     bool   // there may be an object with the tail
	rest     bool   // the beginning was lost, and key is that of what remains
	opaque   []byte // what another machine kept with the tail
	done     int    // parts 1 to done are acknowledged
	firm     int    // parts 1 to firm are shown by the store to have the bytes that were sent
}

// change is one step of a [progress]. Fields that are empty change nothing.
type change struct {
	Begin   *beginning   `json:"log,omitempty"`
	Begins  bool         `json:"begins,omitempty"`
	Stray   bool         `json:"stray,omitempty"`
	Upload  string       `json:"upload,omitempty"`
	Part    *bucket.Part `json:"part,omitempty"`
	Forget  *int         `json:"forget,omitempty"` // the parts above this number
	Gone    bool         `json:"gone,omitempty"`   // the upload, with its parts
	Freed   int64        `json:"freed,omitempty"`
	Sent    bool         `json:"sent,omitempty"`
	Corrupt bool         `json:"corrupt,omitempty"`
	Unsent  bool         `json:"unsent,omitempty"` // the object is not there after all
	Proved  bool         `json:"proved,omitempty"`
	Tail    bool         `json:"tail,omitempty"`
	Opaque  []byte       `json:"state,omitempty"`
}

// beginning is the first change, and one that begins anew under another key.
type beginning struct {
	Version     int    `json:"version"`
	Key         string `json:"key"`
	Base        int64  `json:"base,omitempty"`
	Rest        bool   `json:"rest,omitempty"`
	PartSize    int64  `json:"partSize"`
	ContentType string `json:"contentType,omitempty"`
	// Metadata are bytes: a user's name need not be UTF-8, which JSON would make of it.
	Metadata map[string][]byte `json:"metadata,omitempty"`
}

const stateVersion = 1

func (p *progress) apply(c change) {
	if b := c.Begin; b != nil {
		p.key, p.schedule = b.Key, schedule{b.Base, b.PartSize}
		p.about, p.rest = bucket.About{ContentType: b.ContentType, Metadata: map[string]string{}}, b.Rest
		for name, value := range b.Metadata {
			p.about.Metadata[name] = string(value)
		}
		p.upload, p.parts, p.done, p.firm, p.sent, p.corrupt = "", nil, 0, 0, false, false
	}
	p.stray = p.stray || c.Stray || c.Begins && p.begins
	p.begins = p.begins || c.Begins
	if c.Upload != "" {
		p.upload, p.begins = c.Upload, false
	}
	if c.Part != nil {
		p.add(*c.Part)
	}
	if c.Forget != nil {
		maps.DeleteFunc(p.parts, func(n int, _ bucket.Part) bool { return n > *c.Forget })
		p.done, p.firm = min(p.done, *c.Forget), min(p.firm, *c.Forget)
	}
	if c.Gone {
		p.upload, p.parts, p.done, p.firm = "", nil, 0, 0
	}
	if c.Unsent {
		p.sent, p.corrupt = false, false
	}
	p.freed = max(p.freed, c.Freed)
	p.sent, p.corrupt = p.sent || c.Sent, p.corrupt || c.Corrupt
	p.proved, p.tail = p.proved || c.Proved, p.tail || c.Tail
	if c.Opaque != nil {
		p.opaque = c.Opaque
	}
}

func (p *progress) add(part bucket.Part) {
	if p.parts == nil {
		p.parts = map[int]bucket.Part{}
	}
	p.parts[part.Number] = part
	for p.parts[p.done+1].Number > 0 {
		p.done++
	}
	for p.parts[p.firm+1].Match == bucket.Same {
		p.firm++
	}
}

// changes are those that make p out of nothing.
func (p *progress) changes() []change {
	b := &beginning{
		Version: stateVersion, Key: p.key, Base: p.schedule.base, Rest: p.rest, PartSize: p.schedule.first,
		ContentType: p.about.ContentType, Metadata: map[string][]byte{},
	}
	for name, value := range p.about.Metadata {
		b.Metadata[name] = []byte(value)
	}
	all := []change{{Begin: b}}
	if p.upload != "" {
		all = append(all, change{Upload: p.upload})
	}
	for _, n := range slices.Sorted(maps.Keys(p.parts)) {
		part := p.parts[n]
		all = append(all, change{Part: &part})
	}
	last := change{Begins: p.begins, Stray: p.stray, Freed: p.freed, Sent: p.sent, Corrupt: p.corrupt, Proved: p.proved, Tail: p.tail, Opaque: p.opaque}
	return append(all, last)
}

// list returns the acknowledged parts up to the first that is missing, in their order.
func (p *progress) list() []bucket.Part {
	parts := make([]bucket.Part, 0, p.done)
	for n := 1; n <= p.done; n++ {
		parts = append(parts, p.parts[n])
	}
	return parts
}

// acknowledged is up to where the store has all bytes, in parts that are not the last.
func (p *progress) acknowledged() int64 { return p.schedule.start(p.done + 1) }
