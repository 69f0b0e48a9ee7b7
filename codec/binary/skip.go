package binary

import "io"

// FirstBlock is the offset of a log's first block.
const FirstBlock = int64(len(fileHeader))

// Head is what a data block's header says of the block. It is not checked: [ReadBlock] does that.
type Head struct {
	Offset   int64 // in the file
	Next     int64 // offset of the next block, or of the end mark, if the file is so long
	Number   uint32
	Messages uint32
	First    uint64 // number of the first message
	From, To int64
	Kinds    uint32 // bit n for the event.Kind n
}

// ReadHead reads the header of the data block at offset and nothing else, to skip the
// block or to find one. Its errors are those of [ReadBlock].
func ReadHead(r io.ReaderAt, offset int64) (Head, error) {
	h, err := headAt(r, offset)
	if err != nil {
		return Head{}, err
	}
	return Head{
		Offset: offset, Next: offset + int64(h.size), Number: h.block, Messages: h.messages, First: h.first,
		From: h.from, To: h.to, Kinds: h.kinds,
	}, nil
}

// headAt reads the header of a data block that begins at offset.
func headAt(r io.ReaderAt, offset int64) (header, error) {
	head := make([]byte, blockHead)
	n, err := r.ReadAt(head, offset)
	switch {
	case n == 0 && err == io.EOF:
		return header{}, io.EOF
	case n < blockHead && err == io.EOF:
		return header{}, &Fault{Verdict: Truncated, Offset: offset, Why: "the file ends within this block's header"}
	case n < blockHead:
		return header{}, readError(err)
	}
	h := parseHead(head)
	if string(head[:len(gzipHead)]) != gzipHead || h.size > maxMember || int(h.size) < blockHead+trailer {
		return header{}, &Fault{Verdict: Tampered, Offset: offset, Why: "there is no block here"}
	}
	if h.flags == flagEnd {
		return header{}, io.EOF
	}
	return h, nil
}
