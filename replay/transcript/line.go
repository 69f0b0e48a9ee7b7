package transcript

import (
	"fmt"
	"strconv"
	"time"

	"github.com/sshtrail/sshtrail/replay"
)

// timeWidth is how many columns a time takes, below a hundred hours.
const timeWidth = 10

// appendStart appends what is before a line's text.
func appendStart(to []byte, at time.Duration, sign byte) []byte {
	return append(fmt.Appendf(to, "%*s ", timeWidth, Time(at)), sign, ' ')
}

func appendLine(to []byte, at time.Duration, sign byte, text string) []byte {
	to = append(appendStart(to, at, sign), text...)
	if text == "" {
		to = to[:len(to)-1]
	}
	return append(to, '\n')
}

// Time is a time since the channel's start as a transcript has it: rounded down to a tenth of a
// second, and in the form that time.ParseDuration takes.
func Time(at time.Duration) string {
	tenths := int64(at / (100 * time.Millisecond))
	seconds := fmt.Sprintf("%d.%ds", tenths/10%60, tenths%10)
	minutes := tenths / 600
	if minutes == 0 {
		return seconds
	}
	if len(seconds) < len("00.0s") {
		seconds = "0" + seconds
	}
	if minutes < 60 {
		return fmt.Sprintf("%dm%s", minutes, seconds)
	}
	return fmt.Sprintf("%dh%02dm%s", minutes/60, minutes%60, seconds)
}

// noteOf returns what is to be said of a frame, "" if that is nothing. Texts in it are
// the peer's, and quoted.
func noteOf(f *replay.Frame) string {
	switch f.Kind {
	case replay.Terminal:
		return fmt.Sprintf("terminal %d×%d", f.Columns, f.Rows)
	case replay.Resize:
		return fmt.Sprintf("resized to %d×%d", f.Columns, f.Rows)
	case replay.Begin:
		if f.Text == "" {
			return "shell"
		}
		return "program " + strconv.Quote(f.Text)
	case replay.Exit:
		if _, err := strconv.ParseUint(f.Text, 10, 32); err == nil {
			return "exit status " + f.Text
		}
		return "ended by signal " + strconv.Quote(f.Text)
	case replay.Gap:
		return "something is missing here: " + strconv.Quote(f.Text)
	}
	return ""
}
