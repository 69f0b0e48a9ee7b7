package s3test

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Needed lists what a gateway must be able to do in its bucket, as bucket policies call it.
// It covers six requests: s3:PutObject is what PutObject, CreateMultipartUpload, UploadPart and
// CompleteMultipartUpload take (Amazon S3 User Guide, "Multipart upload API and permissions").
func Needed() []string {
	return []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"}
}

// createAccount makes an account that may do nothing yet.
func (s *Server) createAccount(t testing.TB, a Account) {
	t.Helper()
	s.admin(t, "create-user", "--access", a.AccessKey, "--secret", a.SecretKey, "--role", "user")
}

// ChangeSecret gives an account another secret, as an operator does with keys that have leaked.
func (s *Server) ChangeSecret(t testing.TB, a *Account, secret string) {
	t.Helper()
	s.admin(t, "update-user", "--access", a.AccessKey, "--secret", secret)
	a.SecretKey = secret
}

func (s *Server) admin(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command(s.program, append([]string{"admin", "--allow-insecure", "--endpoint-url", s.URL, "--region", s.Region,
		"--access", s.Root.AccessKey, "--secret", s.Root.SecretKey}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("versitygw admin %s: %v\n%s", args[0], err, out)
	}
}

// statement is one rule of a bucket policy.
type statement struct {
	Effect, Principal string
	Action            []string
	Resource          string
}

// Permit has the account Limited be able to do in Bucket what actions name, as s3:PutObject,
// and nothing else.
func (s *Server) Permit(t testing.TB, actions ...string) {
	t.Helper()
	bucket := "arn:aws:s3:::" + s.Bucket
	onBucket := statement{Effect: "Allow", Principal: s.Limited.AccessKey, Resource: bucket}
	onObjects := statement{Effect: "Allow", Principal: s.Limited.AccessKey, Resource: bucket + "/*"}
	for _, a := range actions {
		if strings.HasPrefix(a, "s3:ListBucket") {
			onBucket.Action = append(onBucket.Action, a)
		} else {
			onObjects.Action = append(onObjects.Action, a)
		}
	}
	var statements []statement
	for _, one := range []statement{onBucket, onObjects} {
		if len(one.Action) > 0 {
			statements = append(statements, one)
		}
	}
	text := ""
	if len(statements) > 0 {
		b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	if err := s.Client(t, s.Root).SetBucketPolicy(t.Context(), s.Bucket, text); err != nil {
		t.Fatalf("set the policy of bucket %s: %v", s.Bucket, err)
	}
}

// Client is a client with an account's rights. It tries each request once.
func (s *Server) Client(t testing.TB, a Account) *minio.Core {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := minio.NewCore(s.addr, &minio.Options{
		Creds: credentials.NewStaticV4(a.AccessKey, a.SecretKey, ""), Secure: true, Transport: transport, Region: s.Region,
		BucketLookup: minio.BucketLookupPath, TrailingHeaders: true, MaxRetries: 1,
	})
	if err != nil {
		t.Fatalf("make a client of %s: %v", s.URL, err)
	}
	return c
}
