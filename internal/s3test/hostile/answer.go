package hostile

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
)

// answer is what a request is answered with.
type answer struct {
	status int
	header http.Header
	body   []byte
	code   string // of an error
	// hides has the body not be sent, though its length is told: for HEAD.
	hides bool
}

// failure is an error that is answered.
type failure struct {
	status        int
	code, message string
}

func fail(status int, code, message string) *failure { return &failure{status, code, message} }

// errorBody is an error as XML (Amazon S3 API Reference, "Error Responses").
type errorBody struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string `xml:",omitempty"`
	RequestID string `xml:"RequestId"`
}

func (f *failure) answer(key string) *answer {
	a := xmlAnswer(errorBody{Code: f.code, Message: f.message, Resource: key, RequestID: "hostile"})
	a.status, a.code = f.status, f.code
	return a
}

// xmlAnswer is an answer of status 200.
func xmlAnswer(body any) *answer {
	b, err := xml.Marshal(body)
	if err != nil {
		panic("hostile: " + err.Error()) // all bodies are ours
	}
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/xml"}}, body: append([]byte(xml.Header), b...)}
}

// empty is an answer without a body.
func empty(status int) *answer { return &answer{status: status, header: http.Header{}} }

// length is what the answer says of its body's length.
func (a *answer) length() string { return strconv.Itoa(len(a.body)) }

// sent is what of the body is sent.
func (a *answer) sent() []byte {
	if a.hides {
		return nil
	}
	return a.body
}

// falsify changes what the answer says of the bytes that the server keeps.
func (a *answer) falsify() {
	for name, values := range a.header {
		if name == "Etag" || bytes.HasPrefix([]byte(name), []byte("X-Amz-Checksum-")) && name != "X-Amz-Checksum-Type" {
			values[0] = other(values[0])
		}
	}
	var c completeBody
	if xml.Unmarshal(a.body, &c) != nil || c.XMLName.Local != "CompleteMultipartUploadResult" {
		return
	}
	for _, s := range []*string{&c.ETag, &c.ChecksumCRC32, &c.ChecksumCRC32C, &c.ChecksumCRC64NVME, &c.ChecksumSHA1, &c.ChecksumSHA256} {
		*s = other(*s)
	}
	a.body = xmlAnswer(c).body
}

// other returns another string of the same form: hexadecimal and base64 stay what they are.
func other(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c != '"' {
			b[i] = 'a'
			if c == 'a' {
				b[i] = 'b'
			}
			break
		}
	}
	return string(b)
}
