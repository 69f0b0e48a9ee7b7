package formattest_test

import (
	"strings"
	"testing"
)

// TestReadings has files about which the page can be read in more than one way. The reading here is the strict one:
// what a sentence says in passing about a value holds too, since §7 calls tampered what is not as said.
func TestReadings(t *testing.T) {
	address := func(s string) obj { return obj{"remoteAddr", s, "country", "XX"} }
	runSentences(t, []sentence{
		{text: "remoteAddr (IP, no zone, no port; empty if none)", files: changes(onConn(0, address("192.0.2.7")), "payload", map[string]any{
			"port": address("192.0.2.7:22"), "zone": address("fe80::1%eth0"), "name": address("localhost"), "brackets": address("[::1]")})},
		{text: "by (client, gateway, target)", files: map[string][]byte{
			"1": alone(onConn(1, obj{"by", "nobody"})), "496": alone(onChannel(496, 0, obj{"by", ""})), "497": alone(onChannel(497, 0, obj{"by", "Client"}))}},
		{text: "passwordHidden true when it is not recorded (then password is empty)", files: map[string][]byte{
			"100": alone(onConn(100, obj{"username", "u", "password", []byte("p"), "passwordHidden", true})),
			"103": alone(onConn(103, obj{"username", "u", "password", []byte("p"), "reason", "r", "passwordHidden", true}))}},
		{text: "never one that equals a known key of the type when case is ignored (as Go's strings.EqualFold)", files: map[string][]byte{
			"long s": alone(onChannel(500, 0, obj{"stream", 1, "data", []byte("a"), "\u017ftream", 2})),
			"kelvin": alone(onConn(104, obj{"username", "u", "key", "k", "\u212aey", "x"}))}},
		{text: "extensions: carrier", files: map[string][]byte{
			"gap on a channel":                  alone(channelExtension("gap", obj{"messages", 3, "bytes", 70, "since", start, "reason", ""})),
			"request-accepted on no channel":    alone(extension("request-accepted", obj{"requestId", 1})),
			"summary on a channel":              alone(channelExtension("summary", obj{})),
			"a version 1 header before members": append(fileHeader(1), three().build().bytes[headerSize:]...)}},
		{text: "extensions: data of another type", files: map[string][]byte{
			"gap messages": alone(extension("gap", obj{"messages", "3", "bytes", 70, "since", start, "reason", ""})),
			"gap since":    alone(extension("gap", obj{"messages", 3, "bytes", 70, "since", nil, "reason", ""})),
			"gap reason":   alone(extension("gap", obj{"messages", 3, "bytes", 70, "since", start, "reason", []byte("x")})),
			"auth-none":    alone(extension("auth-none", obj{"username", 1})),
			"auth-partial": alone(extension("auth-partial", obj{"username", "u", "method", "m", "next", []any{1}})),
			"saved":        alone(extension("recovered", obj{"log", "l", "saved", -1})),
			"requestId":    alone(channelExtension("request-accepted", obj{"requestId", nil}))}},
		{text: "extensions: data without a key of the table", files: map[string][]byte{
			"gap":              alone(extension("gap", obj{"messages", 3, "bytes", 70, "since", start})),
			"request-accepted": alone(channelExtension("request-accepted", obj{})),
			"recovered":        alone(extension("recovered", obj{"log", "l"}))}},
		{text: "config (SHA-256 in lower-case hex)", files: map[string][]byte{
			"upper case": alone(extension("gateway-start", obj{"version", "1", "config", strings.Repeat("AB", 32)})),
			"short":      alone(extension("gateway-start", obj{"version", "1", "config", "ab"}))}},
		{"extensions: more keys", "complete", map[string][]byte{
			"gap": alone(extension("gap", obj{"messages", 3, "bytes", 70, "since", start, "reason", "", "later", 1}))}},
		{"40 to 43 bytes of version 1 begin ContainerSSH's alone", "foreign", map[string][]byte{
			"40": fileHeader(1), "41": append(fileHeader(1), 0x1f), "43": append(fileHeader(1), 0x1f, 0x8b, 8)}},
	})
}
