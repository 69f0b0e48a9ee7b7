package session

// SetTrustedEnv sets a variable that the gateway itself gives to the program: past the
// list of those that clients may set, and over what the client or the backend set. After
// the program was started it does nothing.
func (c *channel) SetTrustedEnv(name, value string) {
	c.setup.Lock()
	defer c.setup.Unlock()
	c.trusted = append(c.trusted, name+"="+value)
}
