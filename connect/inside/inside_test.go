package inside

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/avowhq/avow"
)

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700::1111": true, "64:ff9b::5db8:d822": true,
		"127.0.0.1": false, "127.255.0.9": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.100.100.200": false, "100.64.0.1": false, "192.0.0.192": false, "198.18.0.1": false, "203.0.113.5": false,
		"224.0.0.1": false, "239.255.255.250": false, "255.255.255.255": false, "240.0.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fd00:ec2::254": false, "fc00::1": false, "ff02::1": false, "fec0::1": false, "2001:db8::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:93.184.216.34": true, "::127.0.0.1": false, "::ffff:0:127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::a00:1": false, "2002:7f00:1::": false, "2001:0:4136:e378:8000:63bf:3fff:fdd2": false,
		"2606:4700::1%eth0": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:5432": true, "db.localhost": false, "localhost.": true, "127.0.0.1": true, "127.9.9.9:3306": true, "::1": true, "[::1]:27017": true,
		"::ffff:127.0.0.1": true, "/var/run/postgresql": true, "/tmp/mongodb-27017.sock": true, "@abstract": true,
		"": false, "db.example": false, "db.example:5432": false, "localhost.example": false, "10.0.0.1": false, "0.0.0.0": false, "[fe80::1]:5432": false, "127.0.0.1.example": false,
	} {
		if got := Local(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

// What is allowed is dialled, and what is not is never connected to.
func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, c := range []struct {
		host  string
		allow []string
		want  bool
	}{
		{"127.0.0.1", nil, false},
		{"localhost", nil, false},
		{"127.0.0.1", []string{"10.0.0.0/8", "crm.internal"}, false},
		{"127.0.0.1", []string{"127.0.0.0/8"}, true},
		{"127.0.0.1", []string{"127.0.0.1"}, true},
		{"localhost", []string{"localhost"}, true},
		{"localhost", []string{"LOCALHOST:" + port}, true},
		{"localhost", []string{"localhost:1"}, false},
		{"localhost", []string{"127.0.0.0/8", "::1"}, true},
	} {
		a, err := Read(c.allow)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := a.Dial(context.Background(), "tcp", net.JoinHostPort(c.host, port))
		if err == nil {
			conn.Close()
		}
		if c.want != (err == nil) || !c.want && !errors.Is(err, Err) {
			t.Errorf("%s, allowed %v: %v", c.host, c.allow, err)
		}
	}
	for _, wrong := range []string{"", "*.internal", "http://crm", "user@crm", "a b"} {
		if _, err := Read([]string{wrong}); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
