package bucket

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer is the most that is read of an answer in XML: a page of 1,000 keys of 1,024 bytes, each of
// which may be written as %XX, has 4 MiB.
const maxAnswer = 16 << 20

// checkAnswer sees to it that an answer of success is the one to this request. The client library
// takes any XML for an empty list, and an error in an answer of status 200 for one too.
func checkAnswer(req *http.Request, resp *http.Response) error {
	want := rootOf(req)
	if want == "" || resp.StatusCode != http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	switch root := rootIn(text); root {
	case want:
		return nil
	case "Error":
		resp.StatusCode = http.StatusInternalServerError // its code is in the text
		return nil
	default:
		return fmt.Errorf("answer with %q and not %s", root, want)
	}
}

// rootOf returns the name of the element that answers a request, "" if none does. Of the answer to
// CompleteMultipartUpload the library knows that it may be an error.
func rootOf(req *http.Request) string {
	q := req.URL.Query()
	switch {
	case req.Method == http.MethodGet && q.Has("list-type"):
		return "ListBucketResult"
	case req.Method == http.MethodGet && q.Has("uploads"):
		return "ListMultipartUploadsResult"
	case req.Method == http.MethodGet && q.Has("uploadId"):
		return "ListPartsResult"
	case req.Method == http.MethodPost && q.Has("uploads"):
		return "InitiateMultipartUploadResult"
	}
	return ""
}

func rootIn(text []byte) string {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}
