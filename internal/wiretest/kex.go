package wiretest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// Proposal is the message with which a key exchange begins (RFC 4253 §7.1): what this
// client can, and any host key.
func Proposal() []byte {
	const none = "none"
	cookie := make(Raw, 16) // nothing here needs chance
	hostKeys := "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
	return Message(KexInit, cookie, "curve25519-sha256", hostKeys, "aes128-ctr", "aes128-ctr",
		"hmac-sha2-256", "hmac-sha2-256", none, none, "", "", false, uint32(0))
}

// KeyExchange exchanges keys, the first ones or others (RFC 4253 §7, RFC 8731). What the
// server sends before it joins in, Receive returns later.
func (c *Client) KeyExchange() error {
	mine := Proposal()
	if err := c.Send(mine); err != nil {
		return err
	}
	theirs, err := c.awaitKexInit()
	if err != nil {
		return err
	}
	return c.exchange(mine, theirs)
}

func (c *Client) awaitKexInit() ([]byte, error) {
	for {
		m, err := c.receive()
		if err != nil {
			return nil, err
		}
		if m[0] == KexInit {
			return m, nil
		}
		c.waiting = append(c.waiting, m)
	}
}

func (c *Client) exchange(mine, theirs []byte) error {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	public := private.PublicKey().Bytes()
	if err := c.Send(Message(KexECDHInit, public)); err != nil {
		return err
	}
	reply, err := c.receive()
	if err != nil {
		return err
	}
	hostKey, rest, ok := cutString(reply[1:])
	theirPublic, _, alsoOK := cutString(rest)
	if reply[0] != KexECDHReply || !ok || !alsoOK {
		return fmt.Errorf("the server answers a key exchange with %q", reply)
	}
	secret, err := agree(private, theirPublic)
	if err != nil {
		return err
	}
	hash := sha256.New()
	for _, s := range [][]byte{[]byte(c.mine), []byte(c.theirs), mine, theirs, hostKey, public, theirPublic} {
		hash.Write(appendString(nil, s))
	}
	hash.Write(secret)
	return c.changeKeys(secret, hash.Sum(nil))
}

// agree returns the shared secret as it is hashed.
func agree(private *ecdh.PrivateKey, public []byte) ([]byte, error) {
	key, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("read the server's key: %w", err)
	}
	secret, err := private.ECDH(key)
	if err != nil {
		return nil, fmt.Errorf("agree on a secret: %w", err)
	}
	return appendMPInt(nil, secret), nil
}

// changeKeys takes the new keys into use, each direction's after its NEWKEYS (RFC 4253 §7.3).
func (c *Client) changeKeys(secret, hash []byte) error {
	if c.session == nil {
		c.session = hash
	}
	if err := c.Send([]byte{NewKeys}); err != nil {
		return err
	}
	if err := c.writing.change(secret, hash, c.session, "ACE"); err != nil {
		return err
	}
	m, err := c.receive()
	if err != nil {
		return err
	}
	if m[0] != NewKeys {
		return fmt.Errorf("the server sends message %d where new keys belong", m[0])
	}
	return c.reading.change(secret, hash, c.session, "BDF")
}

// change makes keys of what was agreed on; letters are those of RFC 4253 §7.2 for the IV,
// the key and the integrity key.
func (k *keys) change(secret, hash, session []byte, letters string) error {
	derive := func(letter byte) []byte {
		h := sha256.New()
		for _, s := range [][]byte{secret, hash, {letter}, session} {
			h.Write(s)
		}
		return h.Sum(nil)
	}
	block, err := aes.NewCipher(derive(letters[1])[:16])
	if err != nil {
		return fmt.Errorf("make cipher: %w", err)
	}
	k.cipher = cipher.NewCTR(block, derive(letters[0])[:aes.BlockSize])
	k.mac = hmac.New(sha256.New, derive(letters[2]))
	return nil
}
