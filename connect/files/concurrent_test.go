package files_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
)

// Several that change one file at once, as processes do, lose nothing of each other: each is
// done whole, or told to try again.
func TestAtOnce(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("id,name\n")
	for i := range 400 {
		fmt.Fprintf(&lines, "%d,n%d\n", i, i)
	}
	_, dir := folder(t, map[string]string{"p.csv": lines.String()})
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			s, err := files.Open(t.Context(), connect.Config{System: "exports", At: dir})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := worker; i < 400; i += 4 {
				c := by("id", i)
				c.Table = "p.csv"
				if i%3 == 0 {
					c = sets(c, set("name", "-"))
				}
				for {
					_, err = s.Change(t.Context(), []connect.Change{c})
					if avow.KindOf(err) != avow.Conflict {
						break
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	s, err := files.Open(t.Context(), connect.Config{System: "exports", At: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows := connecttest.All(t, s, connect.Read{Table: "p.csv", Columns: []string{"id", "name"}})
	if len(rows) != 134 {
		t.Errorf("%d rows are left of 134", len(rows))
	}
	for _, r := range rows {
		if r[1] != "-" {
			t.Errorf("%v was not changed", r[0])
		}
	}
}
