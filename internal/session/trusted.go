package session

import (
	"slices"
	"strings"
)

// SetTrustedEnv sets a variable that the gateway itself gives to the program, past the
// list of those that clients may set, and over what a client has set. After the program
// was started it does nothing.
func (c *channel) SetTrustedEnv(name, value string) {
	c.setup.Lock()
	defer c.setup.Unlock()
	c.env = slices.DeleteFunc(slices.Clone(c.env), func(v string) bool { return strings.HasPrefix(v, name+"=") })
	c.env = append(c.env, name+"="+value)
}
