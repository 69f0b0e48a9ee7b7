package screen

// charset is a set of characters that ASCII can be replaced by.
type charset uint8

const (
	ascii charset = iota
	drawing
	british
)

// charsets are the sets that were chosen (ISO 2022).
type charsets struct {
	sets   [4]charset
	active int
}

// drawn are the characters of DEC's special graphics, from ` to ~.
const drawn = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"

func (c *charsets) translates() bool { return c.sets[c.active] != ascii }

func (c *charsets) translate(r rune) rune {
	switch set := c.sets[c.active]; {
	case set == british && r == '#':
		return '£'
	case set == drawing && r >= '`' && r <= '~':
		i := rune('`')
		for _, d := range drawn {
			if i == r {
				return d
			}
			i++
		}
	}
	return r
}

// designate acts on ESC with an intermediate: it says what one of the sets is.
func (c *charsets) designate(intermediate byte, final rune) {
	i := 0
	switch intermediate {
	case '(':
	case ')', '-':
		i = 1
	case '*', '.':
		i = 2
	case '+':
		i = 3
	case '%': // to UTF-8, and from it, which is here all there is
		if final == '@' || final == 'G' {
			c.sets[0], c.active = ascii, 0
		}
		return
	default:
		return
	}
	switch final {
	case '0':
		c.sets[i] = drawing
	case 'A':
		c.sets[i] = british
	default:
		c.sets[i] = ascii
	}
}

// shift acts on the rest of ESC's sequences: some choose the active set.
func (c *charsets) shift(final rune) {
	switch final {
	case 'n', '}':
		c.active = 2
	case 'o', '|':
		c.active = 3
	case '~':
		c.active = 1
	}
}
