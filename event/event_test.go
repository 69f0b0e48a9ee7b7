package event_test

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

func TestIDsAreUUIDv7AndSortByTime(t *testing.T) {
	random := bytes.NewReader(bytes.Repeat([]byte{0xff}, 1000))
	start := time.UnixMilli(1795342936000)
	var ids []event.ConnID
	for i := range 20 {
		ids = append(ids, event.NewConnID(start.Add(time.Duration(i)*time.Millisecond), random))
	}
	// RFC 9562 §5.7: 48 bits of milliseconds, version 7, variant 10.
	form := regexp.MustCompile(`^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`)
	for _, id := range ids {
		if !form.MatchString(string(id)) {
			t.Errorf("id %q is no UUIDv7 in 32 digits", id)
		}
	}
	if !slices.IsSorted(ids) {
		t.Errorf("ids are not in the order of their times: %v", ids)
	}
	if began, ok := event.NewConnID(start, nil).Time(); !ok || !began.Equal(start.Truncate(time.Millisecond)) {
		t.Errorf("the id of a connection that began at %v says %v, %v", start, began, ok)
	}
	for _, id := range []event.ConnID{"", event.Gateway, "0123456789abcdef0123456789abcdef"} {
		if began, ok := id.Time(); ok {
			t.Errorf("%q says that it began at %v", id, began)
		}
	}
	if a, b := event.NewConnID(start, nil), event.NewConnID(start, nil); a == b {
		t.Errorf("two ids of one millisecond are both %s", a)
	}
}

func TestEveryRowIsWhole(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range event.Table() {
		body := r.New()
		if body.Type() != r.Type {
			t.Errorf("%T.Type() = %d, and its row says %d", body, body.Type(), r.Type)
		}
		if got := event.RowOf(body); got == nil || got.Type != r.Type || got.Extension != r.Extension {
			t.Errorf("RowOf(%T) = %+v", body, got)
		}
		id := r.ID + r.Extension
		if id == "" || ids[id] {
			t.Errorf("row %d has no id of its own: %q", r.Type, id)
		}
		ids[id] = true
		checkFields(t, body, r.Fields)
	}
}

// checkFields holds a struct to FORMAT §2 and §4: every exported field has a key, and no
// key equals another when case is ignored, as ContainerSSH's decoder reads it.
func checkFields(t *testing.T, body event.Body, fields []event.Field) {
	t.Helper()
	seen := map[string]bool{}
	ours := false
	for _, f := range fields {
		key := strings.ToLower(f.Key)
		if key == "" || seen[key] {
			t.Errorf("%T: key %q is empty, or there twice", body, f.Key)
		}
		if strings.HasSuffix(f.Key, "Raw") {
			t.Errorf("%T: key %q ends in Raw, which is for text that is not UTF-8", body, f.Key)
		}
		if ours && !f.Ours {
			t.Errorf("%T: key %q of ContainerSSH's stands after ours", body, f.Key)
		}
		seen[key], ours = true, f.Ours
	}
	if want := tagged(reflect.TypeOf(body).Elem()); len(fields) != want {
		t.Errorf("%T has %d fields with a key, and FieldsOf finds %d", body, want, len(fields))
	}
}

func tagged(s reflect.Type) int {
	n := 0
	for _, f := range reflect.VisibleFields(s) {
		if key := f.Tag.Get("key"); !f.Anonymous && key != "" && key != "-" {
			n++
		}
	}
	return n
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		body event.Body
		want event.Kind
	}{
		{&event.IO{Stream: event.Stdin}, event.KindStdin},
		{&event.IO{Stream: event.Stderr}, event.KindStderr},
		{&event.Window{}, event.KindResize},
		{&event.HandshakeFailed{}, event.KindAuth},
		{&event.Exec{}, event.KindRequest},
		{&event.ForwardTCPIP{}, event.KindForward},
		{&event.Exit{}, event.KindOther},
		{&event.Summary{}, event.KindOther},
		{&event.Extension{Name: "file-open"}, event.KindFile},
		{&event.Extension{Name: "profile"}, event.KindOther},
		{&event.Unknown{Number: 7}, event.KindOther},
	} {
		if got := event.KindOf(c.body); got != c.want {
			t.Errorf("KindOf(%T %+v) = %d, want %d", c.body, c.body, got, c.want)
		}
	}
}
