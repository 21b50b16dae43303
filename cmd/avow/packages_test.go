package main

import (
	"testing"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A package that one server made is fetched from whichever server on the database is asked.
func TestPackageFromAnyServer(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		m := newMonkeys(t, db)
		c := newCaller(t, m.q.s)
		number, _ := c.ask("copy", "address", ann)
		c.shows(m.q.office, ann, number)
		c.until("/privacy/request", `data-state="closed"`)
		for i, s := range m.servers {
			c.s = s
			pack := c.form("/privacy/request/package")
			if pack.status != 200 || unzip(t, pack.body)["data.json"] == "" {
				t.Errorf("server %d of %d answers %d: %.300s", i, len(m.servers), pack.status, mainOf(pack.body))
			}
		}
	})
}
