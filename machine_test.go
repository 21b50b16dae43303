package avow_test

import (
	"testing"

	"github.com/avowhq/avow"
)

func TestThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "localhost.": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "::1%lo": true,
		"::ffff:127.0.0.1": true, "/var/run/postgresql": true, "/tmp/mongodb-27017.sock": true, "@abstract": true,
		"": false, "db.example": false, "db.localhost": false, "localhost.example": false, "10.0.0.1": false, "0.0.0.0": false, "::": false, "[fe80::1]": false,
		"127.0.0.1.example": false, "127.1": false, "localhost:5432": false,
	} {
		if got := avow.ThisMachine(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
