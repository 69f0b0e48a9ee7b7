package main

// playKey is something that the viewer asks for.
type playKey int

const (
	keyNone playKey = iota
	keyPause
	keyBack
	keyForward
	keyPrevious
	keyNext
	keyFaster
	keySlower
	keyStep
	keySuspend
	keyQuit
)

// playKeys reads keys. With --raw a terminal may send answers too, in which letters are no
// keys: sequences are read over to their ends (ECMA-48 §5.4 and §5.6).
type playKeys struct {
	state keyState
}

type keyState int

const (
	keyGround  keyState = iota
	keyEscape           // after ESC
	keyCSI              // after ESC [
	keySS3              // after ESC O
	keyString           // after ESC P, ESC ] and the like, to BEL or ST
	keyStringE          // after ESC in one
)

// next takes a byte.
func (k *playKeys) next(b byte) playKey {
	switch k.state {
	case keyEscape:
		k.escaped(b)
		return keyNone
	case keyCSI, keySS3:
		if k.state == keyCSI && b < '@' {
			return keyNone
		}
		k.state = keyGround
		return map[byte]playKey{'C': keyForward, 'D': keyBack}[b]
	case keyString:
		switch b {
		case 0x07:
			k.state = keyGround
		case 0x1b:
			k.state = keyStringE
		}
		return keyNone
	case keyStringE:
		k.state = keyGround
		if b != '\\' {
			k.escaped(b)
		}
		return keyNone
	}
	if b == 0x1b {
		k.state = keyEscape
	}
	return typedKey(b)
}

func (k *playKeys) escaped(b byte) {
	switch b {
	case '[':
		k.state = keyCSI
	case 'O':
		k.state = keySS3
	case 'P', 'X', ']', '^', '_':
		k.state = keyString
	case 0x1b:
		k.state = keyEscape
	default:
		k.state = keyGround
	}
}

// quiet ends what a lone ESC has begun: nothing came behind it.
func (k *playKeys) quiet() {
	if k.state == keyEscape {
		k.state = keyGround
	}
}

func typedKey(b byte) playKey {
	switch b {
	case ' ':
		return keyPause
	case '[':
		return keyPrevious
	case ']':
		return keyNext
	case '+', '=':
		return keyFaster
	case '-', '_':
		return keySlower
	case '.':
		return keyStep
	case 0x1a: // Ctrl-Z
		return keySuspend
	case 'q', 'Q', 0x03: // Ctrl-C
		return keyQuit
	}
	return keyNone
}
