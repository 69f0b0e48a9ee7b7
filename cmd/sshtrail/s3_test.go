package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sshtrail/sshtrail/internal/s3test"
)

// TestS3Scripts runs testdata/s3: sessions with a real S3 server, where each script has a prefix of its own. They have
// the commands of TestScripts, and s3put and s3part, which leaves an upload open. The environment names the server, as for Amazon's clients, with all rights;
// $LIMITED_KEY and $LIMITED_SECRET may do only what a gateway needs.
func TestS3Scripts(t *testing.T) {
	s := s3test.Start(t)
	client := s.Client(t, s.Root)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "s3"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			ca := filepath.Join(e.WorkDir, "ca.pem")
			for name, value := range map[string]string{
				"XDG_STATE_HOME": filepath.Join(e.WorkDir, "state"), "HOME": e.WorkDir,
				"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": s.Region, "AWS_CA_BUNDLE": ca,
				"AWS_ACCESS_KEY_ID": s.Root.AccessKey, "AWS_SECRET_ACCESS_KEY": s.Root.SecretKey,
				"LIMITED_KEY": s.Limited.AccessKey, "LIMITED_SECRET": s.Limited.SecretKey,
				"PREFIX": filepath.Base(e.WorkDir),
				"BUCKET": s.Bucket,
				"URL":    "s3://" + s.Bucket + "/" + filepath.Base(e.WorkDir),
			} {
				e.Setenv(name, value)
			}
			return os.WriteFile(ca, []byte(s.CA), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": scriptStatus,
			"mklog":  scriptMakeLog,
			"cut":    scriptCut,
			"flip":   scriptFlip,
			"expand": scriptExpand,
			"s3part": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: s3part FILE KEY")
				}
				data, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				id, err := client.NewMultipartUpload(t.Context(), s.Bucket, args[1], minio.PutObjectOptions{})
				ts.Check(err)
				_, err = client.PutObjectPart(t.Context(), s.Bucket, args[1], id, 1, bytes.NewReader(data), int64(len(data)), minio.PutObjectPartOptions{})
				ts.Check(err)
			},
			"s3put": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 2 {
					ts.Fatalf("usage: s3put FILE KEY")
				}
				data, err := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(err)
				_, err = client.PutObject(t.Context(), s.Bucket, args[1], bytes.NewReader(data), int64(len(data)), "", "", minio.PutObjectOptions{})
				ts.Check(err)
			},
		},
	})
}

// expand FILE… puts the values of variables into files.
func scriptExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE…")
	}
	for _, name := range args {
		path := ts.MkAbs(name)
		data, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.WriteFile(path, []byte(os.Expand(string(data), ts.Getenv)), 0o600))
	}
}

func TestTheEnvironmentNamesABucket(t *testing.T) {
	env := map[string]string{"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "https://all", "AWS_CA_BUNDLE": "/ca"}
	getenv := func(name string) string { return env[name] }
	if c := environmentS3("b", getenv); c.Bucket != "b" || c.Endpoint != "https://all" || !c.PathStyleAccess || c.Region != "eu-west-1" || c.CACert != "/ca" || c.Local != "" {
		t.Errorf("%+v", c)
	}
	env["AWS_ENDPOINT_URL_S3"], env["AWS_REGION"] = "https://s3", "eu-west-2"
	if c := environmentS3("b", getenv); c.Endpoint != "https://s3" || c.Region != "eu-west-2" {
		t.Errorf("%+v", c)
	}
	if c := environmentS3("b", func(string) string { return "" }); c.PathStyleAccess || c.Endpoint != "" {
		t.Errorf("without an endpoint: %+v", c)
	}
}

func TestABucketMustBeNamed(t *testing.T) {
	for arg, want := range map[string]s3Place{"s3://b": {"b", ""}, "s3://b/": {"b", ""}, "s3://b/a/b%20c": {"b", "a/b%20c"}} {
		if got, err := parseS3(arg); err != nil || got != want {
			t.Errorf("parseS3(%q) = %v, %v, want %v", arg, got, err, want)
		}
	}
	for _, arg := range []string{"s3://", "s3:///key"} {
		if _, err := parseS3(arg); err == nil || !strings.Contains(err.Error(), "names no bucket") {
			t.Errorf("parseS3(%q) = %v", arg, err)
		}
	}
}
