package auth

import (
	"net/netip"
	"strings"
)

// addressList is a from="…" option or a certificate's source-address: patterns of
// addresses, of which those with ! deny whatever the others say.
type addressList struct{ patterns []addressPattern }

type addressPattern struct {
	negated  bool
	prefix   netip.Prefix // valid for addresses and networks
	wildcard string       // for the rest: 10.0.0.*
}

// parseAddressList reads addresses, networks in CIDR form and addresses with wildcards.
// Names are refused: they would have to be looked up, in a DNS that the client may own.
func parseAddressList(text string) (*addressList, error) {
	const remedy = "write addresses, networks as 10.0.0.0/8, or 10.0.*, with commas between them and ! for not"
	var list addressList
	for item := range strings.SplitSeq(text, ",") {
		var p addressPattern
		item, p.negated = strings.CutPrefix(item, "!")
		switch {
		case strings.Contains(item, "/"):
			prefix, err := netip.ParsePrefix(item)
			if err != nil || prefix != prefix.Masked() {
				return nil, lineFault(remedy, "%q is no network", item)
			}
			p.prefix = prefix
		case strings.ContainsAny(item, "*?"):
			if !looksNumeric(item) {
				return nil, lineFault(remedy, "%q is no pattern of addresses, and names are not looked up", item)
			}
			p.wildcard = strings.ToLower(item)
		default:
			addr, err := netip.ParseAddr(item)
			if err != nil || addr.Zone() != "" {
				return nil, lineFault(remedy, "%q is no address, and names are not looked up", item)
			}
			addr = addr.Unmap()
			p.prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		list.patterns = append(list.patterns, p)
	}
	return &list, nil
}

// looksNumeric reports whether a pattern can be for IPv4 or IPv6 addresses only. A * by
// itself is for all.
func looksNumeric(pattern string) bool {
	if pattern == "*" {
		return true
	}
	digits := "0123456789.*?"
	if strings.Contains(pattern, ":") {
		digits = "0123456789abcdefABCDEF:.*?"
	}
	return strings.Trim(pattern, digits) == ""
}

// allows reports whether a client at remote (host:port) may come. One whose address is
// not known may not.
func (l *addressList) allows(remote string) bool {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := from.Addr().WithZone("").Unmap()
	found := false
	for _, p := range l.patterns {
		if !p.matches(addr) {
			continue
		}
		if p.negated {
			return false
		}
		found = true
	}
	return found
}

func (p *addressPattern) matches(addr netip.Addr) bool {
	if p.prefix.IsValid() {
		return p.prefix.Contains(addr)
	}
	return matchWildcard(p.wildcard, addr.String())
}

// matchWildcard matches with * for any bytes and ? for one (ssh_config(5), PATTERNS), in
// time that is linear for each *.
func matchWildcard(pattern, s string) bool {
	star, mark := -1, 0
	p := 0
	for i := 0; i < len(s); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
