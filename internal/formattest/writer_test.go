package formattest_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// filledBody returns a body of a row with every string, number and list set; strings are not UTF-8.
func filledBody(row *event.Row) event.Body {
	body := row.New()
	fill(reflect.ValueOf(body).Elem())
	return body
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			// What is said to be hidden would have to be empty.
			if !strings.HasSuffix(v.Type().Field(i).Name, "Hidden") {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("text \xff\xe2\x82")
		if v.Type() == reflect.TypeFor[event.By]() {
			v.SetString(string(event.ByTarget))
		}
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1<<32 - 1)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Int64:
		v.SetInt(start)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte{0xff})
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	}
}

// wanted returns the known keys and their Raw keys of a body that fill has filled.
func wanted(row typeRow) obj {
	var known, raws obj
	for _, f := range row.known {
		value, text := filledValue(f)
		known = append(known, f.key, value)
		if text {
			raws = append(raws, f.key+"Raw", []byte("text \xff\xe2\x82"))
		}
	}
	return append(known, raws...)
}

func filledValue(f field) (value any, text bool) {
	const replaced, sent = "text \ufffd\ufffd\ufffd", "text \xff\xe2\x82"
	switch f.kind {
	case "uint", "uint32":
		return 1<<32 - 1, false
	case "stream":
		return 2, false
	case "bool":
		return true, false
	case "bytes":
		return []byte{0xff}, false
	case "questions":
		return []any{obj{"question", replaced, "echo", true, "questionRaw", []byte(sent)}}, false
	case "answers":
		return []any{obj{"question", replaced, "answer", replaced, "questionRaw", []byte(sent), "answerRaw", []byte(sent)}}, false
	}
	return replaced, true
}

// sensible puts values into a body that peers do not choose.
func sensible(body event.Body) event.Body {
	switch b := body.(type) {
	case *event.Connect:
		b.RemoteAddr, b.LocalAddr, b.Country = "192.0.2.7", "192.0.2.8", "XX"
	case *event.AuthPartial:
		b.Next = []string{"publickey"}
	case *event.GatewayStart:
		b.Config = strings.Repeat("0f", 32)
	}
	return body
}

// TestOurMessages compares what our writer makes of every row with known keys by the page, to the byte.
func TestOurMessages(t *testing.T) {
	rows := map[int]typeRow{}
	for _, row := range types() {
		rows[row.typ] = row
	}
	for _, row := range event.Table() {
		if row.Extension == "summary" {
			continue
		}
		ev := event.Event{Conn: conn, Time: start, Body: sensible(filledBody(&row))}
		b, err := binary.AppendMessage(nil, &ev)
		if err != nil {
			t.Errorf("type %d %s: %v", row.Type, row.Extension, err)
			continue
		}
		v, rest, err := dec(b, 1)
		if err != nil || len(rest) != 0 || !bytes.Equal(enc(v), b) {
			t.Errorf("type %d %s: %v after %v in %x", row.Type, row.Extension, err, v, b)
			continue
		}
		m := onConn(int(row.Type), v.(obj).get("payload"))
		if row.Type >= 300 {
			m.channel = 0
		}
		if got, want := v, any(decoded(m)); !reflect.DeepEqual(got, want) {
			t.Errorf("type %d %s: the message is\n%v, want\n%v", row.Type, row.Extension, got, want)
		}
		expect(t, fmt.Sprintf("our type %d %s", row.Type, row.Extension), alone(withBytes(m, b)), "complete")
		if known := wanted(rows[int(row.Type)]); row.Extension == "" && row.Type != 0 && len(known) > 0 {
			got := enc(v.(obj).get("payload"))
			head := len(cborHead(5, uint64(len(v.(obj).get("payload").(obj))/2)))
			if want := enc(known)[len(cborHead(5, uint64(len(known)/2))):]; !bytes.HasPrefix(got[head:], want) {
				t.Errorf("type %d: payload is\n%x, want it to begin with\n%x", row.Type, got[head:], want)
			}
		}
	}
}

// decoded returns a message as dec gives it.
func decoded(m message) obj {
	v, _, err := dec(m.encode(), 1)
	if err != nil {
		panic("formattest: " + err.Error())
	}
	return v.(obj)
}

func withBytes(m message, b []byte) message {
	p, _ := m.payload.(obj)
	if m.typ == 500 {
		m.payload = obj{"stream", int(p.get("stream").(int64)), "data", p.get("data")}
	}
	m.bytes = b
	return m
}

// ourLog makes a log of n blocks with our writer, of three events each, with flag 2 from a block on.
func ourLog(t *testing.T, n int, recoveredFrom int) []byte {
	t.Helper()
	w, c := binary.NewWriter(), binary.NewCompressor(1)
	random := rand.New(rand.NewPCG(1, 2))
	log := w.AppendHeader(nil)
	var all []message
	at := start
	for i := range n {
		b := binary.Block{From: at, Recovered: i >= recoveredFrom}
		add := func(body event.Body) {
			ev := event.Event{Conn: conn, Time: at, Body: body}
			plain, err := binary.AppendMessage(b.Plain, &ev)
			if err != nil {
				t.Fatal(err)
			}
			v, _, err := dec(plain[len(b.Plain):], 1)
			if err != nil {
				t.Fatal(err)
			}
			m := meaning(v.(obj))
			all = append(all, m)
			b.Plain, b.To, b.Kinds, b.Messages = plain, at, b.Kinds|1<<m.kind(), b.Messages+1
		}
		if i == 0 {
			add(&event.Connect{RemoteAddr: "192.0.2.7", Country: "XX"})
		}
		for range 3 {
			data := make([]byte, random.IntN(300))
			for j := range data {
				data[j] = byte(random.IntN(256)) & byte(i)
			}
			add(&event.IO{Stream: event.Stream(random.IntN(3)), Data: data})
			at += int64(random.IntN(3))
		}
		if i == n-1 {
			add(ourSummary(all, w.Index(b.From)))
		}
		var err error
		if log, err = w.AppendBlock(log, b, c, 1+i%9); err != nil {
			t.Fatal(err)
		}
	}
	log = w.AppendEnd(log)
	if w.Size() != int64(len(log)) || w.Messages() != uint64(len(all)) {
		t.Errorf("writer says %d bytes, %d messages, want %d, %d", w.Size(), w.Messages(), len(log), len(all))
	}
	return log
}

func ourSummary(all []message, index [][2]int64) *event.Summary {
	s := &event.Summary{Version: 1, Start: all[0].at, End: all[len(all)-1].at, Index: index}
	sums := newTotals(all)
	s.Bytes = event.StreamBytes{Stdin: uint64(sums.bytes[0]), Stdout: uint64(sums.bytes[1]), Stderr: uint64(sums.bytes[2])}
	for i, k := range sums.kinds {
		s.Kinds[i] = uint64(k.(int))
	}
	return s
}

// TestOurLogs reads what our writer wrote with the parser of this test.
func TestOurLogs(t *testing.T) {
	for _, c := range []struct {
		blocks, recovered int
		verdict           string
	}{{1, 1, "complete"}, {2, 2, "complete"}, {9, 5, "recovered"}, {1, 0, "recovered"}, {1024, 1024, "complete"}, {1025, 1025, "complete"}, {2049, 2048, "recovered"}} {
		log := ourLog(t, c.blocks, c.recovered)
		name := fmt.Sprintf("%d blocks", c.blocks)
		p, err := parse(log)
		if err != nil {
			t.Errorf("%s: not as the page has it: %v", name, err)
			continue
		}
		if got := expect(t, name, log, c.verdict); got.digest != p.digest {
			t.Errorf("%s: digest = %s, want %s", name, got.digest, p.digest)
		}
		for i, h := range p.blocks {
			if want := byte(0); h.flags != want && i < c.recovered {
				t.Errorf("%s: block %d has flags %d", name, i, h.flags)
			}
		}
	}
}
