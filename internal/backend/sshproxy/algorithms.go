package sshproxy

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algorithmsOf lists the signature algorithms for a format of keys: RSA keys have several,
// of which SHA-1 is not asked for (RFC 8332 §3).
func algorithmsOf(format string) []string {
	switch format {
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	case ssh.CertAlgoRSAv01:
		return []string{ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01}
	}
	return []string{format}
}

func isCertificate(algorithm string) bool { return strings.Contains(algorithm, "-cert-v01@") }

func certificates() []string {
	return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(a string) bool { return !isCertificate(a) })
}

func plain() []string { return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, isCertificate) }

// unknown are the names that are in no list.
func unknown(names []string, lists ...[]string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(lists, func(list []string) bool { return slices.Contains(list, name) })
	})
}

func orElse(given, otherwise []string) []string {
	if len(given) > 0 {
		return given
	}
	return otherwise
}
