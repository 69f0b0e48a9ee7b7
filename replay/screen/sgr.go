package screen

// apply does what SGR does.
func (st *Style) apply(a *args) {
	for i := 0; i < a.n; i++ {
		if a.part[i] {
			continue
		}
		switch n := a.values[i]; {
		case n == 0:
			*st = Style{}
		case n == 4:
			st.underline(a.parts(i))
		case n == 38 || n == 48 || n == 58:
			i += st.extendedColor(n, a, i)
		case n >= 30 && n <= 37:
			st.Foreground = Indexed(uint8(n - 30))
		case n >= 40 && n <= 47:
			st.Background = Indexed(uint8(n - 40))
		case n >= 90 && n <= 97:
			st.Foreground = Indexed(uint8(n - 90 + 8))
		case n >= 100 && n <= 107:
			st.Background = Indexed(uint8(n - 100 + 8))
		default:
			st.simple(n)
		}
	}
}

func (st *Style) simple(n int32) {
	switch n {
	case 1, 2, 3, 5, 7, 8, 9, 53:
		st.Attributes |= attribute(n)
	case 21:
		st.Underline = DoubleUnderline
	case 22:
		st.Attributes &^= Bold | Faint
	case 24:
		st.Underline = NoUnderline
	case 23, 25, 27, 28, 29:
		st.Attributes &^= attribute(n - 20)
	case 39:
		st.Foreground = 0
	case 49:
		st.Background = 0
	case 55:
		st.Attributes &^= Overline
	case 59:
		st.UnderlineColor = 0
	}
}

// attribute returns the one that SGR n sets.
func attribute(n int32) Attributes {
	switch n {
	case 1:
		return Bold
	case 2:
		return Faint
	case 3:
		return Italic
	case 5:
		return Blink
	case 7:
		return Reverse
	case 8:
		return Invisible
	case 9:
		return Strike
	case 53:
		return Overline
	}
	return 0
}

// underline does what SGR 4 does, with a part or without.
func (st *Style) underline(parts []int32) {
	st.Underline = SingleUnderline
	if len(parts) > 0 && parts[0] >= 0 && parts[0] <= int32(DashedUnderline) {
		st.Underline = Underline(parts[0])
	}
}

// extendedColor does what SGR 38, 48 and 58 do, and returns how many of the arguments
// that follow belong to it.
func (st *Style) extendedColor(which int32, a *args, i int) (used int) {
	color := &st.Foreground
	switch which {
	case 48:
		color = &st.Background
	case 58:
		color = &st.UnderlineColor
	}
	if parts := a.parts(i); len(parts) > 0 {
		if c, _, ok := colorOf(parts, true); ok {
			*color = c
		}
		return len(parts)
	}
	c, used, ok := colorOf(a.values[i+1:a.n], false)
	if ok {
		*color = c
	}
	return used
}

// colorOf reads 5;n or 2;r;g;b. With colons a colour space may stand before r, as ISO
// 8613-6 has it and not everybody writes it.
func colorOf(v []int32, parts bool) (c Color, used int, ok bool) {
	part := func(i int) uint8 {
		if i < len(v) {
			return uint8(max(0, v[i]))
		}
		return 0
	}
	switch {
	case len(v) == 0:
		return 0, 0, false
	case v[0] == 5:
		return Indexed(part(1)), min(2, len(v)), true
	case v[0] == 2 && parts && len(v) > 4:
		return RGB(part(2), part(3), part(4)), len(v), true
	case v[0] == 2:
		return RGB(part(1), part(2), part(3)), min(4, len(v)), true
	}
	return 0, 1, false
}
