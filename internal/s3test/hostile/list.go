package hostile

import (
	"cmp"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type locationBody struct {
	XMLName xml.Name `xml:"LocationConstraint"`
}

// entries is how many a page may have: as many as were asked for, but not more than the server wants.
func (s *Server) entries(q url.Values, name string) (int, error) {
	ask := q.Get(name)
	if ask == "" {
		return s.options.Page, nil
	}
	n, err := strconv.Atoi(ask)
	if err != nil || n < 0 {
		return 0, fail(http.StatusBadRequest, "InvalidArgument", name+" is no number")
	}
	return min(n, s.options.Page), nil
}

// encoding returns how keys are written in an answer.
func encoding(q url.Values) (func(string) string, error) {
	switch q.Get("encoding-type") {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return url.QueryEscape, nil
	}
	return nil, fail(http.StatusBadRequest, "InvalidArgument", "the encoding type is not known")
}

// stamp writes a time as S3's XML has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type listedPrefix struct{ Prefix string }

type objectsBody struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []listedPrefix
}

// tokenPrefix makes continuation tokens of keys, so that who takes one for the other is found out.
const tokenPrefix = "token:"

func (s *Server) listObjects(r *http.Request) (*answer, error) {
	q := r.URL.Query()
	most, err := s.entries(q, "max-keys")
	if err != nil {
		return nil, err
	}
	encode, err := encoding(q)
	if err != nil {
		return nil, err
	}
	b := objectsBody{
		Name: s.options.Bucket, Prefix: encode(q.Get("prefix")), StartAfter: encode(q.Get("start-after")), ContinuationToken: q.Get("continuation-token"),
		MaxKeys: most, Delimiter: encode(q.Get("delimiter")), EncodingType: q.Get("encoding-type"),
	}
	after := q.Get("start-after")
	if b.ContinuationToken != "" {
		var ok bool
		if after, ok = strings.CutPrefix(b.ContinuationToken, tokenPrefix); !ok {
			return nil, fail(http.StatusBadRequest, "InvalidArgument", "the continuation token is none")
		}
	}
	s.fillPage(&b, q.Get("prefix"), q.Get("delimiter"), after, most, encode)
	return xmlAnswer(b), nil
}

// fillPage lists what comes after a key, or after all that a common prefix stands for.
func (s *Server) fillPage(b *objectsBody, prefix, delimiter, after string, most int, encode func(string) string) {
	keys := s.inOrder()
	at, _ := slices.BinarySearch(keys, max(prefix, after))
	for last := ""; at < len(keys) && strings.HasPrefix(keys[at], prefix); at++ {
		key := keys[at]
		if key <= after || delimiter != "" && strings.HasSuffix(after, delimiter) && strings.HasPrefix(key, after) && after > prefix {
			continue
		}
		common := ""
		if head, _, ok := strings.Cut(key[len(prefix):], delimiter); ok && delimiter != "" {
			common = prefix + head + delimiter
		}
		if common != "" && common == last {
			continue
		}
		if b.KeyCount == most {
			b.IsTruncated, b.NextContinuationToken = most > 0, tokenPrefix+after
			return
		}
		b.KeyCount++
		if common != "" {
			last, after = common, common
			b.CommonPrefixes = append(b.CommonPrefixes, listedPrefix{encode(common)})
			continue
		}
		after = key
		o := s.newest(key)
		b.Contents = append(b.Contents, listedObject{encode(key), stamp(o.Modified), o.ETag, int64(len(o.Data)), "STANDARD"})
	}
}

type listedUpload struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated string
}

type uploadsBody struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	Bucket             string
	Prefix             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string
	NextUploadIDMarker string `xml:"NextUploadIdMarker"`
	MaxUploads         int
	EncodingType       string `xml:",omitempty"`
	IsTruncated        bool
	Uploads            []listedUpload `xml:"Upload"`
}

// listUploads lists them by key, and by their beginning where the keys are the same.
func (s *Server) listUploads(r *http.Request) (*answer, error) {
	q := r.URL.Query()
	most, err := s.entries(q, "max-uploads")
	if err != nil {
		return nil, err
	}
	encode, err := encoding(q)
	if err != nil {
		return nil, err
	}
	key, id := q.Get("key-marker"), q.Get("upload-id-marker")
	b := uploadsBody{Bucket: s.options.Bucket, Prefix: encode(q.Get("prefix")), KeyMarker: encode(key), UploadIDMarker: id, MaxUploads: most, EncodingType: q.Get("encoding-type")}
	open := slices.SortedFunc(maps.Values(s.uploads), func(a, b *upload) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
	})
	for _, u := range open {
		// Without an id the marker stands for all uploads to its key.
		if !strings.HasPrefix(u.key, q.Get("prefix")) || u.key < key || u.key == key && (id == "" || u.id <= id) {
			continue
		}
		if len(b.Uploads) == most {
			b.IsTruncated = most > 0
			break
		}
		b.Uploads = append(b.Uploads, listedUpload{encode(u.key), u.id, stamp(u.begun)})
		b.NextKeyMarker, b.NextUploadIDMarker = encode(u.key), u.id
	}
	return xmlAnswer(b), nil
}

type partsBody struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	ChecksumAlgorithm    string     `xml:",omitempty"`
	Parts                []partBody `xml:"Part"`
}

func (s *Server) listParts(r *http.Request, req Request) (*answer, error) {
	u, err := s.find(req)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	most, err := s.entries(q, "max-parts")
	if err != nil {
		return nil, err
	}
	marker, _ := strconv.Atoi(q.Get("part-number-marker")) // 0 if there is none
	b := partsBody{Bucket: s.options.Bucket, Key: u.key, UploadID: u.id, PartNumberMarker: marker, MaxParts: most, ChecksumAlgorithm: strings.ToUpper(u.algorithm)}
	for _, n := range slices.Sorted(maps.Keys(u.parts)) {
		if n <= marker {
			continue
		}
		if len(b.Parts) == most {
			b.IsTruncated = most > 0
			break
		}
		p := u.parts[n]
		listed := partBody{PartNumber: n, ETag: p.etag, Size: int64(len(p.data)), LastModified: stamp(p.modified)}
		for algorithm, to := range listed.sums() {
			*to = p.checksums[algorithm]
		}
		b.Parts, b.NextPartNumberMarker = append(b.Parts, listed), n
	}
	return xmlAnswer(b), nil
}
