package hostile

import (
	"net/http"
)

// body is what a request brings.
type body struct {
	data      []byte
	checksums map[string]string // by algorithm: those that the client has told, all true
}

// do checks a request, reads it and does what it asks for. corrupts has the bytes be others.
func (s *Server) do(r *http.Request, req Request, found, corrupts bool) (*answer, error) {
	if f := checkSignature(r); f != nil {
		return nil, f
	}
	if !found {
		return nil, fail(http.StatusNotFound, "NoSuchBucket", "there is no such bucket")
	}
	if !s.permits(req.Op) {
		return nil, fail(http.StatusForbidden, "AccessDenied", "the account may not do that")
	}
	b, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if corrupts && len(b.data) > 0 {
		b.data[len(b.data)/2] ^= 1
		for algorithm := range b.checksums {
			b.checksums[algorithm] = checksum(algorithm, b.data)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch req.Op {
	case PutObject:
		return s.putObject(r, req, b)
	case CreateUpload:
		return s.createUpload(r, req)
	case UploadPart:
		return s.uploadPart(req, b)
	case CompleteUpload:
		return s.completeUpload(r, req, b)
	case AbortUpload:
		return s.abortUpload(req)
	case ListUploads:
		return s.listUploads(r)
	case ListParts:
		return s.listParts(r, req)
	case ListObjects:
		return s.listObjects(r)
	case HeadObject, GetObject:
		return s.getObject(r, req)
	case DeleteObject:
		delete(s.objects, req.Key)
		s.sorted = nil
		return empty(http.StatusNoContent), nil
	case HeadBucket:
		return empty(http.StatusOK), nil
	case GetBucketLocation:
		return xmlAnswer(locationBody{}), nil
	}
	return nil, fail(http.StatusNotImplemented, "NotImplemented", "the server does not know this request")
}

func (s *Server) permits(op Op) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.permitted == nil || s.permitted[op]
}
