package hostile

import (
	"bufio"
	"bytes"
	"crypto/md5"  //nolint:gosec // what S3 makes ETags of
	"crypto/sha1" //nolint:gosec // one of S3's checksums
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// crc64NVME is the polynomial of the checksum of that name, with its bits reversed (NVM Express NVM Command
// Set Specification, "64b CRC").
const crc64NVME = 0x9a6c9329ac4bc9b5

// algorithms are those of S3's checksums that are known here, as headers have them.
func algorithms() []string { return []string{"crc32", "crc32c", "crc64nvme", "sha1", "sha256"} }

func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc64nvme":
		return crc64.New(crc64.MakeTable(crc64NVME))
	case "sha1":
		return sha1.New() //nolint:gosec // as above
	case "sha256":
		return sha256.New()
	}
	return nil
}

func checksum(algorithm string, data []byte) string {
	h := newHash(algorithm)
	h.Write(data)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func md5Hex(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// readBody reads a body and checks all that was told of it.
func readBody(r *http.Request) (*body, error) {
	if r.ContentLength < 0 {
		return nil, fail(http.StatusLengthRequired, "MissingContentLength", "the length must be told")
	}
	data, trailer, err := readPayload(r)
	if err != nil {
		return nil, err
	}
	if told := r.Header.Get("Content-Md5"); told != "" {
		sum := md5.Sum(data) //nolint:gosec // as above
		if told != base64.StdEncoding.EncodeToString(sum[:]) {
			return nil, fail(http.StatusBadRequest, "BadDigest", "the Content-MD5 is not that of the body")
		}
	}
	b := &body{data, map[string]string{}}
	for _, algorithm := range algorithms() {
		told := r.Header.Get("X-Amz-Checksum-" + algorithm)
		if told == "" {
			told = trailer["x-amz-checksum-"+algorithm]
		}
		// That of CompleteMultipartUpload is the whole object's, not its body's.
		if told == "" || r.Method == http.MethodPost {
			continue
		}
		if told != checksum(algorithm, data) {
			return nil, fail(http.StatusBadRequest, "BadDigest", "the "+algorithm+" is not that of the body")
		}
		b.checksums[algorithm] = told
	}
	if len(b.checksums) > 1 {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "more than one checksum")
	}
	return b, nil
}

// readPayload reads a body in the form that the header X-Amz-Content-Sha256 names.
func readPayload(r *http.Request) (data []byte, trailer map[string]string, err error) {
	form := r.Header.Get("X-Amz-Content-Sha256")
	if strings.HasPrefix(form, "STREAMING-") {
		return readChunks(r, form)
	}
	if data, err = readExactly(r.Body, r.ContentLength); err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(data)
	if form != "UNSIGNED-PAYLOAD" && form != hex.EncodeToString(sum[:]) {
		return nil, nil, fail(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "the body is not that which was signed")
	}
	return data, nil, nil
}

func readExactly(r io.Reader, n int64) ([]byte, error) {
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if extra, _ := io.ReadFull(r, make([]byte, 1)); extra != 0 {
		return nil, fail(http.StatusBadRequest, "IncompleteBody", "the body is longer than was told")
	}
	return data, nil
}

// readChunks reads the form aws-chunked: chunks with their lengths, and a trailer (Amazon S3 API Reference,
// "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks").
func readChunks(r *http.Request, form string) (data []byte, trailer map[string]string, err error) {
	want, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil {
		return nil, nil, fail(http.StatusLengthRequired, "MissingContentLength", "the length of what is in the chunks must be told")
	}
	raw, err := readExactly(r.Body, r.ContentLength)
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReader(bytes.NewReader(raw))
	data = make([]byte, 0, want)
	for {
		chunk, err := readChunk(in, strings.HasPrefix(form, "STREAMING-AWS4"))
		if err != nil {
			return nil, nil, fail(http.StatusBadRequest, "IncompleteBody", err.Error())
		}
		if len(chunk) == 0 {
			break
		}
		data = append(data, chunk...)
	}
	if int64(len(data)) != want {
		return nil, nil, fail(http.StatusBadRequest, "IncompleteBody", "the chunks have another length than was told")
	}
	trailer, err = readTrailer(in, r.Header.Get("X-Amz-Trailer"), strings.HasSuffix(form, "-TRAILER"))
	return data, trailer, err
}

// readChunk reads one chunk; the last is empty.
func readChunk(in *bufio.Reader, signed bool) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read chunk: %w", err)
	}
	size, extension, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";")
	n, err := strconv.ParseInt(size, 16, 64)
	if err != nil || n < 0 || n > int64(in.Size())+1<<40 {
		return nil, fmt.Errorf("read chunk: its length is %q", size)
	}
	if signed && !strings.HasPrefix(extension, "chunk-signature=") {
		return nil, fmt.Errorf("read chunk: it is not signed")
	}
	if n == 0 {
		return nil, nil
	}
	chunk, err := io.ReadAll(io.LimitReader(in, n+2))
	if err != nil || int64(len(chunk)) != n+2 || !bytes.HasSuffix(chunk, []byte("\r\n")) {
		return nil, fmt.Errorf("read chunk: it does not have the %d bytes that it says", n)
	}
	return chunk[:n], nil
}

// readTrailer reads what comes behind the last chunk. What was announced must be there.
func readTrailer(in *bufio.Reader, announced string, allowed bool) (map[string]string, error) {
	trailer := map[string]string{}
	for {
		line, err := in.ReadString('\n')
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok {
			trailer[strings.ToLower(name)] = strings.TrimSpace(value)
		}
		if err != nil || line == "\r\n" {
			break
		}
	}
	if announced != "" && (!allowed || trailer[strings.ToLower(announced)] == "") {
		return nil, fail(http.StatusBadRequest, "MalformedTrailerError", "the trailer has no "+announced)
	}
	return trailer, nil
}
