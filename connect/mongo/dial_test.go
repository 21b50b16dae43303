package mongo

import (
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// A server elsewhere proves itself by TLS, unless the operator allows its host.
func TestFarServersProveThemselves(t *testing.T) {
	const refused = "refused"
	for _, c := range []struct {
		uri   string
		allow []string
		want  string // `tls`: the server proves itself; `any`: whoever answers; `none`: no TLS
	}{
		{"mongodb://u:hunter2@db.example/shop", nil, "tls"},
		{"mongodb://u:hunter2@db.example,localhost/shop", nil, "tls"},
		{"mongodb://u:hunter2@localhost,db.example/shop", nil, "tls"},
		{"mongodb://u:hunter2@db.example/shop?tls=true", nil, "tls"},
		{"mongodb://u:hunter2@db.example/shop?tls=false", nil, refused},
		{"mongodb://u:hunter2@db.example/shop?ssl=false", nil, refused},
		{"mongodb://u:hunter2@db.example/shop?tlsInsecure=true", nil, refused},
		{"mongodb://u:hunter2@db.example/shop?tls=true&tlsInsecure=true", nil, refused},
		{"mongodb://u:hunter2@db.example/shop?tls=false", []string{"other.example"}, refused},
		{"mongodb://u:hunter2@db.example,more.example/shop?tls=false", []string{"db.example"}, refused},
		{"mongodb://u:hunter2@db.example/shop?tls=false", []string{"db.example"}, "none"},
		{"mongodb://u:hunter2@db.example/shop", []string{"db.example"}, "none"},
		{"mongodb://u:hunter2@db.example/shop?tls=true&tlsInsecure=true", []string{"db.example"}, "any"},
		{"mongodb://u:hunter2@10.1.2.3:27018/shop", []string{"10.0.0.0/8"}, "none"},
		{"mongodb://u:hunter2@localhost:27017/shop", nil, "none"},
		{"mongodb://u:hunter2@%2Ftmp%2Fmongodb-27017.sock/shop", nil, "none"},
		{"mongodb://u:hunter2@db.sock/shop?tls=false", nil, refused},
	} {
		opts, _, err := dialled(connect.Config{System: "shop", Secret: c.uri, Allow: c.allow})
		if c.want == refused {
			connecttest.WantKind(t, err, avow.Invalid, "hunter2", "db.example")
			if err != nil && (!strings.HasPrefix(err.Error(), "shop: its server is not this machine") || !strings.Contains(err.Error(), "--inside")) {
				t.Errorf("%s: %v", c.uri, err)
			}
			continue
		}
		got := "none"
		switch {
		case err != nil:
		case opts.TLSConfig != nil && opts.TLSConfig.InsecureSkipVerify:
			got = "any"
		case opts.TLSConfig != nil:
			got = "tls"
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.uri, got, err, c.want)
		}
	}
	_, _, err := dialled(connect.Config{System: "shop", Secret: "mongodb://u:hunter2@db.example/shop?tlsCAFile=/nowhere/ca.pem"})
	connecttest.WantKind(t, err, avow.Invalid, "hunter2", "/nowhere")
	_, _, err = dialled(connect.Config{System: "shop", Secret: "mongodb+srv://u:hunter2@no.such.host.invalid/shop"})
	connecttest.WantKind(t, err, avow.Unavailable, "hunter2", "no.such.host")
}
