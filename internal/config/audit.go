package config

import "path/filepath"

// Audit says what is recorded. It is checked whether or not Enable is set.
type Audit struct {
	Enable    bool      `yaml:"enable" default:"true" doc:"Whether anything is recorded." differs:"ContainerSSH's default is false. Here a configuration file without an audit block records: a recorder that silently records nothing is a trap."`
	Format    List      `yaml:"format" default:"binary" enum:"none,binary,asciinema" doc:"Format of the logs, or a list of formats. binary is the format of record: all that happened, and provable. asciinema is what a terminal showed, one file ID.CHANNEL.cast for each session, to be played. With none nothing is recorded." differs:"ContainerSSH's default is none, and it takes one format only."`
	Storage   List      `yaml:"storage" default:"file" enum:"none,file,s3" doc:"Where logs are kept, or a list of places. With none nothing is recorded." differs:"ContainerSSH's default is none, and it takes one place only."`
	Asciinema Asciinema `yaml:"asciinema" doc:"Settings of the format asciinema."`
	Intercept Intercept `yaml:"intercept" doc:"What of the sessions is recorded, beyond who did what and when."`
	OnFailure string    `yaml:"onFailure" default:"stop" enum:"stop,continue" doc:"What happens to a session that can't be recorded any more: stop ends it; continue lets it go on, and the gap is recorded." differs:"Not in ContainerSSH, where the session hangs."`
	Sync      Duration  `yaml:"sync" default:"100ms" max:"1m" doc:"What a power cut may cost at most; 0 waits until each record is on the disk before it is delivered." differs:"Not in ContainerSSH, which never syncs."`
	Block     Size      `yaml:"block" default:"128KiB" min:"4KiB" max:"2MiB" doc:"How much is compressed together. Larger blocks compress better." differs:"Not in ContainerSSH."`
	Journal   string    `yaml:"journal" default:"/var/lib/sshtrail/journal" doc:"Folder for what is not in a log yet. Without this key it is journal in the folder that state names." differs:"Not in ContainerSSH."`
	Space     Space     `yaml:"space" doc:"How full the disks may become that journal and logs are on. The number of files that fit counts too: below 1,000 there is a warning, below 100 no new session, or below a tenth and a twentieth of all."`
	File      File      `yaml:"file" doc:"Settings of the storage file."`
	S3        S3        `yaml:"s3" doc:"Settings of the storage s3."`
}

// Space says how full disks may become.
type Space struct {
	Warn    Size `yaml:"warn" default:"1GiB" min:"0" max:"1024GiB" doc:"With less free there is a warning, and metrics show it. It counts as a tenth of the disk at most; 0 is never." differs:"Not in ContainerSSH."`
	Refuse  Size `yaml:"refuse" default:"128MiB" min:"0" max:"1024GiB" doc:"With less free nobody new is let in, unless onFailure is continue. It counts as a twentieth of the disk at most; 0 is never." differs:"Not in ContainerSSH."`
	Reserve Size `yaml:"reserve" default:"4MiB" min:"0" max:"1GiB" doc:"Kept on each disk, in a file named .reserve, so that open logs can be given their ends when it is full. It counts as a quarter of the disk at most." differs:"Not in ContainerSSH."`
}

// Asciinema is the format of the asciinema player.
type Asciinema struct {
	Version int `yaml:"version" default:"2" min:"2" max:"3" doc:"Version of the format: 2, which every player knows, or 3, which also tells the exit status." differs:"Not in ContainerSSH, which writes version 2."`
}

// Intercept says which bytes are recorded.
type Intercept struct {
	Stdin      bool `yaml:"stdin" default:"false" doc:"What clients send to programs: keystrokes, passwords typed into programs too."`
	Stdout     bool `yaml:"stdout" default:"true" doc:"What programs print." differs:"ContainerSSH's default is false."`
	Stderr     bool `yaml:"stderr" default:"true" doc:"What programs print as errors." differs:"ContainerSSH's default is false, and there it follows stdout whatever is set."`
	Passwords  bool `yaml:"passwords" default:"false" doc:"Passwords and keyboard-interactive answers of attempts to log in." differs:"ContainerSSH never reads it: it always records them."`
	Forwarding bool `yaml:"forwarding" default:"false" doc:"The bytes of forwarded connections, both ways."`
}

// File is the storage in a local folder.
type File struct {
	Directory string `yaml:"directory" default:"/var/log/audit" doc:"Folder for the logs. If it is missing it is made, with mode 0700; the folder above it must be there."`
}

func (a *Audit) validate(s *source) {
	a.validateChoice(s, "audit.format", a.Format)
	a.validateChoice(s, "audit.storage", a.Storage)
	if a.Journal == "" {
		s.problem("audit.journal", "name a folder, or take the key away for the one in the state folder", "is empty")
	}
	if a.Space.Warn < a.Space.Refuse {
		s.problem("audit.space.warn", "make it larger than refuse, so that the warning comes first", "is less than refuse, %s", a.Space.Refuse)
	}
	if a.Storage.Has("file") && a.File.Directory == "" {
		s.problem("audit.file.directory", "name a folder", "is empty")
	}
	a.S3.validate(s, a.Storage.Has("s3"))
	if a.Storage.Has("s3") && a.S3.Local != "" {
		a.validateApart(s)
	}
}

// validateApart wants a folder for what is not uploaded yet that has nothing else.
func (a *Audit) validateApart(s *source) {
	const remedy = "give it a folder of its own"
	switch local := filepath.Clean(a.S3.Local); {
	case a.Storage.Has("file") && local == filepath.Clean(a.File.Directory):
		s.problem("audit.s3.local", remedy, "is the folder of the storage file, too")
	case local == filepath.Clean(a.Journal):
		s.problem("audit.s3.local", remedy, "is the journal's folder, too")
	}
}

// validateChoice checks a list of formats or stores against each other.
func (a *Audit) validateChoice(s *source, path string, chosen List) {
	switch {
	case len(chosen) == 0:
		s.problem(path, "name at least one, or write audit.enable: false", "is an empty list")
	case chosen.Has("none") && len(chosen) > 1:
		s.problem(path, "take none away, or all the others", "has none beside others")
	}
	seen := map[string]bool{}
	for _, one := range chosen {
		if seen[one] && one != "" {
			s.problem(path, "name it once", "has %q twice", one)
		}
		seen[one] = true
	}
}
