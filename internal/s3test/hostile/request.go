package hostile

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Op is what a request asks for, by the name that the Amazon S3 API Reference has for it.
type Op string

// The operations that are known here. Others are answered with NotImplemented.
const (
	PutObject         Op = "PutObject"
	CreateUpload      Op = "CreateMultipartUpload"
	UploadPart        Op = "UploadPart"
	CompleteUpload    Op = "CompleteMultipartUpload"
	ListUploads       Op = "ListMultipartUploads"
	AbortUpload       Op = "AbortMultipartUpload"
	ListParts         Op = "ListParts"
	HeadObject        Op = "HeadObject"
	GetObject         Op = "GetObject"
	DeleteObject      Op = "DeleteObject"
	ListObjects       Op = "ListObjectsV2"
	HeadBucket        Op = "HeadBucket"
	GetBucketLocation Op = "GetBucketLocation"
	unknown           Op = "unknown"
)

// Six returns the operations that a gateway must be able to do, and no other.
func Six() []Op {
	return []Op{PutObject, CreateUpload, UploadPart, CompleteUpload, ListUploads, AbortUpload}
}

// Request is what somebody asks for.
type Request struct {
	Op        Op
	N         int // it is the N-th of its kind, counted from 1
	Key       string
	UploadID  string
	Part      int
	AccessKey string
	Time      time.Time
	Size      int64 // of the body, as it was announced
}

// parse finds out what is asked for. The bucket is in the path, or the first label of the host.
func (s *Server) parse(r *http.Request) (Request, bool) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	bucket, key, _ := strings.Cut(path, "/")
	if strings.HasPrefix(host(r), s.options.Bucket+".") {
		bucket, key = s.options.Bucket, path
	}
	key, err := url.PathUnescape(key)
	q := r.URL.Query()
	part, _ := strconv.Atoi(q.Get("partNumber")) // what is no number is refused later
	parsed := Request{
		Op: operation(r.Method, key, q), Key: key, UploadID: q.Get("uploadId"), Part: part,
		AccessKey: accessKey(r), Time: time.Now(), Size: r.ContentLength,
	}
	return parsed, err == nil && bucket == s.options.Bucket
}

func host(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

func operation(method, key string, q url.Values) Op {
	if key == "" {
		return bucketOperation(method, q)
	}
	switch {
	case method == http.MethodPut && q.Has("partNumber") && q.Has("uploadId"):
		return UploadPart
	case method == http.MethodPut && !q.Has("uploadId") && len(subresources(q)) == 0:
		return PutObject
	case method == http.MethodPost && q.Has("uploads"):
		return CreateUpload
	case method == http.MethodPost && q.Has("uploadId"):
		return CompleteUpload
	case method == http.MethodDelete && q.Has("uploadId"):
		return AbortUpload
	case method == http.MethodDelete && len(subresources(q)) == 0:
		return DeleteObject
	case method == http.MethodGet && q.Has("uploadId"):
		return ListParts
	case method == http.MethodGet && len(subresources(q)) == 0:
		return GetObject
	case method == http.MethodHead:
		return HeadObject
	}
	return unknown
}

func bucketOperation(method string, q url.Values) Op {
	switch {
	case method == http.MethodGet && q.Has("uploads"):
		return ListUploads
	case method == http.MethodGet && q.Has("location"):
		return GetBucketLocation
	case method == http.MethodGet && q.Get("list-type") == "2":
		return ListObjects
	case method == http.MethodHead:
		return HeadBucket
	}
	return unknown
}

// subresources are the parts of a query that make another operation of a request.
func subresources(q url.Values) (found []string) {
	for _, name := range []string{"acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "restore", "select", "versionId"} {
		if q.Has(name) {
			found = append(found, name)
		}
	}
	return found
}

// credential is the part of the header Authorization that says who signed, and for what:
// key/date/region/s3/aws4_request.
func credential(r *http.Request) []string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(rest, ",")
	return strings.Split(scope, "/")
}

func accessKey(r *http.Request) string { return credential(r)[0] }

// maxSkew is how wrong a client's clock may be (Amazon S3 User Guide, "Authenticating Requests").
const maxSkew = 15 * time.Minute

// checkSignature wants a signature of version 4 to be there, over all that it must be over,
// and made now. It does not check the signature itself, which takes the secret.
func checkSignature(r *http.Request) *failure {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return fail(http.StatusForbidden, "AccessDenied", "the request is not signed")
	}
	scope := credential(r)
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 ") || !strings.Contains(auth, "Signature=") || len(scope) != 5 || scope[3] != "s3" || scope[4] != "aws4_request" {
		return fail(http.StatusBadRequest, "AuthorizationHeaderMalformed", "the signature is none of version 4 for s3")
	}
	_, rest, _ := strings.Cut(auth, "SignedHeaders=")
	list, _, _ := strings.Cut(rest, ",")
	signed := map[string]bool{}
	for name := range strings.SplitSeq(list, ";") {
		signed[name] = true
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !signed[name] {
			return fail(http.StatusForbidden, "AccessDenied", "the header "+name+" is not signed")
		}
	}
	if !signed["host"] {
		return fail(http.StatusForbidden, "AccessDenied", "the host is not signed")
	}
	when, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || !strings.HasPrefix(r.Header.Get("X-Amz-Date"), scope[1]) {
		return fail(http.StatusForbidden, "AccessDenied", "the date is not that of the signature")
	}
	if d := time.Since(when); d > maxSkew || d < -maxSkew {
		return fail(http.StatusForbidden, "RequestTimeTooSkewed", "the request was not made now")
	}
	return nil
}
