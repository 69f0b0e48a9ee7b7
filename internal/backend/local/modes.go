//go:build linux

package local

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// disabledKey is how RFC 4254 §8 says that a function has no key.
const disabledKey = 255

// applyModes changes t as encoded terminal modes say (RFC 4254 §8). What Linux has no
// notion of, and speeds, which mean nothing here, are passed over.
func applyModes(t *unix.Termios, modes []byte) {
	for len(modes) >= 5 && modes[0] != 0 && modes[0] < 160 {
		op, arg := modes[0], binary.BigEndian.Uint32(modes[1:])
		modes = modes[5:]
		if int(op) < len(keys) && keys[op] != 0 {
			key := byte(arg)
			if arg == disabledKey {
				key = 0 // _POSIX_VDISABLE
			}
			t.Cc[keys[op]-1] = key
			continue
		}
		switch {
		case op == 90 && arg != 0: // CS7
			t.Cflag = t.Cflag&^unix.CSIZE | unix.CS7
		case op == 91 && arg != 0: // CS8
			t.Cflag = t.Cflag&^unix.CSIZE | unix.CS8
		default:
			applyFlag(t, op, arg != 0)
		}
	}
}

// keys are the indices of control characters in Cc, plus one, by opcode.
var keys = [...]int{
	1: unix.VINTR + 1, 2: unix.VQUIT + 1, 3: unix.VERASE + 1, 4: unix.VKILL + 1,
	5: unix.VEOF + 1, 6: unix.VEOL + 1, 7: unix.VEOL2 + 1, 8: unix.VSTART + 1,
	9: unix.VSTOP + 1, 10: unix.VSUSP + 1, 12: unix.VREPRINT + 1, 13: unix.VWERASE + 1,
	14: unix.VLNEXT + 1, 16: unix.VSWTC + 1, 18: unix.VDISCARD + 1,
}

func applyFlag(t *unix.Termios, op byte, on bool) {
	field, bit := flag(t, op)
	switch {
	case field == nil:
	case on:
		*field |= bit
	default:
		*field &^= bit
	}
}

// flag is where the flag with this opcode is kept.
func flag(t *unix.Termios, op byte) (*uint32, uint32) {
	switch {
	case op >= 30 && op <= 42: // 42: RFC 8160
		return &t.Iflag, [...]uint32{
			unix.IGNPAR, unix.PARMRK, unix.INPCK, unix.ISTRIP, unix.INLCR, unix.IGNCR, unix.ICRNL,
			unix.IUCLC, unix.IXON, unix.IXANY, unix.IXOFF, unix.IMAXBEL, unix.IUTF8,
		}[op-30]
	case op >= 50 && op <= 62:
		return &t.Lflag, [...]uint32{
			unix.ISIG, unix.ICANON, unix.XCASE, unix.ECHO, unix.ECHOE, unix.ECHOK, unix.ECHONL,
			unix.NOFLSH, unix.TOSTOP, unix.IEXTEN, unix.ECHOCTL, unix.ECHOKE, unix.PENDIN,
		}[op-50]
	case op >= 70 && op <= 75:
		return &t.Oflag, [...]uint32{
			unix.OPOST, unix.OLCUC, unix.ONLCR, unix.OCRNL, unix.ONOCR, unix.ONLRET,
		}[op-70]
	case op == 92:
		return &t.Cflag, unix.PARENB
	case op == 93:
		return &t.Cflag, unix.PARODD
	}
	return nil, 0
}
