package config

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// libSSHCurve is curve25519-sha256 before it was standardised (RFC 8731 §3); the library
// has it and does not list it.
const libSSHCurve = "curve25519-sha256@libssh.org"

// validateAlgorithms notes names that the SSH library does not have, or calls insecure.
func validateAlgorithms(s *source, path string, names, good, insecure []string) {
	if len(names) == 0 {
		s.problem(path, "take the key away for the default, or name at least one", "none would be left")
	}
	weak := func(name string) bool {
		return slices.Contains(insecure, name) || strings.Contains(name, "sha1") || name == ssh.KeyAlgoRSA
	}
	good = slices.DeleteFunc(slices.Clone(good), weak)
	for i, name := range names {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case slices.Contains(good, name):
		case weak(name):
			s.problem(at, "take it away; the default has what is secure", "%q is insecure and not offered", name)
		default:
			s.problem(at, "known here: "+strings.Join(good, ", ")+didYouMean(name, good), "%q is not known here", name)
		}
	}
}

// validateTransport checks what both sides of the gateway have.
func validateTransport(s *source, path string, ciphers, kex, macs []string) {
	good, insecure := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	validateAlgorithms(s, join(path, "ciphers"), ciphers, good.Ciphers, insecure.Ciphers)
	validateAlgorithms(s, join(path, "kex"), kex, append(good.KeyExchanges, libSSHCurve), insecure.KeyExchanges)
	validateAlgorithms(s, join(path, "macs"), macs, good.MACs, insecure.MACs)
}

// validateVersion checks a version line (RFC 4253 §4.2): 255 bytes with CR and LF.
func validateVersion(s *source, path, version string) {
	const remedy = "write SSH-2.0-name, in printable ASCII"
	name, ok := strings.CutPrefix(version, "SSH-2.0-")
	if !ok || name == "" || name[0] == ' ' {
		s.problem(path, remedy, "%q is no version line", version)
		return
	}
	if len(version) > 253 {
		s.problem(path, remedy, "has %d bytes, more than 253", len(version))
	}
	if strings.ContainsFunc(version, func(r rune) bool { return r < ' ' || r > '~' }) {
		s.problem(path, remedy, "%q has characters that are not printable ASCII", version)
	}
}
