package proof

import (
	"context"
	"net"
	"syscall"

	"github.com/avowhq/avow"
)

// onlyLoopback refuses a connection that would leave this machine.
func onlyLoopback(_ context.Context, _, to string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(to)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return avow.Errorf(avow.Invalid, "http:// is for this machine alone")
	}
	return nil
}
