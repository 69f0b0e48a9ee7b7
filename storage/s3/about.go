package s3

import (
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// shown is what of a log's facts its object tells. The names are ContainerSSH's.
func (c Config) shown(about storage.About) bucket.About {
	names := []string{"timestamp", "authenticated", "country"}
	if c.Username {
		names = append(names, "username")
	}
	if c.IP {
		names = append(names, "ip")
	}
	a := bucket.About{ContentType: about.ContentType, Metadata: map[string]string{}}
	if a.ContentType == "" {
		a.ContentType = "application/octet-stream"
	}
	for _, name := range names {
		if value := about.Metadata[name]; value != "" {
			a.Metadata[name] = value
		}
	}
	return a
}
