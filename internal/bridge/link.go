package bridge

import (
	"io"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/tap"
)

// link is a session channel of the client, near, and its counterpart at the target, far.
type link struct {
	*joint
	near *tap.Channel
	far  ssh.Channel

	started   chan struct{} // closed when a program was asked for, or none can be any more
	startOnce sync.Once
	outputs   chan struct{} // closed when all output has been passed on
	told      chan struct{} // closed when the exit status has been passed on, or there will be none
	idle      [2]idleness   // of the output copiers
}

// refuser is the optional ability of a target's channel to say why it refused the last request.
type refuser interface{ LastRefusal() string }

func newLink(j *joint, near *tap.Channel, far ssh.Channel) *link {
	return &link{joint: j, near: near, far: far, started: make(chan struct{}), outputs: make(chan struct{}), told: make(chan struct{})}
}

// run copies until both channels are closed. Output is passed on whole before the end
// of the channel, and before the exit status: x/crypto delivers data and requests
// apart, so their order must be restored here.
//
// End-of-file comes after the exit status, even if the program closed its output long
// before: a client that has sent its own closes the channel then, x/crypto closes it too
// at once, and the client would never learn how its program ended.
func (l *link) run(nearRequests iter.Seq[*tap.Request], farRequests <-chan *ssh.Request) {
	var input, output, requests sync.WaitGroup
	l.start(&input, l.stdin)
	l.start(&input, func() { l.nearRequests(nearRequests) })
	l.start(&output, func() { l.copyOut(l.near, l.far, &l.idle[0]) })
	l.start(&output, func() { l.copyOut(l.near.Stderr(), l.far.Stderr(), &l.idle[1]) })
	l.start(&requests, func() { l.farRequests(farRequests) })
	output.Wait()
	close(l.outputs)
	<-l.told
	l.near.CloseWrite()
	requests.Wait()
	l.near.Close()
	l.far.Close()
	input.Wait()
}

// flow lets standard input flow. Before a program was asked for the target would
// drop what is sent to it.
func (l *link) flow() { l.startOnce.Do(func() { close(l.started) }) }

func (l *link) nearRequests(requests iter.Seq[*tap.Request]) {
	defer l.flow()
	l.inOrder(requests, func(r *tap.Request) {
		l.pass(r)
		if startsProgram(r.Type) {
			l.flow()
		}
	}, func() { l.far.Close() }) // the client has closed the channel, and hears no more
}

func startsProgram(request string) bool {
	return request == "shell" || request == "exec" || request == "subsystem"
}

// pass hands a request to the target as far as the rules allow, and its answer back.
func (l *link) pass(r *tap.Request) {
	rules := &l.client.Rules
	if why := rules.refuse(r.Type); why != "" {
		r.Refuse(why)
		return
	}
	name, payload := r.Type, r.Payload
	if startsProgram(r.Type) {
		l.setEnvironment()
		if rules.Forced {
			name, payload = "exec", ssh.Marshal(struct{ Command string }{rules.Command})
			l.setEnv("SSH_ORIGINAL_COMMAND", originalCommand(r))
			if r.Force(rules.Command) != nil {
				return // the connection ends
			}
		}
	}
	ok, err := l.far.SendRequest(name, r.WantReply, payload)
	if f, canTell := l.far.(refuser); canTell && !ok && err == nil && f.LastRefusal() != "" {
		r.Refuse(f.LastRefusal())
		return
	}
	r.Reply(ok && err == nil, nil)
}

func (l *link) setEnvironment() {
	for _, v := range l.client.Rules.Environment {
		name, value, _ := strings.Cut(v, "=")
		l.setEnv(name, value)
	}
}

// trusting is the optional ability of a target's channel to take variables from the
// gateway that it might not take from a client.
type trusting interface{ SetTrustedEnv(name, value string) }

func (l *link) setEnv(name, value string) {
	if t, ok := l.far.(trusting); ok {
		t.SetTrustedEnv(name, value)
		return
	}
	l.far.SendRequest("env", false, ssh.Marshal(struct{ Name, Value string }{name, value}))
}

func (l *link) stdin() {
	<-l.started
	if copyGrowing(l.far, l.near, nil) == nil {
		l.far.CloseWrite()
	}
}

func (l *link) copyOut(near io.Writer, far io.Reader, idle *idleness) {
	if copyGrowing(near, far, idle) != nil {
		l.far.Close() // nobody hears the program any more
	}
}

func (l *link) farRequests(requests <-chan *ssh.Request) {
	var once sync.Once
	told := func() { once.Do(func() { close(l.told) }) }
	defer told()
	for r := range requests {
		end := r.Type == "exit-status" || r.Type == "exit-signal"
		if end {
			l.awaitOutput()
		}
		ok, err := l.near.SendRequest(r.Type, r.WantReply, r.Payload)
		r.Reply(ok && err == nil, nil)
		if end {
			told()
		}
	}
}

// quiet is how long no output must have come before an exit status overtakes the end
// of output: a program that ended may have left others behind that hold it open.
const quiet = 250 * time.Millisecond

// awaitOutput returns when what the program printed has been passed on: all of it, or
// all there was when it fell silent. Silence from before does not count: on a busy machine
// what came before the exit status may lie there, and its copier not have woken yet.
func (l *link) awaitOutput() {
	began := time.Now()
	tick := time.NewTicker(quiet / 5)
	defer tick.Stop()
	for {
		select {
		case <-l.outputs:
			return
		case <-tick.C:
			if time.Since(began) > quiet && l.idle[0].since() > quiet && l.idle[1].since() > quiet {
				return
			}
		}
	}
}

// idleness is since when a copier waits for data; 0 while it passes some on.
type idleness struct{ at atomic.Int64 }

// epoch is what idleness counts from, so that it fits an atomic number.
var epoch = time.Now()

func (i *idleness) set(idle bool) {
	switch {
	case i == nil:
	case idle:
		i.at.Store(int64(time.Since(epoch)))
	default:
		i.at.Store(0)
	}
}

func (i *idleness) since() time.Duration {
	at := i.at.Load()
	if at == 0 {
		return 0
	}
	return time.Since(epoch) - time.Duration(at)
}

const (
	smallBuffer = 2 << 10
	largeBuffer = 32 << 10 // channel data comes in packets of at most this (x/crypto/ssh: channelMaxPacket)
)

// copyGrowing copies until the end of src, which is no error. Its buffer is small
// until what is read fills it: most sessions never need more.
func copyGrowing(dst io.Writer, src io.Reader, idle *idleness) error {
	buf := make([]byte, smallBuffer)
	for {
		idle.set(true)
		n, err := src.Read(buf)
		idle.set(false)
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == len(buf) && n < largeBuffer {
			buf = make([]byte, largeBuffer)
		}
	}
}
