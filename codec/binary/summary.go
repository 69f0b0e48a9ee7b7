package binary

// summary reads the data of a summary and holds it to what the messages were.
func (c *checker) summary() error {
	if !c.alone {
		if c.tally.messages == 0 {
			return c.s.Fault("a summary of nothing: there must be a message before it")
		}
		if c.m.Conn != c.tally.conn {
			return c.s.Fault("connection id %.80q where the first message's, %.80q, must be", c.m.Conn, c.tally.conn)
		}
	}
	if c.n != c.head.messages-1 {
		return c.s.Fault("a summary that is not the block's last message")
	}
	shape := payloads.byExtension[summaryName].shape
	if _, err := c.s.Map(len(shape.fields), len(shape.fields)); err != nil {
		return err
	}
	for i := range shape.fields {
		f := &shape.fields[i]
		if !c.s.Literal(f.head) {
			return c.s.Cut(f.head)
		}
		if err := c.summaryValue(f); err != nil {
			return within(err, "%s", f.Key)
		}
	}
	return nil
}

func (c *checker) summaryValue(f *field) error {
	if f.Key == "version" {
		return c.exactly(1)
	}
	if c.alone {
		return c.value(f.shape, 4)
	}
	switch f.Key {
	case "start":
		return c.exactly(uint64(c.tally.start))
	case "end":
		return c.exactly(uint64(c.tally.last))
	case "bytes":
		return c.summaryBytes(f.shape)
	case "kinds":
		return c.exactlyAll(c.tally.kinds[:])
	case "index":
		return c.summaryIndex()
	case "username", "remoteAddr", "auth", "target":
		if c.tally.several {
			if !c.s.Null() {
				return c.s.Wrong("null, since the log has several connections,")
			}
			return nil
		}
	}
	return c.value(f.shape, 4)
}

func (c *checker) exactly(v uint64) error {
	_, err := c.s.Uint(v, v)
	return err
}

func (c *checker) exactlyAll(want []uint64) error {
	if _, err := c.s.Array(len(want), len(want)); err != nil {
		return err
	}
	for _, v := range want {
		if err := c.exactly(v); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) summaryBytes(s *shape) error {
	if _, err := c.s.Map(len(s.fields), len(s.fields)); err != nil {
		return err
	}
	for i, v := range c.tally.bytes {
		if head := s.fields[i].head; !c.s.Literal(head) {
			return c.s.Cut(head)
		}
		if err := c.exactly(v); err != nil {
			return within(err, "%s", s.fields[i].Key)
		}
	}
	return nil
}

func (c *checker) summaryIndex() error {
	if _, err := c.s.Array(len(c.index), len(c.index)); err != nil {
		return err
	}
	for i, p := range c.index {
		if err := c.exactlyAll([]uint64{uint64(p[0]), uint64(p[1])}); err != nil {
			return within(err, "point %d", i)
		}
	}
	return nil
}
