package inflate

// readTables reads the codes of a block that brings its own (RFC 1951 §3.2.7).
func (d *Decoder) readTables() error {
	counts, ok := d.take(14)
	if !ok {
		return ErrMore
	}
	lits, dists, lens := int(counts&31)+257, int(counts>>5&31)+1, int(counts>>10)+4
	if lits > 286 || dists > 30 {
		return d.corrupt("%d and %d codes: at most 286 and 30", lits, dists)
	}
	if err := d.readLengthCode(lens); err != nil {
		return err
	}
	n, err := d.readLengths(lits + dists)
	// Of data that was cut, what is there must leave room for the rest.
	for _, part := range [][]uint8{d.lengths[:min(n, lits)], d.lengths[min(n, lits):n]} {
		if total, _ := sum(part); total > 1<<maxCode {
			return d.corrupt("more codes than there can be")
		}
	}
	if err != nil {
		return err
	}
	if d.lengths[endSymbol] == 0 {
		return d.corrupt("a block that can't end")
	}
	if !d.lit.build(d.lengths[:lits], litMeaning) || !d.dist.build(d.lengths[lits:n], distMeaning) {
		return d.corrupt("a code that is not complete")
	}
	return nil
}

// readLengthCode reads the code in which the lengths of the other two are written. It
// uses the distance table, which is not needed yet.
func (d *Decoder) readLengthCode(n int) error {
	var lengths [len(lenOrder)]uint8
	for _, symbol := range lenOrder[:n] {
		v, ok := d.take(3)
		if !ok {
			if total, _ := sum(lengths[:]); total > 1<<maxCode {
				return d.corrupt("more codes than there can be")
			}
			return ErrMore
		}
		lengths[symbol] = uint8(v)
	}
	if _, codes := sum(lengths[:]); codes == 0 || !d.dist.build(lengths[:], lenMeaning) {
		return d.corrupt("a code that is not complete")
	}
	return nil
}

// readLengths reads want code lengths into d.lengths and returns how many it has read.
func (d *Decoder) readLengths(want int) (int, error) {
	for n := 0; n < want; {
		d.fill()
		e := d.dist.find(d.bits)
		if e.size() > d.n {
			return n, ErrMore
		}
		if e.kind() != literal {
			return n, d.corrupt("a code that means nothing")
		}
		d.drop(e.size())
		symbol := e.value()
		if symbol < 16 {
			d.lengths[n] = uint8(symbol)
			n++
			continue
		}
		value, base, extra := uint8(0), 3, uint(3)
		switch {
		case symbol == 16 && n == 0:
			return n, d.corrupt("a repeat of nothing")
		case symbol == 16:
			value, extra = d.lengths[n-1], 2
		case symbol == 18:
			base, extra = 11, 7
		}
		more, ok := d.take(extra)
		if n+base+int(more) > want {
			return n, d.corrupt("more code lengths than were announced")
		}
		if !ok {
			return n, ErrMore
		}
		for range base + int(more) {
			d.lengths[n] = value
			n++
		}
	}
	return want, nil
}
