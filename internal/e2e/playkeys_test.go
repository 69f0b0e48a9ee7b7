package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// keyboard is a recording of somebody whose keys were recorded too, and whose prompt looks like none.
func keyboard(t *testing.T) string {
	r := newRecording(t, 80, 24)
	for i := range 4 {
		r.print(5*time.Second, fmt.Sprintf("cmd %d: ", i))
		for _, key := range fmt.Sprintf("run %d", i) {
			r.add(time.Second, &event.IO{Stream: event.Stdin, Data: []byte(string(key))})
			r.print(0, string(key))
		}
		r.add(time.Second, &event.IO{Stream: event.Stdin, Data: []byte("\r")})
		r.print(time.Second, fmt.Sprintf("\r\nresult %d $ \r\n", i))
	}
	return r.write()
}

// TestPlayFindsTypedLines goes from one command to the next, where keys were recorded.
func TestPlayFindsTypedLines(t *testing.T) {
	t.Parallel()
	p := play(t, keyboard(t), "--from 0s --idle-limit 0")
	p.awaitState(t, "▶ ")
	p.press(t, "Space")
	for i, at := range []string{"0:00:11", "0:00:23", "0:00:35"} {
		p.press(t, "]")
		p.awaitState(t, "‖ "+at)
		p.awaitLine(t, fmt.Sprintf("cmd %d: run %d", i, i))
		if strings.Contains(p.screen(t), fmt.Sprintf("result %d", i)) {
			t.Errorf("the result of command %d is shown before it ran", i)
		}
	}
	p.press(t, "[")
	p.awaitState(t, "‖ 0:00:23")
	p.press(t, "[")
	p.awaitState(t, "‖ 0:00:11")
	p.press(t, "q")
	p.ended(t, 0)
}

// TestPlayOtherKeys presses what TestPlayKeys does not.
func TestPlayOtherKeys(t *testing.T) {
	t.Parallel()
	p := play(t, shell(t), "--from 12s --speed 0.5 --idle-limit 0")
	p.awaitState(t, `▶ .* ×0.5 `)
	p.press(t, "Space")
	for _, key := range []string{"=", "="} {
		p.press(t, key)
	}
	p.awaitState(t, `‖ .* ×2 `)
	p.press(t, "_")
	p.awaitState(t, `‖ .* ×1 `)
	for range 20 {
		p.press(t, "+")
	}
	p.awaitState(t, ` ×1000 `)
	for range 20 {
		p.press(t, "-")
	}
	p.awaitState(t, ` ×0.1 `)
	for _, key := range []string{"x", "Up", "F5", "Escape", "Enter"} { // which do nothing
		p.press(t, key)
	}
	for range 5 {
		p.press(t, "Left")
	}
	p.awaitState(t, `‖ 0:00:00 `)
	for range 20 {
		p.press(t, "Right")
	}
	p.awaitState(t, `■ |‖ 0:01:01 `)
	p.press(t, "C-z")
	gatewaytest.Eventually(t, "the terminal is given back", func() bool { return p.tells(t, "#{alternate_on}") == "0" })
	p.signal(t, syscall.SIGCONT)
	p.awaitLine(t, "result 5")
	p.press(t, "Q")
	p.ended(t, 0)
}

// TestPlayEndsWithItsWindow closes the window that a player is in.
func TestPlayEndsWithItsWindow(t *testing.T) {
	t.Parallel()
	p := play(t, shell(t), "--from 12s --speed 0.1")
	p.awaitLine(t, "result 0")
	text, err := os.ReadFile(p.pid)
	if err != nil {
		t.Fatal(err)
	}
	gatewaytest.Must(t, p.tmux(t, "new-window", "-d", "sleep 1000"))
	gatewaytest.Must(t, p.tmux(t, "kill-window", "-t", ":0"))
	gatewaytest.Eventually(t, "the player ends", func() bool {
		_, err := os.Stat("/proc/" + strings.TrimSpace(string(text)))
		return os.IsNotExist(err)
	})
}

// TestPlayRawGivesTheTerminalBack sends what changes a terminal to it as it is.
func TestPlayRawGivesTheTerminalBack(t *testing.T) {
	t.Parallel()
	r := newRecording(t, 100, 30)
	r.print(0, "\x1b[?1049h\x1b[?1000;1002;1003;1006;2004h\x1b[?1h\x1b=\x1b[?6h\x1b[4h\x1b[?7l\x1b[?25l\x1b[3;9r\x1b(0\x0e\x1b[1;31mqqq")
	r.print(time.Second, "\x1b[10;1Hraw")
	p := play(t, r.write(), "--raw")
	p.awaitLine(t, "ended with 0") // it ends by itself
	p.ended(t, 0)
	p.write(t, "typed")
	gatewaytest.Eventually(t, "what is typed is shown in plain letters", func() bool { return strings.Count(p.screen(t), "typed") == 2 })
	if shown := gatewaytest.Must(t, p.tmux(t, "capture-pane", "-p", "-e")); strings.Contains(shown, "\x1b[") {
		t.Errorf("colours are left:\n%q", shown)
	}
}

// TestPlayOfACast plays what was exported, with the keys.
func TestPlayOfACast(t *testing.T) {
	t.Parallel()
	folder := t.TempDir() + string(filepath.Separator)
	gatewaytest.Must(t, gatewaytest.Program(t, gatewaytest.Sshtrail(), "export", shell(t), "--to", "asciicast", "--version", "3", "-o", folder))
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d casts, %v", len(files), err)
	}
	p := play(t, filepath.Join(folder, files[0].Name()), "--idle-limit 0 --from 12s")
	p.awaitLine(t, "result 0")
	p.press(t, "Space")
	p.press(t, "]")
	p.awaitState(t, `‖ 0:00:15 / .* db1  channel 0 `)
	p.awaitLine(t, "host1$")
	p.press(t, "Right")
	p.awaitLine(t, "result 1")
	p.press(t, "Left")
	p.awaitState(t, `‖ 0:00:15 `)
	p.press(t, "q")
	p.ended(t, 0)
}

// TestPlayFollowsSlowTyping watches somebody who types a letter now and then: all of it is in the journal
// alone, and is shown within a second.
func TestPlayFollowsSlowTyping(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
	x := g.login(t)
	x.write(t, `PS1="> "; cat`)
	x.awaitLine(t, "cat")
	listed := strings.Split(strings.TrimSpace(gatewaytest.Must(t, g.Command(t, "ls", "--last", "1"))), "\n")
	p := play(t, strings.Fields(listed[len(listed)-1])[0], "--follow --config "+g.Path("config.yaml"))
	p.awaitState(t, ` live `)
	var late []time.Duration
	text := ""
	for _, letter := range "abcdefghi" {
		text += string(letter)
		gatewaytest.Must(t, x.tmux(t, "send-keys", "-l", string(letter)))
		x.awaitLine(t, text)
		begun := time.Now()
		p.awaitLine(t, text)
		late = append(late, time.Since(begun))
	}
	slices.Sort(late)
	t.Logf("shown after %v", late)
	if median := late[len(late)/2]; median > time.Second {
		t.Errorf("letters are shown %v after they were, want a second at most", median)
	}
	x.press(t, "C-d")
	x.press(t, "C-d")
	x.write(t, "exit")
	x.awaitLine(t, "client ended with 0")
	p.press(t, "q")
	p.ended(t, 0)
	g.Stop(t)
}
