package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// modes is what tmux tells of a terminal's state, beside what it shows.
const modes = "#{alternate_on} #{cursor_flag} #{insert_flag} #{keypad_cursor_flag} #{keypad_flag} #{mouse_any_flag} #{mouse_sgr_flag} #{origin_flag} #{wrap_flag} #{scroll_region_upper} #{scroll_region_lower} #{pane_title}"

// player is a terminal in which a log is played. Who plays says its process's number in a
// file, and when it has ended the terminal is that of cat.
type player struct {
	*terminal
	pid string
}

func play(t *testing.T, log, flags string) *player {
	t.Helper()
	pid := filepath.Join(t.TempDir(), "pid")
	inner := fmt.Sprintf(`echo $$ >%s.new; mv %s.new %s; exec %s play %s %s`, pid, pid, pid, gatewaytest.Sshtrail(), log, flags)
	return &player{openTerminal(t, fmt.Sprintf(`echo was here; sh -c '%s'; echo ended with $?; stty -a | grep -o ' icanon.*\| echo '; exec cat -v`, inner)), pid}
}

// tells returns what tmux tells of the terminal.
func (p *player) tells(t *testing.T, what string) string {
	t.Helper()
	return strings.TrimSpace(gatewaytest.Must(t, p.tmux(t, "display-message", "-p", what)))
}

// awaitState waits until the last line, which says where the recording is, fits a pattern, and returns it.
func (p *player) awaitState(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	gatewaytest.Eventually(t, "the last line fits "+pattern, func() bool {
		lines := strings.Split(strings.TrimRight(p.screen(t), "\n"), "\n")
		found = re.FindStringSubmatch(lines[len(lines)-1])
		return found != nil
	})
	return found
}

func (p *player) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	var pid int
	gatewaytest.Eventually(t, "the player says its number", func() bool {
		text, err := os.ReadFile(p.pid)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err == nil
	})
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the end, and looks whether the terminal is as it was before.
func (p *player) ended(t *testing.T, status int) {
	t.Helper()
	p.awaitLine(t, fmt.Sprintf("ended with %d", status))
	gatewaytest.Eventually(t, "cat runs", func() bool { return p.tells(t, "#{pane_current_command}") == "cat" })
	if text := p.screen(t); !strings.HasPrefix(text, "was here\nended with") || !strings.Contains(text, " icanon ") || !strings.Contains(text, " echo ") {
		t.Errorf("after the end the terminal is another:\n%s", text)
	}
	fresh := openTerminal(t, "exec cat -v")
	want := (&player{terminal: fresh}).tells(t, modes)
	if got := p.tells(t, modes); got != want {
		t.Errorf("after the end the terminal's modes and title are %q, want %q", got, want)
	}
}

// shell is a recording of somebody who types a command each 10 seconds.
func shell(t *testing.T) string {
	r := newRecording(t, 80, 24)
	for i := range 6 {
		r.print(5*time.Second, fmt.Sprintf("host%d$ ", i))
		r.print(5*time.Second, fmt.Sprintf("run %d\r\nresult %d\r\n", i, i))
	}
	return r.write()
}

func TestPlayKeys(t *testing.T) {
	t.Parallel()
	p := play(t, shell(t), "--idle-limit 0 --from 12s")
	p.awaitState(t, "▶ ")
	p.press(t, "Space")
	p.awaitState(t, `‖ 0:00:1[2-9] / 0:01:01  ×1  alice@db1  channel 0  q quits`)
	p.awaitLine(t, "result 0")
	p.press(t, ".") // to 15
	p.awaitState(t, `‖ 0:00:15 `)
	p.awaitLine(t, "host1$")
	p.press(t, "Right")
	p.awaitState(t, `‖ 0:00:20 `)
	p.awaitLine(t, "result 1")
	p.press(t, "Left")
	p.awaitState(t, `‖ 0:00:15 `)
	if strings.Contains(p.screen(t), "result 1") {
		t.Error("what came later is still shown after a leap back")
	}
	p.press(t, "]")
	p.awaitState(t, `‖ 0:00:25 `)
	p.awaitLine(t, "host2$")
	p.press(t, "]")
	p.awaitState(t, `‖ 0:00:35 `)
	p.press(t, "[")
	p.awaitState(t, `‖ 0:00:25 `)
	p.press(t, "+")
	p.press(t, "+")
	p.awaitState(t, `‖ 0:00:25 / 0:01:01  ×4 `)
	p.press(t, "-")
	p.awaitState(t, ` ×2 `)
	p.press(t, "Space")
	p.awaitState(t, `▶ 0:00:(2[6-9]|[3-5])`)
	for range 8 {
		p.press(t, "+")
	}
	p.awaitState(t, `■ 0:01:01 / 0:01:01  ×512  end `)
	p.awaitLine(t, "result 5")
	p.press(t, "Left")
	p.awaitState(t, `[▶■] `)
	p.press(t, "q")
	p.ended(t, 0)
}

// TestPlayKeepsPace plays a recording with an hour of nothing in it.
func TestPlayKeepsPace(t *testing.T) {
	t.Parallel()
	r := newRecording(t, 80, 24)
	r.print(time.Second, "before")
	r.print(time.Hour, "after")
	p := play(t, r.write(), "--idle-limit 500ms")
	p.awaitLine(t, "beforeafter")
	p.awaitState(t, `1:00:0\d / 1:00:02`)
	p.press(t, "C-c")
	p.ended(t, 0)
}

// TestPlayShowsAPart plays a recording that is larger than the terminal, which changes its size.
func TestPlayShowsAPart(t *testing.T) {
	t.Parallel()
	r := newRecording(t, 200, 50)
	r.print(0, "\x1b[1;1Hupper left\x1b[49;180Hlower right")
	r.print(time.Minute, "")
	p := play(t, r.write(), "")
	p.awaitLine(t, "lower right")
	p.awaitState(t, `100×29 of 200×50`)
	gatewaytest.Must(t, p.tmux(t, "resize-window", "-x", "210", "-y", "60"))
	p.awaitLine(t, "lower right")
	gatewaytest.Eventually(t, "all of it is shown", func() bool {
		text := p.screen(t)
		return strings.HasPrefix(text, "upper left") && !strings.Contains(text, " of 200×50")
	})
	gatewaytest.Must(t, p.tmux(t, "resize-window", "-x", "19", "-y", "5"))
	gatewaytest.Eventually(t, "the terminal is said to be too small", func() bool { return strings.HasPrefix(p.screen(t), "too small: 20×3") })
	gatewaytest.Must(t, p.tmux(t, "resize-window", "-x", "100", "-y", "30"))
	p.awaitState(t, `100×29 of 200×50`)
	p.press(t, "q")
	p.ended(t, 0)
}

// TestPlayGivesTheTerminalBack ends and stops a player by signals.
func TestPlayGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	log := shell(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		p := play(t, log, "")
		p.awaitState(t, "▶ ")
		p.signal(t, sig)
		p.ended(t, 128+int(sig))
	}
	p := play(t, log, "--from 12s --speed 0.1")
	p.awaitLine(t, "result 0")
	p.signal(t, syscall.SIGTSTP)
	gatewaytest.Eventually(t, "the terminal is given back", func() bool { return p.tells(t, "#{alternate_on}") == "0" })
	if text := p.screen(t); !strings.HasPrefix(text, "was here\n") {
		t.Errorf("while it is stopped the terminal shows\n%s", text)
	}
	p.signal(t, syscall.SIGCONT)
	p.awaitLine(t, "result 0")
	p.press(t, "q")
	p.ended(t, 0)
}

// hostileSequences is every control character and every kind of sequence, to its end and without one.
func hostileSequences() string {
	var s strings.Builder
	for c := range 0x20 {
		fmt.Fprintf(&s, "%c\x1b%c", c, c)
	}
	for c := 0x7f; c < 0xa0; c++ {
		fmt.Fprintf(&s, "%s%c\x18", string(rune(c)), c)
	}
	for c := '0'; c <= '~'; c++ {
		fmt.Fprintf(&s, "\x1b%c\x18\x1b[%c\x1b[?%c\x1b[>%c\x1b[1;1%c\x1b[5 %c\x1b[6\"%c\x1b[1$%c", c, c, c, c, c, c, c, c)
	}
	for n := range 120 {
		fmt.Fprintf(&s, "\x1b]%d;?\a\x1b]%d;evil\x1b\\\x9d%d;evil\x9c\x1b[%dn\x1b[?%dn\x1b[%dt\x1b[%dh\x1b[?%dh", n, n, n, n, n, n, n, n)
	}
	for _, n := range []int{777, 1000, 1002, 1003, 1004, 1006, 1015, 1047, 1048, 1049, 1337, 2004, 2026, 9001} {
		fmt.Fprintf(&s, "\x1b]%d;notify;evil;evil\a\x1b[?%dh", n, n)
	}
	for _, begin := range []string{"\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bk", "\x90", "\x9f", "\x9e", "\x98", "\xc2\x90", "\xc2\x9f"} {
		for _, text := range []string{"$qm", "+q544e", "tmux;\x1b\x1b]52;c;ZXZpbA==\a", "Gi=1,a=q;AAAA", "evil"} {
			s.WriteString(begin + text + "\x1b\\" + begin + text + "\x9c")
		}
	}
	s.WriteString("\x1b]52;c;ZXZpbA==\a\x1b]52;c;?\a\x1b[c\x1b[>c\x1b[=c\x1b[x\x1bZ\x05\x1b[6n\x1b[21t\x1b[?996n\x1b[>q\x1b[?u\x1b[>4;2m\x1b[2;5r\x1b[?6h\x1b[4h\x1b(0\x0e")
	s.WriteString("\x1b]0;evil title")
	return s.String()
}

// TestPlayOfHostileBytes plays everything that may act on a terminal.
func TestPlayOfHostileBytes(t *testing.T) {
	t.Parallel()
	r := newRecording(t, 80, 24)
	text := hostileSequences()
	for i := 0; i < len(text); i += 1000 {
		r.print(time.Millisecond, text[i:min(i+1000, len(text))])
	}
	r.print(time.Millisecond, "\x1b\\\x18\x1bc\x1b[1;1Hall was played")
	r.add(time.Millisecond, &event.Window{Columns: 100, Rows: 29})
	p := play(t, r.write(), "--from 0s")
	gatewaytest.Must(t, p.tmux(t, "set-option", "-s", "set-clipboard", "on"))
	gatewaytest.Must(t, p.tmux(t, "set-option", "-s", "allow-passthrough", "on"))
	title := p.tells(t, "#{pane_title}")
	p.awaitState(t, `■ .* end `)
	p.awaitLine(t, "all was played")
	if got := p.tells(t, "#{pane_title} #{mouse_any_flag} #{keypad_flag} #{origin_flag} #{insert_flag}"); got != title+" 0 0 0 0" {
		t.Errorf("while it plays, title and modes are %q", got)
	}
	p.press(t, "q")
	p.ended(t, 0)
	p.write(t, "typed")
	gatewaytest.Eventually(t, "the terminal and cat show what was typed", func() bool { return strings.Count(p.screen(t), "typed") == 2 })
	if text := p.screen(t); strings.Contains(text, "^[") {
		t.Errorf("the terminal has answered something:\n%s", text)
	}
	if got := gatewaytest.Do(t, p.tmux(t, "show-buffer")); got.Status == 0 {
		t.Errorf("the clipboard holds %q", got.Out)
	}
}

// TestPlayFollows watches a session through the gateway while it goes on.
func TestPlayFollows(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
	x := g.login(t)
	x.write(t, `PS1="> "; echo "one"1`)
	x.awaitLine(t, "one1")
	listed := strings.Split(strings.TrimSpace(gatewaytest.Must(t, g.Command(t, "ls", "--last", "1"))), "\n")
	id := strings.Fields(listed[len(listed)-1])[0]
	p := play(t, id, "--follow --config "+g.Path("config.yaml"))
	p.awaitLine(t, "one1")
	p.awaitState(t, ` live `)
	x.write(t, `echo "two"2`)
	x.awaitLine(t, "two2")
	begun := time.Now()
	p.awaitLine(t, "two2")
	t.Logf("shown %v after it was", time.Since(begun))
	x.write(t, "exit")
	x.awaitLine(t, "client ended with 0")
	p.awaitState(t, `■ .* end `)
	p.press(t, "q")
	p.ended(t, 0)
	g.Stop(t)
}
