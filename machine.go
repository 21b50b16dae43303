package avow

import (
	"net/netip"
	"strings"
)

// ThisMachine reports whether a host, a name or an address without a port, is what this
// program calls "this machine": a socket, a loopback address or `localhost`. What is sent
// there crosses no network. It looks nothing up: a name that is said to be this machine is not.
func ThisMachine(host string) bool {
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
