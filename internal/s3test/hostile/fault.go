package hostile

import (
	"fmt"
	"net/http"
	"slices"
)

// Fault is one way to misbehave.
type Fault struct {
	kind   kind
	Status int    // of Refuse
	Code   string // of Refuse
}

// kind is what goes wrong. The comments say what the server has done then.
type kind string

const (
	refuse     kind = "refuse"           // nothing, and says so
	hang       kind = "hang"             // nothing, and says nothing
	cut        kind = "cut the request"  // nothing: the connection ends in the middle of the request's body
	garbage    kind = "answer garbage"   // nothing: an answer of status 200 from somebody else, as by a portal
	redirect   kind = "redirect in loop" // nothing: sends the client to where it is, for ever
	errorIn200 kind = "error in 200"     // nothing: status 200, spaces, and then an error
	forget     kind = "forget upload"    // lost the upload, and says so
	lose       kind = "lose the answer"  // all: the connection ends before the answer
	hangDone   kind = "hang when done"   // all, and says nothing
	half       kind = "half an answer"   // all: the connection ends in the middle of the answer
	wrongETag  kind = "wrong ETag"       // all, and names an ETag and checksums that are others
	corrupt    kind = "corrupt"          // all, but with a bit of the body turned over; the ETag and checksums are of that
)

// Refuse answers with an error: 500 InternalError, 503 SlowDown, 403 ExpiredToken, …
func Refuse(status int, code string) *Fault { return &Fault{refuse, status, code} }

// Hang reads nothing and answers nothing until the client gives up.
func Hang() *Fault { return &Fault{kind: hang} }

// Cut reads half of the request's body and resets the connection.
func Cut() *Fault { return &Fault{kind: cut} }

// Garbage answers with status 200 and what no S3 server says.
func Garbage() *Fault { return &Fault{kind: garbage} }

// Redirect sends the client to the same place again.
func Redirect() *Fault { return &Fault{kind: redirect} }

// ErrorIn200 answers with status 200 and an error in the body, as CompleteMultipartUpload may
// (Amazon S3 API Reference: "the error response could be embedded in the 200 OK response").
func ErrorIn200() *Fault { return &Fault{kind: errorIn200} }

// Forget aborts the upload that the request is for, and answers NoSuchUpload.
func Forget() *Fault { return &Fault{kind: forget} }

// Lose does what it is asked to do and resets the connection.
func Lose() *Fault { return &Fault{kind: lose} }

// HangDone does what it is asked to do and answers nothing until the client gives up.
func HangDone() *Fault { return &Fault{kind: hangDone} }

// Half does what it is asked to do and resets the connection in the middle of its answer: of
// its head, if there is no body.
func Half() *Fault { return &Fault{kind: half} }

// WrongETag does what it is asked to do and answers with another ETag, and other checksums.
func WrongETag() *Fault { return &Fault{kind: wrongETag} }

// Corrupt keeps other bytes than it was sent, and answers with the ETag and checksums of those.
func Corrupt() *Fault { return &Fault{kind: corrupt} }

// Lies reports whether the fault has the server tell that it keeps other bytes than it was sent.
func (f *Fault) Lies() bool { return f.kind == wrongETag || f.kind == corrupt }

// Corrupts reports whether the fault has the server keep other bytes than it was sent.
func (f *Fault) Corrupts() bool { return f.kind == corrupt }

func (f *Fault) String() string {
	switch {
	case f == nil:
		return "nothing"
	case f.kind == refuse:
		return fmt.Sprintf("%d %s", f.Status, f.Code)
	}
	return string(f.kind)
}

// Faults lists every way to misbehave that a request of a kind can meet, and that ends by itself
// once it is over.
func Faults(op Op) []*Fault {
	all := []*Fault{
		Refuse(500, "InternalError"), Refuse(503, "SlowDown"), Refuse(503, "ServiceUnavailable"), Refuse(429, "TooManyRequests"),
		Refuse(400, "RequestTimeout"), Refuse(403, "ExpiredToken"), Refuse(403, "AccessDenied"), Refuse(403, "InvalidAccessKeyId"),
		Refuse(403, "RequestTimeTooSkewed"), Refuse(403, "QuotaExceeded"), Refuse(404, "NoSuchBucket"), Refuse(502, ""),
		Hang(), Cut(), Garbage(), Redirect(), Lose(), HangDone(), Half(),
	}
	switch op {
	case HeadObject: // without a body its 404 says that there is no object, which would be a lie
		all = slices.DeleteFunc(all, func(f *Fault) bool { return f.Status == http.StatusNotFound })
	case PutObject:
		all = append(all, WrongETag(), Corrupt())
	case UploadPart:
		all = append(all, WrongETag(), Corrupt(), Forget())
	case CompleteUpload:
		all = append(all, WrongETag(), ErrorIn200(), Forget())
	case CreateUpload, ListUploads, ListParts, ListObjects:
		all = append(all, ErrorIn200())
	}
	return all
}

// At is a plan: the n-th request of a kind, counted from 1, meets f.
func At(op Op, n int, f *Fault) func(Request) *Fault {
	return func(r Request) *Fault {
		if r.Op == op && r.N == n {
			return f
		}
		return nil
	}
}

// All is a plan: every request meets f.
func All(f *Fault) func(Request) *Fault { return func(Request) *Fault { return f } }
