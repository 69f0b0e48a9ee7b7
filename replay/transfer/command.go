package transfer

import (
	"path"
	"strings"
)

// command is a program that carries files.
type command struct {
	sftp   bool
	upload bool
	path   string
}

// parseCommand understands the command lines that clients send: scp -t PATH for what is sent to the
// server, scp -f PATH for what is fetched from there, with other flags before the path; and sftp-server.
// What a shell would do besides is beyond it.
func parseCommand(line string) (command, bool) {
	const most = 64 << 10 // of a command line that anybody would send
	if len(line) > most {
		return command{}, false
	}
	words := split(line)
	if len(words) == 0 {
		return command{}, false
	}
	switch path.Base(words[0]) {
	case "sftp-server", "internal-sftp":
		return command{sftp: true}, true
	case "scp":
	default:
		return command{}, false
	}
	var c command
	var paths []string
	to, from, flags := false, false, true
	for _, w := range words[1:] {
		switch {
		case flags && w == "--":
			flags = false
		case flags && len(w) > 1 && w[0] == '-':
			to, from = to || strings.Contains(w, "t"), from || strings.Contains(w, "f")
		default:
			paths = append(paths, w)
		}
	}
	if to == from {
		return command{}, false
	}
	c.upload, c.path = to, strings.Join(paths, " ")
	return c, true
}

// split splits a command line into words, as a shell does with quotes and backslashes.
func split(line string) []string {
	var words []string
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
			continue
		case quote != '\'' && c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		default:
			word.WriteByte(c)
		}
		in = true
	}
	if in {
		words = append(words, word.String())
	}
	return words
}
