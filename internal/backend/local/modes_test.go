//go:build linux

package local

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestApplyModes(t *testing.T) {
	termios := unix.Termios{Cflag: unix.CS5 | unix.PARENB, Lflag: unix.ECHO | unix.ICANON, Oflag: unix.OPOST}
	applyModes(&termios, []byte{
		1, 0, 0, 0, 7, // VINTR
		5, 0, 0, 0, 255, // VEOF: none
		11, 0, 0, 0, 1, // VDSUSP: not on Linux
		42, 0, 0, 0, 1, // IUTF8
		53, 0, 0, 0, 0, // ECHO
		62, 0, 0, 0, 1, // PENDIN
		70, 0, 0, 0, 0, // OPOST
		75, 0, 0, 0, 1, // ONLRET
		90, 0, 0, 0, 0, // CS7: no
		91, 0, 0, 0, 1, // CS8
		92, 0, 0, 0, 0, // PARENB
		129, 0, 0, 0x96, 0, // speed
		0,
		50, 0, 0, 0, 1, // ISIG, after the end
	})
	want := unix.Termios{Cflag: unix.CS8, Lflag: unix.ICANON | unix.PENDIN, Oflag: unix.ONLRET, Iflag: unix.IUTF8}
	want.Cc[unix.VINTR] = 7
	if termios != want {
		t.Errorf("modes = %+v, want %+v", termios, want)
	}
	for _, rest := range [][]byte{{160, 0, 0, 0, 1}, {1, 0, 0}, {255}} {
		got := unix.Termios{}
		applyModes(&got, rest)
		if got != (unix.Termios{}) {
			t.Errorf("modes %v changed %+v", rest, got)
		}
	}
}
