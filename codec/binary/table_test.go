package binary

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sshtrail/sshtrail/event"
)

// filled returns a body of a row with something in every field: in each text a byte
// that is not UTF-8, unless it is in an array or in a summary.
func filled(row *event.Row) event.Body {
	body := row.New()
	n := 0
	fill(reflect.ValueOf(body).Elem(), &n, row.Extension == "summary")
	settle(body)
	return body
}

// settle gives the fields their value that can't have any.
func settle(body event.Body) {
	switch b := body.(type) {
	case *event.Summary:
		b.Version = 1
	case *event.Connect:
		b.RemoteAddr = "2001:db8::7"
	case *event.GatewayStart:
		b.Config = strings.Repeat("0123456789abcdef", 4)
	case *event.AuthPassword:
		b.Password = nil
	case *event.AuthPasswordSuccessful:
		b.Password = nil
	case *event.AuthPasswordFailed:
		b.Password = nil
	case *event.AuthPasswordBackendError:
		b.Password = nil
	}
}

func fill(v reflect.Value, n *int, plain bool) {
	*n++
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[event.By]() {
			v.SetString(string(event.ByGateway))
			return
		}
		v.SetString(fmt.Sprintf("text %d\xff", *n))
		if plain {
			v.SetString(fmt.Sprintf("text %d", *n))
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n) << (*n % 30))
	case reflect.Int64:
		v.SetInt(int64(*n) * 1_000_000_007)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, plain)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n, true)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{byte(*n), 0xff, 0})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		inArray := v.Type().Elem().Kind() == reflect.String
		for i := range v.Len() {
			fill(v.Index(i), n, plain || inArray)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if key := v.Type().Field(i).Tag.Get("key"); key != "-" {
				fill(v.Field(i), n, plain)
			}
		}
	default:
		panic("no value for a field of kind " + v.Kind().String())
	}
}

// decodeMessage takes a message by itself and checks it as a reader would.
func decodeMessage(t testing.TB, raw []byte, kind event.Kind, time int64) *Message {
	t.Helper()
	c := checker{alone: true}
	c.begin(&header{messages: 1, from: time, to: time, kinds: 1 << kind}, nil, raw)
	m := new(Message)
	if err := c.next(m); err != nil {
		t.Fatalf("the checker refuses %x: %v", raw, err)
	}
	if c.s.Pos() != len(raw) {
		t.Fatalf("the checker reads %d of %d bytes of %x", c.s.Pos(), len(raw), raw)
	}
	return m
}

var sameEvent = []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(event.IO{}, "Skipped")}

// TestTable writes, checks and reads each kind of event, with all fields and with
// none, and compares its CBOR and its JSON with a golden file.
func TestTable(t *testing.T) {
	const dir = "testdata/golden"
	want := map[string]bool{}
	for i := range event.Table() {
		row := &event.Table()[i]
		name := row.ID
		if row.Extension != "" {
			name = "extension-" + row.Extension
		}
		file := filepath.Join(dir, name+".txt")
		want[file] = true
		t.Run(name, func(t *testing.T) {
			var golden bytes.Buffer
			for _, body := range []event.Body{filled(row), empty(row)} {
				ev := event.Event{Conn: "0199e1b0c3f27abc8def0123456789ab", Time: 1_795_342_935_861_280_255, Body: body}
				if row.Type.OnChannel() {
					ev.Channel = 3
				}
				raw, err := AppendMessage(nil, &ev)
				if err != nil {
					t.Fatal(err)
				}
				m := decodeMessage(t, raw, event.KindOf(body), ev.Time)
				got, err := m.Event()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(ev, got, sameEvent...); diff != "" {
					t.Errorf("decode(encode(x)) differs from x (-want +got):\n%s", diff)
				}
				text := m.AppendJSON(nil)
				if !json.Valid(text) {
					t.Errorf("not JSON: %s", text)
				}
				fmt.Fprintf(&golden, "%s\n%s\n", hex.EncodeToString(raw), text)
			}
			compareGolden(t, file, golden.Bytes())
		})
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[file] {
			t.Errorf("%s: the table has no such row", file)
		}
	}
}

func empty(row *event.Row) event.Body {
	body := row.New()
	settle(body)
	return body
}

// TestTypeNames compares the names in the table with ContainerSSH's own.
func TestTypeNames(t *testing.T) {
	names := map[string]string{}
	for _, name := range []string{"containerssh-v1", "containerssh-v2-exec", "containerssh-v2-pty"} {
		lines, err := os.ReadFile("testdata/containerssh/" + name + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(lines)) {
			var m struct{ TypeID, TypeName string }
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			names[m.TypeID] = m.TypeName
		}
	}
	for i := range event.Table() {
		row := &event.Table()[i]
		if want, ok := names[row.ID]; ok && row.Name != want {
			t.Errorf("name of %s = %q, want %q", row.ID, row.Name, want)
		}
	}
}
