package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Class says what can help against an error.
type Class string

// The classes.
const (
	Retry    Class = "retry"    // it may go away by itself
	Operator Class = "operator" // somebody must do something; then it goes away
	Final    Class = "final"    // this request can never succeed
)

// What a caller can act on, beside the class.
var (
	ErrNotExist     = errors.New("no such object")
	ErrNoUpload     = errors.New("no such upload")
	ErrExist        = errors.New("an object of that key exists")
	ErrDenied       = errors.New("not allowed")
	ErrParts        = errors.New("the store does not have these parts")
	ErrCorrupt      = errors.New("the store has other bytes than were sent")
	ErrRange        = errors.New("no such range")
	ErrChanged      = errors.New("the object is another one by now")
	ErrArchived     = errors.New("the object is archived: have the store restore it first")
	ErrUnknown      = errors.New("the store does not know this request")
	errStalled      = errors.New("no progress")
	errNoKeys       = errors.New("no access key found: set accessKey and secretKey, or the environment, or the shared files of AWS")
	errNoETag       = errors.New("answer without an ETag")
	errNoUploadID   = errors.New("answer without an upload id")
	errEndlessPages = errors.New("the store's pages do not end")
)

// Error is a request that failed.
type Error struct {
	Op     string // as "put object"
	Key    string // without the prefix
	Status int    // of HTTP, 0 if there was no answer
	Code   string // S3's, "" if there is none
	class  Class
	err    error // what errors.Is looks at
	text   string
}

// Error tells what was asked and what came of it. What the store said is quoted.
func (e *Error) Error() string { return fmt.Sprintf("%s %q: %s", e.Op, e.Key, e.text) }

// Unwrap returns the cause, or one of the errors of this package.
func (e *Error) Unwrap() error { return e.err }

// ClassOf returns the class of an error of this package. One of elsewhere may go away by itself.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.class
	}
	return Retry
}

// fail makes an Error of what the client library returned.
func (b *Bucket) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Key: key, class: Retry, err: err, text: err.Error()}
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok {
		e.class = localClass(err)
		return e
	}
	e.Status, e.Code = answer.StatusCode, answer.Code
	e.class, e.err = judge(answer)
	e.text = fmt.Sprintf("the store answers %d %s", answer.StatusCode, describe(answer))
	if e.err != nil {
		e.text = e.err.Error() + ": " + e.text
	}
	if answer.Code == "ExpiredToken" || answer.Code == "InvalidAccessKeyId" {
		b.creds.Expire()
	}
	return e
}

// describe quotes what the store says: it may be any bytes.
func describe(a minio.ErrorResponse) string {
	text := fmt.Sprintf("%q", a.Code)
	if a.Message != "" {
		text += fmt.Sprintf(" (%q)", a.Message)
	}
	if a.Region != "" && (a.StatusCode == http.StatusMovedPermanently || a.Code == "AuthorizationHeaderMalformed" || a.Code == "InvalidRegion") {
		text += fmt.Sprintf("; the bucket's region is %q: set region", a.Region)
	}
	return text
}

// localClass judges an error that is no answer of the store.
func localClass(err error) Class {
	var (
		keys     *keyError
		spool    *readError
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		isHeader tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Retry
	case errors.As(err, &keys), errors.As(err, &spool), errors.As(err, &unknown), errors.As(err, &host),
		errors.As(err, &invalid), errors.As(err, &verify), errors.As(err, &isHeader):
		return Operator
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"): // net/http has no type for it
		return Operator
	}
	return Retry
}

// judge knows the codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// whose status does not say enough, and then goes by the status.
func judge(a minio.ErrorResponse) (Class, error) {
	switch a.Code {
	case "NoSuchUpload":
		return Retry, ErrNoUpload
	case "NoSuchKey", "NotFound":
		return Operator, ErrNotExist
	case "PreconditionFailed":
		return Final, ErrExist
	case "InvalidPart", "InvalidPartOrder":
		return Retry, ErrParts
	case "InvalidRange":
		return Final, ErrRange
	case "InvalidObjectState":
		return Operator, ErrArchived
	case "NotImplemented":
		return Operator, ErrUnknown
	case "AccessDenied", "AllAccessDisabled", "AccountProblem":
		return Operator, ErrDenied
	}
	if class, ok := codes()[a.Code]; ok {
		return class, nil
	}
	return byStatus(a.StatusCode)
}

// codes are those whose status would be judged otherwise.
func codes() map[string]Class {
	return map[string]Class{
		"BadDigest":                   Retry, // bytes were changed on their way
		"Busy":                        Retry,
		"ConditionalRequestConflict":  Retry,
		"IncompleteBody":              Retry,
		"InternalError":               Retry,
		"OperationAborted":            Retry,
		"RequestLimitExceeded":        Retry,
		"RequestTimeTooSkewed":        Retry,
		"RequestTimeout":              Retry,
		"ServiceUnavailable":          Retry,
		"SlowDown":                    Retry,
		"SlowDownRead":                Retry,
		"SlowDownWrite":               Retry,
		"TemporaryRedirect":           Retry,
		"Throttling":                  Retry,
		"ThrottlingException":         Retry,
		"XAmzContentChecksumMismatch": Retry,
		"XAmzContentSHA256Mismatch":   Retry,

		"ExpiredToken":                   Operator,
		"InsufficientStorage":            Operator,
		"NoSuchBucket":                   Operator,
		"PermanentRedirect":              Operator,
		"QuotaExceeded":                  Operator,
		"XMinioAdminBucketQuotaExceeded": Operator,
		"XMinioStorageFull":              Operator,

		"EntityTooLarge":   Final,
		"EntityTooSmall":   Final,
		"KeyTooLongError":  Final,
		"MetadataTooLarge": Final,
	}
}

func byStatus(status int) (Class, error) {
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return Operator, ErrDenied
	case http.StatusNotFound:
		return Operator, ErrNotExist // also of a proxy that knows no store: nothing is final about it
	case http.StatusPreconditionFailed:
		return Final, ErrExist
	case http.StatusRequestedRangeNotSatisfiable:
		return Final, ErrRange
	case http.StatusNotImplemented:
		return Operator, ErrUnknown
	case http.StatusInsufficientStorage, http.StatusHTTPVersionNotSupported:
		return Operator, nil
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests, http.StatusTemporaryRedirect, 425, 499:
		return Retry, nil
	}
	if status >= 300 && status < 500 {
		return Operator, nil
	}
	return Retry, nil
}
