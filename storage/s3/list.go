package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// List yields the logs on this machine and in the bucket. Of logs that are not finished, and written or left
// elsewhere, it knows what this account may see: their uploads, and their tails.
func (s *Store) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		// The spool is looked at first: a log that moves meanwhile is met there.
		for info, err := range merge(s.listLocal(ctx, from), s.listRemote(ctx, from)) {
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

func (s *Store) listRemote(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return merge(s.listObjects(ctx, from), s.listUploads(ctx, from))
}

// merge yields what a and b yield, both in order, in order, and of two of one name that of a. It begins with a.
func merge(a, b iter.Seq2[storage.Info, error]) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		infoA, errA, moreA := nextA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		infoB, errB, moreB := nextB()
		for moreA || moreB {
			useA := moreA && (!moreB || errA != nil || errB == nil && infoA.Name <= infoB.Name)
			if useA && moreB && errA == nil && errB == nil && infoA.Name == infoB.Name {
				infoB, errB, moreB = nextB()
				continue
			}
			if useA {
				if !yield(infoA, errA) {
					return
				}
				infoA, errA, moreA = nextA()
				continue
			}
			if !yield(infoB, errB) {
				return
			}
			infoB, errB, moreB = nextB()
		}
	}
}

// listObjects yields the finished logs in the bucket, and those that have a tail only, a page of keys at a time.
func (s *Store) listObjects(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		var held holder
		for o, err := range s.objects(ctx, before(from)) {
			if err != nil {
				yield(storage.Info{}, fmt.Errorf("list logs: %w", err))
				return
			}
			for _, info := range held.pass(o.Key) {
				if info.Name >= from && !yield(info, nil) {
					return
				}
			}
			if name, isTail := strings.CutSuffix(o.Key, tailSuffix); isTail {
				held.tail(storage.Info{Name: storage.Name(name), Size: o.Size, Modified: o.Modified})
			} else if allowed(ctx, storage.Name(o.Key)) == nil {
				held.add(storage.Info{Name: storage.Name(o.Key), Size: o.Size, Modified: o.Modified, Finished: true})
			}
		}
		for _, info := range held.rest() {
			if info.Name >= from && !yield(info, nil) {
				return
			}
		}
	}
}

// objects yields the objects with keys after a key. A page that fails is asked for again from
// the last key on.
func (s *Store) objects(ctx context.Context, after string) iter.Seq2[bucket.Stored, error] {
	return func(yield func(bucket.Stored, error) bool) {
		stopped := false
		err := patiently(ctx, func() error {
			for o, err := range s.remote.List(ctx, "", after) {
				if err != nil {
					return err
				}
				after = o.Key
				if stopped = !yield(o, nil); stopped {
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(bucket.Stored{}, err)
		}
	}
}

// before returns a key that is before all names from a name on, and close to them: none can be between.
func before(from storage.Name) string {
	for from != "" && from.Validate() != nil { // it may be any text
		from = from[:len(from)-1]
	}
	if from == "" {
		return ""
	}
	last := len(from) - 1
	return string(from[:last]) + string(from[last]-1) + "~"
}

// listUploads yields the logs whose uploads are open. Who may not know of any is told of none.
func (s *Store) listUploads(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		var logs []storage.Info
		err := patiently(ctx, func() error {
			logs = logs[:0]
			for u, err := range s.remote.Uploads(ctx, "") {
				if err != nil {
					return err
				}
				if name := storage.Name(u.Key); name >= from && allowed(ctx, name) == nil {
					logs = append(logs, storage.Info{Name: name, Modified: u.Begun})
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, bucket.ErrDenied) && !errors.Is(err, bucket.ErrUnknown) {
			yield(storage.Info{}, fmt.Errorf("list uploads: %w", err))
			return
		}
		slices.SortStableFunc(logs, func(a, b storage.Info) int { return strings.Compare(string(a.Name), string(b.Name)) })
		logs = slices.CompactFunc(logs, func(a, b storage.Info) bool { return a.Name == b.Name })
		for _, info := range logs {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// holder brings logs into the order of their names when some are known by their tails alone: NAME.tail comes after
// NAME, and after all that begins with NAME and goes on with - or with a full stop and what is
// before "tail". So what could stand behind such a name is held back until the keys are past it.
type holder struct {
	held []storage.Info // in their order
	done []storage.Name // finished logs that were passed on, each the beginning of the next
}

// pass returns what is in order for good when key comes next.
func (h *holder) pass(key string) []storage.Info {
	n := 0
	for n < len(h.held) && settled(h.held[n].Name, key) {
		n++
	}
	out := slices.Clone(h.held[:n])
	h.held = slices.Delete(h.held, 0, n)
	for _, info := range out {
		if info.Finished {
			h.done = append(h.begins(string(info.Name)), info.Name)
		}
	}
	return out
}

// settled reports whether no tail that may come with key or after it is of a log before name.
func settled(name storage.Name, key string) bool {
	for i := range len(name) {
		if c := name[i]; (c == '-' || c == '.') && string(name[:i])+tailSuffix >= key {
			return false
		}
	}
	return true
}

// begins returns those of done that key begins with.
func (h *holder) begins(key string) []storage.Name {
	n := 0
	for n < len(h.done) && strings.HasPrefix(key, string(h.done[n])) {
		n++
	}
	return h.done[:n]
}

func (h *holder) add(info storage.Info) { h.held = append(h.held, info) }

// tail adds a log that has a tail, unless it is finished.
func (h *holder) tail(info storage.Info) {
	at, found := slices.BinarySearchFunc(h.held, info, func(a, b storage.Info) int { return strings.Compare(string(a.Name), string(b.Name)) })
	if !found && !slices.Contains(h.done, info.Name) && info.Name.Validate() == nil {
		h.held = slices.Insert(h.held, at, info)
	}
}

func (h *holder) rest() []storage.Info { return h.held }
