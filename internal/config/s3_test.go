package config

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProblemsOfS3(t *testing.T) {
	for s3, want := range map[string]string{
		"accessKey: a":                  "audit.s3.secretKey: is missing, and accessKey is there",
		"secretKey: hunter2":            "audit.s3.accessKey: is missing, and secretKey is there",
		"sessionToken: hunter2":         "audit.s3.sessionToken: is there without the keys",
		"endpoint: https://host/path":   "audit.s3.endpoint: is no URL of http or https",
		"endpoint: https://u:p@host":    "audit.s3.endpoint: is no URL of http or https",
		"prefix: /logs/":                "audit.s3.prefix: begins with /",
		"prefix: a//b":                  "audit.s3.prefix: has //",
		"prefix: a/../b":                "audit.s3.prefix: has //",
		`prefix: "a\nb"`:                "audit.s3.prefix: has bytes that are no text",
		"prefix: " + long(600):          "audit.s3.prefix: has 600 bytes, and may have 512",
		"cacert: /nowhere/ca.pem":       `audit.s3.cacert: read "/nowhere/ca.pem": no such file`,
		`cacert: "-----BEGIN x"`:        "audit.s3.cacert: holds no certificate",
		"sse: kms":                      `audit.s3.sse: "kms" is not known here; use none, AES256 or aws:kms`,
		"kmsKey: k":                     "audit.s3.kmsKey: is set, and sse is none; write sse: aws:kms",
		"checksum: sha256":              `audit.s3.checksum: "sha256" is not known here`,
		"flush: 10ms":                   "audit.s3.flush: 10ms is too little; write 1s or more, or 0 for never",
		"maxSpool: 0%":                  `audit.s3.maxSpool: "0%" is no share of a disk`,
		"maxSpool: 101%":                `audit.s3.maxSpool: "101%" is no share of a disk`,
		"maxSpool: 1MiB":                `audit.s3.maxSpool: "1MiB" is no share of a disk`,
		"timeout: 0":                    "audit.s3.timeout: 0 is too little",
		"objectLock: {days: 3}":         "audit.s3.objectLock.mode: is none, and there is a time",
		"objectLock: {mode: GOVERNANCE": "audit.s3.objectLock: has a mode and no time",
		"objectLock: {mode: COMPLIANCE, days: 3, until: 2031-01-01}":      "audit.s3.objectLock.until: is there beside days",
		"objectLock: {mode: COMPLIANCE, until: tomorrow}":                 `audit.s3.objectLock.until: "tomorrow" is no date`,
		"checksum: none, objectLock: {legalHold: true}":                   "audit.s3.checksum: is none: S3 takes no locked objects without a checksum",
		"checksum: none, objectLock: {mode: COMPLIANCE, days: 1}":         "audit.s3.checksum: is none: S3 takes no locked objects without a checksum",
		"objectLock: {mode: COMPLIANCE, days: 100000}":                    "audit.s3.objectLock.days: 100000 is too much",
		"accessKey: {file: /nowhere/k}, secretKey: {file: /nowhere/hun2}": `audit.s3.accessKey: read "/nowhere/k"`,
	} {
		if strings.Count(s3, "{") > strings.Count(s3, "}") {
			s3 += "}"
		}
		_, err := Parse("f", []byte("backend: local\n"+users+"audit: {s3: {"+s3+"}}\n"))
		if err == nil || !strings.Contains(err.Error(), "f:3: "+want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("s3: {%s}: %v, want %q", s3, err, want)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestKeysOfS3AreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	c := mustParse(t, "backend: local\n"+users+"audit: {s3: {accessKey: plain, secretKey: {file: "+file+"}, sessionToken: ''}}\n").Audit.S3
	want := func(secret string) {
		t.Helper()
		if a, s, token, err := c.Keys(); err != nil || a != "plain" || s != secret || token != "" {
			t.Errorf("Keys() = %q, %q, %q, %v, want plain and %q", a, s, token, err, secret)
		}
	}
	want("first")
	write("second")
	want("second")
	write("")
	if _, _, _, err := c.Keys(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("Keys() with an empty file = %v", err)
	}
	if got := shown(t, c); strings.Contains(got, "first") || strings.Contains(got, "second") {
		t.Errorf("the secret is shown:\n%s", got)
	}
}

func TestAuthoritiesAreTextOrAFile(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{file, string(text)} {
		if got, err := (&S3{CACert: value}).Authorities(); err != nil || string(got) != string(text) {
			t.Errorf("Authorities() of %q = %q, %v", value, got, err)
		}
	}
	if got, err := new(S3).Authorities(); got != nil || err != nil {
		t.Errorf("Authorities() of nothing = %q, %v", got, err)
	}
}

func TestSharesAndMoments(t *testing.T) {
	c := mustParse(t, "backend: local\n"+users+"audit: {s3: {maxSpool: 5GiB, objectLock: {mode: COMPLIANCE, until: 2031-02-03T04:05:06+01:00}}}\n").Audit.S3
	if c.MaxSpool != (Share{Bytes: 5 << 30}) || !c.ObjectLock.Until.Time().Equal(time.Date(2031, 2, 3, 3, 5, 6, 0, time.UTC)) {
		t.Errorf("maxSpool %v, until %v", c.MaxSpool, c.ObjectLock.Until)
	}
	if d := defaults().Audit.S3; d.MaxSpool != (Share{Percent: 80}) || !d.ObjectLock.Until.IsZero() {
		t.Errorf("by default maxSpool %v, until %v", d.MaxSpool, d.ObjectLock.Until)
	}
}

func TestTheSpoolHasItsOwnFolder(t *testing.T) {
	for local, want := range map[string]string{
		"/var/log/audit/":            "audit.s3.local: is the folder of the storage file, too",
		"/var/lib/sshtrail/journal":  "audit.s3.local: is the journal's folder, too",
		"/var/lib/sshtrail/journal2": "",
		"":                           "audit.s3.local: is required for s3",
	} {
		a := defaults().Audit
		a.Storage, a.S3.Bucket, a.S3.Local = List{"file", "s3"}, "logs", local
		s := newSource("f")
		a.validate(s)
		if got := s.problems.Error(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("local %q: %q, want %q", local, got, want)
		}
	}
}
