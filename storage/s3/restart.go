package s3

// restart begins an upload anew that is gone: somebody has aborted it, or a lifecycle rule of the bucket.
// If parts were not kept here, what remains is no log any more: it goes up under another name.
func (s *Store) restart(l *log) error {
	p, size := s.now(l)
	c := change{Gone: true, Stray: true}
	lost := p.freed > p.schedule.base
	if lost {
		b := *p.changes()[0].Begin
		b.Key, b.Base, b.Rest = string(l.name)+restSuffix, p.freed, true
		c = change{Begin: &b}
	}
	if err := s.note(l, c, lost); err != nil {
		return &trouble{here, err}
	}
	s.mu.Lock()
	l.gone, l.refused = false, 0
	s.mu.Unlock()
	s.isSure(l, false)
	switch {
	case lost:
		s.logger.Error("parts of a log are lost: its upload was aborted, and they were not kept on this machine, whose room was short. What remains is uploaded under another name, and is no log that can be read as a whole",
			"log", string(l.name), "lost", p.freed-p.schedule.base, "rest", string(l.name)+restSuffix, "offset", p.freed)
	case size > p.schedule.base || !l.finished:
		s.logger.Warn("the upload of a log was aborted by somebody, or by a rule of the bucket; it is begun anew from this machine, and nothing is lost", "log", string(l.name))
	}
	return nil
}
