// Package inside keeps what is reached over a network to where it may be: services and
// buckets on the public internet, and elsewhere only where the operator says so.
//
// What stays true: the address that is dialled is judged, after its name was resolved;
// what is allowed was named by the operator, never by a file of the map.
//
// What it never does: resolve a name itself, or judge what a service answers.
package inside

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/avowhq/avow"
)

// Err is given where an address is not one of the public internet.
var Err = errors.New("the address is not one of the public internet")

// special lists the networks that no service of the public internet has, besides those
// the library knows: IANA's special-purpose registries (rfc:6890) and what carries an
// IPv4 address within.
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

// What is not in global is not routed at all; nat64 is the prefix behind which a network
// without IPv4 shows the IPv4 internet (rfc:6052#2.1).
var (
	global = netip.MustParsePrefix("2000::/3")
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	if a.Is6() && !global.Contains(a) || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Allowed is what the operator lets be reached besides. Its zero value allows nothing.
type Allowed struct {
	hosts    []string // `crm.internal`, `crm.internal:8443`
	networks []netip.Prefix
}

// Read reads hosts (`crm.internal`, `crm.internal:8443`), addresses and networks (`10.2.0.0/16`);
// what is none of them is Invalid.
func Read(list []string) (*Allowed, error) {
	out := &Allowed{}
	for _, text := range list {
		text = strings.ToLower(strings.TrimSpace(text))
		if p, err := netip.ParsePrefix(text); err == nil {
			out.networks = append(out.networks, p.Masked())
			continue
		}
		if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
			a = a.Unmap()
			out.networks = append(out.networks, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		if text == "" || strings.ContainsAny(text, "/@*? ") {
			return nil, avow.Errorf(avow.Invalid, "%q cannot be allowed: write a host, an address or a network such as 10.2.0.0/16", text)
		}
		out.hosts = append(out.hosts, text)
	}
	return out, nil
}

// Host reports whether a host, with its port, is allowed by name or by the address it is.
func (a *Allowed) Host(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.address(addr)
	}
	return slices.Contains(a.hosts, strings.ToLower(host)) || slices.Contains(a.hosts, strings.ToLower(hostPort))
}

func (a *Allowed) address(addr netip.Addr) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(a.networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// control judges the address that is really dialled, after the name was resolved: a name
// that resolves differently the second time changes nothing.
func (a *Allowed) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) && !a.address(at.Addr()) {
		return Err
	}
	return nil
}

// Dial opens a TCP connection to where a service may be; elsewhere it is Err.
func (a *Allowed) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if !a.Host(address) {
		d.Control = a.control
	}
	return d.DialContext(ctx, network, address)
}

// Local is avow.ThisMachine of a host with or without its port.
func Local(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	return avow.ThisMachine(host)
}
