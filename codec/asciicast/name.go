package asciicast

import (
	"strconv"
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// ParseName takes apart what [Name] returns; ok is false for any other name.
func ParseName(name string) (conn event.ConnID, channel uint64, ok bool) {
	base, ok := strings.CutSuffix(name, ".cast")
	if !ok {
		return "", 0, false
	}
	i := strings.LastIndexByte(base, '.')
	if i <= 0 {
		return "", 0, false
	}
	channel, err := strconv.ParseUint(base[i+1:], 10, 64)
	if err != nil || base[i+1:] != strconv.FormatUint(channel, 10) {
		return "", 0, false
	}
	return event.ConnID(base[:i]), channel, true
}
