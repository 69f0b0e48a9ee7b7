package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/replay"
	vt "github.com/sshtrail/sshtrail/replay/screen"
)

// The smallest terminal on which anything can be made out.
const (
	stageColumns = 20
	stageRows    = 3
)

// playStage is what the viewer sees: a part of the recorded screen, and below it the line that
// says where that is. It is a screen too, so nothing else gets to the viewer's terminal.
type playStage struct {
	log           *replay.Log
	ch            *replay.Channel
	columns, rows int
	left, top     int        // the part of the recorded screen
	shown         *vt.Screen // nil: nothing is known of what the terminal shows
}

func newPlayStage(log *replay.Log, ch *replay.Channel) *playStage {
	return &playStage{log: log, ch: ch}
}

// resize is told the size of the viewer's terminal. All is drawn anew.
func (s *playStage) resize(columns, rows int) {
	s.columns, s.rows, s.shown = columns, rows, nil
}

// draw draws what has changed.
func (s *playStage) draw(w io.Writer, b *playback) error {
	next := s.compose(b)
	var out bytes.Buffer
	var err error
	if s.shown == nil {
		err = next.WriteANSI(&out)
	} else {
		err = vt.WriteDiff(&out, s.shown, next)
	}
	if err != nil || out.Len() == 0 {
		return err
	}
	s.shown = next
	_, err = w.Write(out.Bytes())
	return err
}

// compose makes the picture.
func (s *playStage) compose(b *playback) *vt.Screen {
	recorded := b.player.Screen()
	if s.columns < stageColumns || s.rows < stageRows {
		small := vt.New(s.columns, s.rows)
		fmt.Fprintf(small, "\x1b[?25l%s", clip(fmt.Sprintf("too small: %d×%d needed", stageColumns, stageRows), s.columns))
		return small
	}
	columns, rows := recorded.Size()
	c := recorded.Cursor()
	s.left = scrolled(s.left, c.Column, s.columns, columns)
	s.top = scrolled(s.top, c.Row, s.rows-1, rows)
	stage := recorded.Part(s.left, s.top, s.columns, s.rows-1)
	stage = stage.Part(0, 0, s.columns, s.rows)
	fmt.Fprintf(stage, "\x1b7\x1b[?7l\x1b[%d;1H\x1b[0;7m%s\x1b8", s.rows, s.line(b, columns, rows))
	return stage
}

// scrolled returns where a part begins so that the cursor is in it, moved as little as can be.
func scrolled(begin, cursor, size, whole int) int {
	begin = max(min(begin, cursor), cursor-size+1)
	return max(0, min(begin, whole-size))
}

// line is the last line, as wide as the terminal. What comes from the log is quoted.
func (s *playStage) line(b *playback, columns, rows int) string {
	parts := []string{b.sign() + " " + clock(b.position()) + " / " + clock(max(s.ch.Length(), b.player.At())), times(b.pace.Speed)}
	if what := b.doing(); what != "" {
		parts = append(parts, what)
	}
	parts = append(parts, s.who(), s.what())
	if columns > s.columns || rows > s.rows-1 {
		parts = append(parts, fmt.Sprintf("%d×%d of %d×%d", min(columns, s.columns), min(rows, s.rows-1), columns, rows))
	}
	text := clip(" "+strings.Join(parts, "  ")+"  q quits", s.columns)
	return text + strings.Repeat(" ", max(0, s.columns-textWidth(text)))
}

// maxName is how many columns a name may take in the last line.
const maxName = 24

func (s *playStage) who() string {
	name := "(nobody)"
	if s.log.User != "" {
		name = clip(word(s.log.User), maxName)
	}
	if s.log.Target != "" {
		name += "@" + clip(word(s.log.Target), maxName)
	}
	return name
}

func (s *playStage) what() string {
	text := fmt.Sprintf("channel %d", s.ch.Number)
	if n := len(s.log.Channels) + s.log.Omitted; n > 1 {
		text += fmt.Sprintf(" (there are %d)", n)
	}
	return text
}

// sign says in a character what goes on.
func (b *playback) sign() string {
	switch {
	case b.paused:
		return "‖"
	case b.ended:
		return "■"
	}
	return "▶"
}

// doing says what else is to be known of the moment.
func (b *playback) doing() string {
	percent := func() int { return int(100 * b.player.Done()) }
	switch {
	case b.player.Seeking():
		return fmt.Sprintf("leaping %d%%", percent())
	case b.searching:
		return "looking for a prompt"
	case !b.player.Exact():
		return fmt.Sprintf("≈ %d%%", percent())
	case b.ended && b.follow:
		return "live"
	case b.ended && b.log.Fault != nil && b.log.Fault.Verdict.Status() == 4:
		return "damaged from here on"
	case b.ended:
		return "end"
	case b.gap != "":
		return "gap: " + clip(shown(b.gap), maxName)
	}
	return ""
}

// clock is a time of the recording.
func clock(d time.Duration) string {
	n := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
}
