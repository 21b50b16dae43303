package saas

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

// errInside is given where an address is not one of the public internet.
var errInside = errors.New("the address is not one of the public internet")

// inside lists the networks that no service of the public internet has, besides those
// the library knows: IANA's special-purpose registries (rfc:6890) and what carries an
// IPv4 address within.
var inside = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
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
	return !slices.ContainsFunc(inside, func(p netip.Prefix) bool { return p.Contains(a) })
}

// allowed is what the operator lets be reached besides.
type allowed struct {
	hosts    []string // `crm.internal`, `crm.internal:8443`
	networks []netip.Prefix
}

func readAllowed(list []string) (*allowed, error) {
	out := &allowed{}
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

// host reports whether a host, with its port, is allowed by name or by the address it is.
func (a *allowed) host(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.address(addr)
	}
	return slices.Contains(a.hosts, strings.ToLower(host)) || slices.Contains(a.hosts, strings.ToLower(hostPort))
}

func (a *allowed) address(addr netip.Addr) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(a.networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// control judges the address that is really dialled, after the name was resolved: a name
// that resolves differently the second time changes nothing.
func (a *allowed) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) && !a.address(at.Addr()) {
		return errInside
	}
	return nil
}

// dial opens a connection to where a service may be.
func (a *allowed) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if !a.host(address) {
		d.Control = a.control
	}
	return d.DialContext(ctx, network, address)
}
