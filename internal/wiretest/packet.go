package wiretest

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// keys protects one direction. The zero value does not: that is how it begins.
type keys struct {
	cipher   cipher.Stream
	mac      hash.Hash
	sequence uint32
}

const (
	blockSize  = 16 // of the cipher, and above what is needed without one
	minPadding = 4
	maxPacket  = 1 << 20
)

// Send sends a message as one packet (RFC 4253 §6).
func (c *Client) Send(message []byte) error {
	padding := blockSize - (5+len(message))%blockSize
	if padding < minPadding {
		padding += blockSize
	}
	p := binary.BigEndian.AppendUint32(nil, uint32(1+len(message)+padding))
	p = append(p, byte(padding))
	p = append(p, message...)
	return c.SendPlain(append(p, make([]byte, padding)...))
}

// SendPlain sends a packet whose length and padding the caller has made: it is encrypted
// and authenticated as it is. It may be no packet.
func (c *Client) SendPlain(packet []byte) error {
	p := c.writing.seal(packet)
	if c.Changed != nil {
		p = c.Changed(p)
	}
	if _, err := c.Conn.Write(p); err != nil {
		return fmt.Errorf("send packet: %w", err)
	}
	return nil
}

func (k *keys) seal(packet []byte) []byte {
	p := bytes.Clone(packet)
	if k.cipher != nil {
		tag := k.tag(p)
		k.cipher.XORKeyStream(p, p)
		p = append(p, tag...)
	}
	k.sequence++
	return p
}

// tag is the packet's authentication code (RFC 4253 §6.4).
func (k *keys) tag(packet []byte) []byte {
	k.mac.Reset()
	k.mac.Write(binary.BigEndian.AppendUint32(nil, k.sequence))
	k.mac.Write(packet)
	return k.mac.Sum(nil)
}

// Receive returns the next message.
func (c *Client) Receive() ([]byte, error) {
	if len(c.waiting) > 0 {
		m := c.waiting[0]
		c.waiting = c.waiting[1:]
		return m, nil
	}
	return c.receive()
}

var errPacket = errors.New("the server sent no packet")

func (c *Client) receive() ([]byte, error) {
	first := make([]byte, blockSize)
	if c.reading.cipher == nil {
		first = first[:8] // there is none shorter
	}
	if _, err := io.ReadFull(c.in, first); err != nil {
		return nil, fmt.Errorf("receive packet: %w", err)
	}
	c.reading.open(first)
	length := binary.BigEndian.Uint32(first)
	if length > maxPacket || int(length)+4 < len(first) {
		return nil, errPacket
	}
	packet := append(first, make([]byte, int(length)+4-len(first))...)
	rest := packet[len(first):]
	if _, err := io.ReadFull(c.in, rest); err != nil {
		return nil, fmt.Errorf("receive packet: %w", err)
	}
	c.reading.open(rest)
	if err := c.checkTag(packet); err != nil {
		return nil, err
	}
	c.reading.sequence++
	end := len(packet) - int(packet[4])
	if end < 6 {
		return nil, errPacket
	}
	return packet[5:end], nil
}

func (k *keys) open(b []byte) {
	if k.cipher != nil {
		k.cipher.XORKeyStream(b, b)
	}
}

func (c *Client) checkTag(packet []byte) error {
	if c.reading.mac == nil {
		return nil
	}
	tag := make([]byte, c.reading.mac.Size())
	if _, err := io.ReadFull(c.in, tag); err != nil {
		return fmt.Errorf("receive packet: %w", err)
	}
	if !hmac.Equal(tag, c.reading.tag(packet)) {
		return errPacket
	}
	return nil
}
