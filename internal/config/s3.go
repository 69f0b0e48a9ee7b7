package config

import (
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// S3 is the storage in a bucket. The keys that are required are so only where it is used.
type S3 struct {
	Local           string     `yaml:"local" default:"/var/lib/audit" doc:"Folder for what is not uploaded yet. It must exist, be this gateway's alone and have room for all live sessions."`
	AccessKey       Secret     `yaml:"accessKey" default:"" doc:"Access key. Without it and secretKey the usual places are searched: the environment, AWS's shared files, the role of the pod, container or machine. Keys in files, also {file: PATH}, can be replaced while the gateway runs." differs:"ContainerSSH requires it."`
	SecretKey       Secret     `yaml:"secretKey" default:"" doc:"Secret key, which belongs to accessKey." differs:"ContainerSSH requires it."`
	SessionToken    Secret     `yaml:"sessionToken" default:"" doc:"Session token of temporary keys." differs:"Not in ContainerSSH."`
	Bucket          string     `yaml:"bucket" default:"" doc:"Bucket. Required for s3."`
	Prefix          string     `yaml:"prefix" default:"" doc:"Comes before the name of each object, as logs/gateway-1/. Gateways that share a bucket and a prefix see each other's logs." differs:"Not in ContainerSSH."`
	Region          string     `yaml:"region" default:"" doc:"Region. Without it us-east-1, which stores other than Amazon's take too."`
	Endpoint        string     `yaml:"endpoint" default:"" doc:"URL of the service, where it is not Amazon's."`
	CACert          string     `yaml:"cacert" default:"" doc:"Certificates to trust beside the system's: PEM text, or a file that holds it." differs:"In ContainerSSH it is PEM text only, and with it proxies of the environment are not used."`
	ACL             string     `yaml:"acl" default:"" doc:"Canned ACL for the objects."`
	PathStyleAccess bool       `yaml:"pathStyleAccess" default:"false" doc:"Put the bucket into the path instead of the host name. MinIO and most stores of one's own need it."`
	UploadPartSize  Size       `yaml:"uploadPartSize" default:"5MiB" min:"5MiB" max:"5GiB" doc:"Size of the first parts of an upload; after 900 parts, and each 900 more, it doubles, so that the longest log fits." differs:"ContainerSSH takes a number of bytes only, cuts what is above 5 GiB silently, and reads 0 as the default."`
	ParallelUploads int        `yaml:"parallelUploads" default:"20" min:"1" max:"1000" doc:"Uploads at once, in the whole gateway."`
	Metadata        S3Metadata `yaml:"metadata" doc:"What the objects' metadata tells."`
	StorageClass    string     `yaml:"storageClass" default:"" doc:"Storage class of the objects, as STANDARD_IA. Logs in classes that must be restored first can't be listed with their facts or played." differs:"Not in ContainerSSH."`
	SSE             string     `yaml:"sse" default:"none" enum:"none,AES256,aws:kms" doc:"Encryption that the store is asked for: AES256 with keys of the store, aws:kms with a key of its key service; none leaves it to the bucket." differs:"Not in ContainerSSH."`
	KMSKey          string     `yaml:"kmsKey" default:"" doc:"Id or ARN of the key for aws:kms. Without it the service's own." differs:"Not in ContainerSSH."`
	ObjectLock      ObjectLock `yaml:"objectLock" doc:"Keep objects from being removed or replaced, by anybody (S3 Object Lock). The bucket must have it enabled."`
	Checksum        string     `yaml:"checksum" default:"crc64nvme" enum:"crc64nvme,md5,none" doc:"What parts and objects are checked with by the store: md5 for stores that refuse the newer one, none for those that refuse both." differs:"Not in ContainerSSH."`
	Flush           Duration   `yaml:"flush" default:"0" max:"1h" doc:"How often the end of a log that is no full part yet is put beside it, as NAME.tail, so that the loss of this machine costs no more than that. Each is a request that is paid for; 0 is never, else at least 1s." differs:"Not in ContainerSSH, where the loss of the machine loses the session."`
	MaxSpool        Share      `yaml:"maxSpool" default:"80%" doc:"How much may be in local. Above half of it what is uploaded of open logs is freed; above all of it recording fails as on a full disk, see onFailure." differs:"Not in ContainerSSH."`
	Timeout         Duration   `yaml:"timeout" default:"60s" min:"1s" max:"10m" doc:"How long a request may go without any progress." differs:"Not in ContainerSSH, which waits for ever."`
	ShutdownGrace   Duration   `yaml:"shutdownGrace" default:"10s" max:"24h" doc:"How long uploads may go on when the gateway stops, after its sessions have ended. What is left goes on at the next start." differs:"Not in ContainerSSH, which waits for ever."`
}

// S3Metadata says what an object's metadata tells to whoever may list the bucket.
type S3Metadata struct {
	Username bool `yaml:"username" default:"false" doc:"The user's name."`
	IP       bool `yaml:"ip" default:"false" doc:"The address that the user came from."`
}

// ObjectLock keeps objects as they are.
type ObjectLock struct {
	Mode      string `yaml:"mode" default:"none" enum:"none,GOVERNANCE,COMPLIANCE" doc:"With GOVERNANCE those can remove an object before its time who have a special permission, with COMPLIANCE nobody." differs:"Not in ContainerSSH."`
	Days      int    `yaml:"days" default:"0" min:"0" max:"36500" doc:"For how many days, counted from when the upload of a log begins." differs:"Not in ContainerSSH."`
	Until     Moment `yaml:"until" default:"" doc:"Until when, instead of days: a date, or a date and time as 2030-01-31T12:00:00Z." differs:"Not in ContainerSSH."`
	LegalHold bool   `yaml:"legalHold" default:"false" doc:"Until somebody ends the hold, whatever the time." differs:"Not in ContainerSSH."`
}

// maxPrefix leaves the rest of the 1,024 bytes that a key may have to a log's name.
const maxPrefix = 512

func (c *S3) validate(s *source, used bool) {
	if used {
		for _, r := range []struct {
			path string
			set  bool
		}{{"audit.s3.bucket", c.Bucket != ""}, {"audit.s3.local", c.Local != ""}} {
			if !r.set {
				s.problem(r.path, "write it below audit.s3", "is required for s3")
			}
		}
	}
	c.validateKeys(s)
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
		s.problem("audit.s3.endpoint", "write https://host", "is no URL of http or https")
	}
	if c.CACert != "" {
		if _, err := c.Authorities(); err != nil {
			s.bad("audit.s3.cacert", err)
		}
	}
	if c.Flush != 0 && c.Flush.Duration() < time.Second {
		s.problem("audit.s3.flush", "write 1s or more, or 0 for never", "%s is too little", c.Flush)
	}
	c.validatePrefix(s)
	if c.KMSKey != "" && c.SSE != "aws:kms" {
		s.problem("audit.s3.kmsKey", "write sse: aws:kms, or take the key away", "is set, and sse is %s", c.SSE)
	}
	c.ObjectLock.validate(s, c.Checksum)
}

func (c *S3) validateKeys(s *source) {
	switch {
	case c.AccessKey.IsSet() && !c.SecretKey.IsSet():
		s.problem("audit.s3.secretKey", "write it below audit.s3, or take accessKey away too", "is missing, and accessKey is there")
	case !c.AccessKey.IsSet() && c.SecretKey.IsSet():
		s.problem("audit.s3.accessKey", "write it below audit.s3, or take secretKey away too", "is missing, and secretKey is there")
	case !c.AccessKey.IsSet() && c.SessionToken.IsSet():
		s.problem("audit.s3.sessionToken", "write accessKey and secretKey too, or take it away", "is there without the keys that it belongs to")
	}
}

func (c *S3) validatePrefix(s *source) {
	switch {
	case strings.HasPrefix(c.Prefix, "/"):
		s.problem("audit.s3.prefix", "take it away, as in logs/", "begins with /")
	case len(c.Prefix) > maxPrefix:
		s.problem("audit.s3.prefix", "write a shorter one", "has %d bytes, and may have %d", len(c.Prefix), maxPrefix)
	case !utf8.ValidString(c.Prefix) || strings.ContainsFunc(c.Prefix, unicode.IsControl):
		s.problem("audit.s3.prefix", "use letters, digits, - _ . and /", "has bytes that are no text")
	case strings.Contains(c.Prefix, "//") || strings.Contains("/"+c.Prefix, "/../") || strings.Contains("/"+c.Prefix, "/./"):
		s.problem("audit.s3.prefix", "write it as logs/gateway/", "has // or . or .. as a folder, which not every store keeps")
	}
}

// Authorities returns the certificates to trust beside the system's, as PEM text.
func (c *S3) Authorities() ([]byte, error) {
	if c.CACert == "" {
		return nil, nil
	}
	text := []byte(c.CACert)
	if !strings.Contains(c.CACert, "-----BEGIN ") && !strings.ContainsAny(c.CACert, "\r\n") {
		data, _, err := readFile(c.CACert)
		if err != nil {
			return nil, hideName(c.CACert, "write the PEM text of the certificates, or the path of a file, from / on", err)
		}
		text = data
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return nil, faultf("write the PEM text of the certificates, or the name of a file that holds it", "holds no certificate")
	}
	return text, nil
}

// Keys returns the keys as they are now: those that are in files are read again.
func (c *S3) Keys() (access, secret, token string, err error) {
	access, err1 := c.AccessKey.Current()
	secret, err2 := c.SecretKey.Current()
	token, err3 := c.SessionToken.Current()
	return access, secret, token, errors.Join(err1, err2, err3)
}

func (l *ObjectLock) validate(s *source, checksum string) {
	timed := l.Days != 0 || !l.Until.IsZero()
	switch {
	case l.Mode == "none" && timed:
		s.problem("audit.s3.objectLock.mode", "write GOVERNANCE or COMPLIANCE", "is none, and there is a time")
	case l.Mode != "none" && !timed:
		s.problem("audit.s3.objectLock", "write days or until", "has a mode and no time")
	case l.Days != 0 && !l.Until.IsZero():
		s.problem("audit.s3.objectLock.until", "keep one of them", "is there beside days")
	}
	if (l.Mode != "none" || l.LegalHold) && checksum == "none" {
		s.problem("audit.s3.checksum", "write crc64nvme or md5", "is none: S3 takes no locked objects without a checksum")
	}
}
