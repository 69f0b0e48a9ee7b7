package bucket_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/s3test"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

func open(t *testing.T, c bucket.Config) *bucket.Bucket {
	t.Helper()
	b, err := bucket.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

func config(s *s3test.Server, a s3test.Account) bucket.Config {
	return bucket.Config{
		Endpoint: s.URL, Region: s.Region, Bucket: s.Bucket, Prefix: "logs/a b/", PathStyle: true, CACert: []byte(s.CA),
		Keys: func() (bucket.Keys, error) { return bucket.Keys{Access: a.AccessKey, Secret: a.SecretKey}, nil },
	}
}

func pattern(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i * i / 251)
	}
	return p
}

// everyByte is a user name that no header can have.
func everyByte() string {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	return string(all) // 64 of them are plain: 640 bytes when they are encoded, so the end is cut
}

func TestEveryRequestOnARealStore(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	for _, sum := range []bucket.Checksum{bucket.CRC64, bucket.MD5, bucket.NoChecksum} {
		t.Run(string(sum), func(t *testing.T) {
			limited, root := config(s, s.Limited), config(s, s.Root)
			limited.Checksum, root.Checksum = sum, sum
			limited.Prefix += string(sum) + "/"
			root.Prefix = limited.Prefix
			useStore(t, open(t, limited), open(t, root))
		})
	}
}

// useStore does all that a gateway does with the permissions it needs, and looks at it with all of them.
func useStore(t *testing.T, b, all *bucket.Bucket) {
	ctx := t.Context()
	about := bucket.About{ContentType: "application/x-log", Metadata: map[string]string{"username": "ä\r\nX-Evil: 1 =?UTF-8?q?x?=  %41", "country": ""}}
	short, long := pattern(1000), pattern(bucket.MinPart+1000)

	st, err := b.Put(ctx, "short", bytes.NewReader(short), int64(len(short)), about)
	if err != nil || st.Match != bucket.Same {
		t.Fatalf("Put = %+v, %v, want a store that shows that it has the same", st, err)
	}
	if _, err := b.Put(ctx, "short", bytes.NewReader(short), 3, about); !errors.Is(err, bucket.ErrExist) || bucket.ClassOf(err) != bucket.Final {
		t.Errorf("Put where there is an object = %v, want ErrExist", err)
	}
	if st, err := b.Put(ctx, "empty", bytes.NewReader(nil), 0, about); err != nil || st.Match != bucket.Same {
		t.Errorf("Put of no bytes = %+v, %v", st, err)
	}
	if _, err := b.Replace(ctx, "tail", bytes.NewReader(short), 1, about); err != nil {
		t.Errorf("Replace: %v", err)
	}
	if _, err := b.Replace(ctx, "tail", bytes.NewReader(short), 2, about); err != nil {
		t.Errorf("Replace again: %v", err)
	}
	parts := uploadLong(t, b, long, about)
	compareAll(t, all, short, long, parts, about)
	readRanges(t, all, long)
	denied(t, b)
}

func uploadLong(t *testing.T, b *bucket.Bucket, long []byte, about bucket.About) []bucket.Part {
	t.Helper()
	ctx := t.Context()
	id, err := b.Begin(ctx, "long", about)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	found := 0
	for u, err := range b.Uploads(ctx, "") {
		if err != nil || u.Key != "long" || u.ID != id || u.Begun.IsZero() {
			t.Errorf("Uploads = %+v, %v, want long %s", u, err, id)
		}
		found++
	}
	if found != 1 {
		t.Errorf("%d uploads, want 1", found)
	}
	var parts []bucket.Part
	for i, at := range []int{0, bucket.MinPart} {
		size := min(bucket.MinPart, len(long)-at)
		if i == 1 { // a part that is sent again takes the place of the first
			if _, err := b.Part(ctx, "long", id, 2, bytes.NewReader(long), 0, 5); err != nil {
				t.Fatalf("Part: %v", err)
			}
		}
		p, err := b.Part(ctx, "long", id, i+1, bytes.NewReader(long), int64(at), int64(size))
		if err != nil || p.Match != bucket.Same {
			t.Fatalf("Part %d = %+v, %v", i+1, p, err)
		}
		parts = append(parts, p)
	}
	wrong := slices.Clone(parts)
	wrong[1].ETag = strings.Repeat("0", 32)
	if _, err := b.Complete(ctx, "long", id, wrong); !errors.Is(err, bucket.ErrParts) {
		t.Errorf("Complete with another ETag = %v, want ErrParts", err)
	}
	st, err := b.Complete(ctx, "long", id, parts)
	if err != nil || st.Match != bucket.Same {
		t.Fatalf("Complete = %+v, %v", st, err)
	}
	if st, err := b.Complete(ctx, "long", id, parts); err != nil || st.Match != bucket.Same {
		t.Errorf("Complete again = %+v, %v, want the same answer", st, err)
	}
	if _, err := b.Part(ctx, "long", id, 3, bytes.NewReader(long), 0, 5); !errors.Is(err, bucket.ErrNoUpload) {
		t.Errorf("Part of an upload that is completed = %v, want ErrNoUpload", err)
	}
	if id, err = b.Begin(ctx, "gone", about); err == nil {
		err = b.Abort(ctx, "gone", id)
	}
	if err != nil {
		t.Errorf("Begin and Abort: %v", err)
	}
	return parts
}

// compareAll looks at the objects as somebody does who may.
func compareAll(t *testing.T, b *bucket.Bucket, short, long []byte, parts []bucket.Part, about bucket.About) {
	t.Helper()
	ctx := t.Context()
	sum, err := bucket.SumOf(bytes.NewReader(short), int64(len(short)))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := bucket.Whole(parts)
	if err != nil {
		t.Fatal(err)
	}
	other := sum
	other.Size++
	for key, want := range map[string]map[bucket.Match]bucket.Sum{
		"short": {bucket.Same: sum, bucket.Other: other},
		"long":  {bucket.Same: whole},
	} {
		st, err := b.Head(ctx, key)
		if err != nil {
			t.Fatalf("Head: %v", err)
		}
		for match, sum := range want {
			if got := sum.Compare(st); got != match {
				t.Errorf("%s: %+v compared with %+v is %s, want %s", key, st, sum, got, match)
			}
		}
		if got := st.About.Metadata["username"]; got != about.Metadata["username"] || st.About.ContentType != about.ContentType {
			t.Errorf("%s tells of itself %+v, want %+v", key, st.About, about)
		}
	}
	var keys []string
	for st, err := range b.List(ctx, "", "empty") {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		keys = append(keys, fmt.Sprintf("%s %d %t", st.Key, st.Size, st.Modified.IsZero()))
	}
	if want := []string{fmt.Sprintf("long %d false", len(long)), "short 1000 false", "tail 2 false"}; !slices.Equal(keys, want) {
		t.Errorf("List after empty = %q, want %q", keys, want)
	}
	if err := b.Delete(ctx, "tail"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := b.Head(ctx, "tail"); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("Head of what was deleted = %v, want ErrNotExist", err)
	}
}

func readRanges(t *testing.T, b *bucket.Bucket, long []byte) {
	t.Helper()
	ctx := t.Context()
	get := func(key string, offset, n int64, etag string) ([]byte, bucket.Stored, error) {
		r, st, err := b.Get(ctx, key, offset, n, etag)
		if err != nil {
			return nil, st, err
		}
		defer r.Close()
		got, err := io.ReadAll(r)
		return got, st, err
	}
	end, st, err := get("long", -1, 100, "")
	if err != nil || !bytes.Equal(end, long[len(long)-100:]) || st.Size != int64(len(long)) {
		t.Errorf("Get of the end = %d bytes of %d, %v, want the last 100 of %d", len(end), st.Size, err, len(long))
	}
	if got, _, err := get("long", 7, 20, st.ETag); err != nil || !bytes.Equal(got, long[7:27]) {
		t.Errorf("Get from 7 = %x, %v", got, err)
	}
	if got, _, err := get("long", int64(len(long))-3, 20, st.ETag); err != nil || !bytes.Equal(got, long[len(long)-3:]) {
		t.Errorf("Get beyond the end = %x, %v", got, err)
	}
	if _, _, err := get("long", 7, 20, strings.Repeat("0", 32)); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("Get of another version = %v, want ErrChanged", err)
	}
	if got, st, err := get("empty", -1, 20, ""); err != nil || len(got) != 0 || st.Size != 0 {
		t.Errorf("Get of the end of nothing = %x of %d, %v", got, st.Size, err)
	}
	if _, _, err := get("long", int64(len(long)), 20, ""); !errors.Is(err, bucket.ErrRange) {
		t.Errorf("Get from the end = %v, want ErrRange", err)
	}
	if _, _, err := get("none", -1, 20, ""); !errors.Is(err, bucket.ErrNotExist) {
		t.Errorf("Get of no object = %v, want ErrNotExist", err)
	}
	parts := map[int]int64{}
	id, err := b.Begin(ctx, "half", bucket.About{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Part(ctx, "half", id, 4, bytes.NewReader(long), 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	for got, err := range b.Parts(ctx, "half", id) {
		if err != nil || got.ETag != p.ETag || got.CRC64 != "" && got.CRC64 != p.CRC64 {
			t.Errorf("Parts = %+v, %v, want %+v", got, err, p)
		}
		parts[got.Number] = got.Size
	}
	if want := map[int]int64{4: 5}; !maps.Equal(parts, want) {
		t.Errorf("Parts = %v, want %v", parts, want)
	}
}

// denied makes requests without the permission to.
func denied(t *testing.T, b *bucket.Bucket) {
	t.Helper()
	ctx := t.Context()
	_, err := b.Head(ctx, "short")
	if !errors.Is(err, bucket.ErrDenied) || bucket.ClassOf(err) != bucket.Operator {
		t.Errorf("Head = %v, want ErrDenied", err)
	}
	for _, err := range b.List(ctx, "", "") {
		if !errors.Is(err, bucket.ErrDenied) {
			t.Errorf("List = %v, want ErrDenied", err)
		}
	}
	if err := b.Delete(ctx, "short"); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("Delete = %v, want ErrDenied", err)
	}
}

func TestAWrongAccessKeyIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	for _, a := range []s3test.Account{{AccessKey: s.Limited.AccessKey, SecretKey: "wrong-secret"}, {AccessKey: "nobody", SecretKey: s.Limited.SecretKey}} {
		_, err := open(t, config(s, a)).Put(t.Context(), "k", strings.NewReader("x"), 1, bucket.About{})
		if bucket.ClassOf(err) != bucket.Operator || err == nil || strings.Contains(err.Error(), a.SecretKey) {
			t.Errorf("Put = %v, want an error for the operator without the secret", err)
		}
	}
}

func TestKeysCanBeReplaced(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	c, account := config(s, s.Limited), s.Limited
	c.Keys = func() (bucket.Keys, error) {
		return bucket.Keys{Access: account.AccessKey, Secret: account.SecretKey}, nil
	}
	b := open(t, c)
	put := func(key string) error {
		_, err := b.Put(t.Context(), key, strings.NewReader("x"), 1, bucket.About{})
		return err
	}
	if err := put("before"); err != nil {
		t.Fatal(err)
	}
	replaced := account
	s.ChangeSecret(t, &replaced, "another-secret")
	s.Kill(t) // versitygw remembers an account for a while
	s.Resume(t)
	if err := put("old"); bucket.ClassOf(err) != bucket.Operator {
		t.Errorf("Put with the secret of before = %v, want an error for the operator", err)
	}
	account = replaced
	if err := put("new"); err != nil {
		t.Errorf("Put with the new secret: %v", err)
	}
}

func TestAnETagIsTheMD5OfWhatIsStored(t *testing.T) {
	t.Parallel()
	want := md5.Sum([]byte("abc"))
	if s, err := bucket.SumOf(strings.NewReader("abcd"), 3); err != nil || s.ETag != hex.EncodeToString(want[:]) || s.Size != 3 {
		t.Errorf("SumOf = %+v, %v", s, err)
	}
	if _, err := bucket.SumOf(strings.NewReader("ab"), 3); bucket.ClassOf(err) != bucket.Retry || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("SumOf of less = %v", err)
	}
}

func TestAUserNameOfEveryByteIsSignedAndComesBack(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	b, all := open(t, config(s, s.Limited)), open(t, config(s, s.Root))
	name := everyByte()
	for i := range 4 { // together they would be longer than metadata may be
		piece := name[i*64 : i*64+64]
		key := fmt.Sprintf("k%d", i)
		if _, err := b.Put(t.Context(), key, strings.NewReader("x"), 1, bucket.About{Metadata: map[string]string{"username": piece}}); err != nil {
			t.Fatalf("Put with username %q: %v", piece, err)
		}
		st, err := all.Head(t.Context(), key)
		if err != nil || st.About.Metadata["username"] != piece {
			t.Errorf("username = %q, %v, want %q", st.About.Metadata["username"], err, piece)
		}
	}
	if _, err := b.Put(t.Context(), "long", strings.NewReader("x"), 1, bucket.About{Metadata: map[string]string{"username": strings.Repeat("\x00", 100_000)}}); err != nil {
		t.Errorf("Put with a name of 100,000 bytes: %v", err)
	}
}
