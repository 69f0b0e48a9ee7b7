package load

import (
	"fmt"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// claim is what a client says that its log must hold.
type claim struct {
	token  string
	what   string
	mayNot bool // there may be no log: the client may have died before its login
	flaws  func(log *oracle.Log) []string
}

func (c *client) claim() claim {
	return claim{
		token: c.token, what: fmt.Sprintf("%s, mortal: %v, ended with: %v", c.kind.name, c.mortal, c.err),
		mayNot: c.ssh == nil, flaws: c.flaws,
	}
}

// flaws lists what of the log is not what the client saw.
func (c *client) flaws(log *oracle.Log) []string {
	flaws := whole(log)
	if !c.mortal && len(log.Channels) != len(c.talks)+c.bare+c.refused() {
		flaws = append(flaws, fmt.Sprintf("it has %d channels, want %d", len(log.Channels), len(c.talks)+c.bare+c.refused()))
	}
	for _, k := range c.talks {
		found := log.Find(k.command)
		switch {
		case len(found) == 1 && c.mortal && c.err != nil:
			flaws = append(flaws, k.between(found[0])...)
		case len(found) == 1:
			flaws = append(flaws, k.exact(found[0])...)
		case len(found) == 0 && c.mortal && k.out.Content().Length+k.errs.Content().Length == 0:
		default:
			flaws = append(flaws, fmt.Sprintf("it has the program %q %d times", k.command, len(found)))
		}
	}
	return flaws
}

// refused is how many channels were asked for that nobody opens.
func (c *client) refused() int {
	if c.kind.name == "channels" {
		return c.bare // one after each
	}
	return 0
}

// whole lists what is wrong with a log whatever is in it.
func whole(log *oracle.Log) []string {
	flaws := log.Flaws
	if log.Verdict != binary.Complete {
		flaws = append(flaws, fmt.Sprintf("it is %s (%s), want complete", log.Verdict, log.Fault))
	}
	if n := len(oracle.Bodies[*event.Disconnect](log)); n != 1 {
		flaws = append(flaws, fmt.Sprintf("it has %d disconnects, want 1", n))
	}
	if n := len(oracle.Bodies[*event.Gap](log)); n != 0 {
		flaws = append(flaws, fmt.Sprintf("it has %d gaps", n))
	}
	for _, ch := range log.Channels {
		if ch.Open && ch.Close == nil {
			flaws = append(flaws, fmt.Sprintf("channel %d was never closed", ch.ID))
		}
		if n := uint64(ch.Stdout.Length + ch.Stderr.Length); ch.Close != nil && ch.Close.Sent > n {
			flaws = append(flaws, fmt.Sprintf("channel %d has %d bytes of output, and %d were sent when it was closed", ch.ID, n, ch.Close.Sent))
		}
	}
	return flaws
}

// exact lists where the plan, the client and the log do not agree.
func (k *talk) exact(ch *oracle.Channel) (flaws []string) {
	for _, s := range []struct {
		name             string
		plan, client, in oracle.Content
	}{
		{"stdin", k.stdin, k.sent.Content(), ch.Stdin}, {"stdout", k.stdout, k.out.Content(), ch.Stdout}, {"stderr", k.stderr, k.errs.Content(), ch.Stderr},
	} {
		if s.plan.SHA256 == "" {
			s.plan = oracle.Of(nil)
		}
		if d := s.client.Diff(s.plan); d != "" {
			flaws = append(flaws, fmt.Sprintf("%s at the client of %q %s", s.name, k.command, d))
		}
		if d := s.in.Diff(s.plan); d != "" {
			flaws = append(flaws, fmt.Sprintf("%s in the log of %q %s", s.name, k.command, d))
		}
	}
	if out := uint64(k.stdout.Length + k.stderr.Length); ch.Close != nil && (ch.Close.Received != uint64(k.stdin.Length) || ch.Close.Sent != out) {
		flaws = append(flaws, fmt.Sprintf("%q was closed after %d bytes of input and %d of output, want %d and %d", k.command, ch.Close.Received, ch.Close.Sent, k.stdin.Length, out))
	}
	return append(flaws, k.endsAs(ch)...)
}

func (k *talk) endsAs(ch *oracle.Channel) (flaws []string) {
	isStatus := ch.Status != nil && *ch.Status == k.status
	if !k.leaves && (ch.Signal != k.signal || k.signal == "" && !isStatus) {
		flaws = append(flaws, fmt.Sprintf("%q ended with status %v, signal %q, want %d, %q", k.command, ch.Status, ch.Signal, k.status, k.signal))
	}
	if len(ch.Windows) != len(k.windows) {
		return append(flaws, fmt.Sprintf("%q has %d changes of its window, want %d", k.command, len(ch.Windows), len(k.windows)))
	}
	for i, w := range ch.Windows {
		if w.Columns != k.windows[i].Columns || w.Rows != k.windows[i].Rows {
			flaws = append(flaws, fmt.Sprintf("%q has window %+v, want %+v", k.command, w, k.windows[i]))
		}
	}
	return flaws
}

// between lists where a client that has died received more than the log has, or the log
// has more than there was to be.
func (k *talk) between(ch *oracle.Channel) (flaws []string) {
	sent := k.stdin
	if k.isSFTP() {
		sent = k.sent.Content()
	}
	for _, s := range []struct {
		name              string
		low, in, high     oracle.Content
		hasLow, isBounded bool
	}{
		{"stdin", oracle.Content{}, ch.Stdin, sent, false, true},
		{"stdout", k.out.Content(), ch.Stdout, k.stdout, true, !k.isSFTP()},
		{"stderr", k.errs.Content(), ch.Stderr, k.stderr, true, true},
	} {
		if d := s.low.NoPrefix(s.in); s.hasLow && d != "" {
			flaws = append(flaws, fmt.Sprintf("%s of %q at the client, held against the log, %s", s.name, k.command, d))
		}
		if d := s.in.NoPrefix(s.high); s.isBounded && d != "" {
			flaws = append(flaws, fmt.Sprintf("%s of %q in the log, held against what there was, %s", s.name, k.command, d))
		}
	}
	return flaws
}

func (k *talk) isSFTP() bool { return k.command == "sftp" }
