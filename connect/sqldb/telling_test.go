package sqldb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// letters has rows that several share: sent by one person, got by another.
func letters(t *testing.T, c connect.Config, key string) connect.Source {
	t.Helper()
	name := func(s string) string { return connecttest.Quote(c.Kind, s) }
	statements := []string{
		fmt.Sprintf("CREATE TABLE letters (place VARCHAR(20) NOT NULL, no INTEGER NOT NULL, sender INTEGER, recipient INTEGER, text VARCHAR(80), PRIMARY KEY (%s))", key),
		"CREATE INDEX letters_sender ON letters (sender)",
	}
	for no, who := range []string{"1, NULL", "1, 2", "NULL, NULL", "3, NULL", "1, 1", "NULL, 2"} {
		statements = append(statements, fmt.Sprintf("INSERT INTO letters (place, no, sender, recipient, %s) VALUES ('Köln', %d, %s, 'x')", name("text"), no+1, who))
	}
	connecttest.Exec(t, c, statements...)
	return open(t, c)
}

func lettersAs(t *testing.T, src connect.Source, want string) {
	t.Helper()
	var got []string
	for _, r := range connecttest.All(t, src, connect.Read{Table: "letters", Columns: []string{"no", "sender", "recipient"}}) {
		got = append(got, connect.Text(r[0])+":"+connect.Text(r[1])+">"+connect.Text(r[2]))
	}
	if have := strings.Join(got, " "); have != want {
		t.Errorf("letters are %s, want %s", have, want)
	}
}

// Rows that nobody is tied to any more go, whether they became so now or before; what is
// told of the rows that were just written takes none with it that somebody is tied to.
func TestLeavingAndDeleting(t *testing.T) {
	leave := func(key []string, keys []connect.Tuple) []connect.Change {
		nobody := &connect.Cond{Op: connect.And, Of: []connect.Cond{{Op: connect.IsEmpty, Column: "sender"}, {Op: connect.IsEmpty, Column: "recipient"}}}
		return []connect.Change{
			{Kind: connect.Update, Table: "letters", Key: key, Keys: keys, Guard: []connect.In{connecttest.In("sender", int64(1))}, Set: []connect.Set{{Column: "sender"}, {Column: "text"}}},
			{Kind: connect.Delete, Table: "letters", Key: key, Keys: keys, When: nobody},
		}
	}
	for _, k := range connecttest.Kinds(t) {
		for _, key := range [][]string{{"no"}, {"place", "no"}} {
			keysOf := func(numbers ...int) (out []connect.Tuple) {
				for _, n := range numbers {
					out = append(out, append(connect.Tuple{"Köln"}[:len(key)-1], int64(n)))
				}
				return out
			}
			for _, c := range []struct {
				name          string
				keys          []int
				left, deleted int64
				want          string
			}{
				{"all are left", []int{1, 2}, 2, 1, "2:>2 3:> 4:3> 5:1>1 6:>2"},
				{"all are left, none goes", []int{2, 5}, 2, 0, "1:1> 2:>2 3:> 4:3> 5:>1 6:>2"},
				{"some are not hers", []int{1, 2, 3, 4, 6, 99}, 2, 2, "2:>2 4:3> 5:1>1 6:>2"},
			} {
				t.Run(fmt.Sprint(k.Name, " ", key, " ", c.name), func(t *testing.T) {
					src := letters(t, k.Config(t), strings.Join(key, ", "))
					changes := leave(key, keysOf(c.keys...))
					for again := range 2 {
						done := connecttest.Do(t, src, changes...)
						if again == 0 && (done[0].Changed != c.left || done[1].Changed != c.deleted) || again > 0 && done[1].Changed != 0 {
							t.Errorf("%d were left and %d deleted, want %d and %d", done[0].Changed, done[1].Changed, c.left, c.deleted)
						}
						lettersAs(t, src, c.want)
					}
					if shown, err := src.Show(changes); err != nil || strings.Contains(shown[0].Text, " RETURNING ") != (k.Name == "postgresql") {
						t.Errorf("%v, %v", shown, err)
					}
				})
			}
		}
	}
}

// What is found by a guard is still only what the keys name and the guard holds for.
func TestByGuard(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		for _, key := range [][]string{{"no"}, {"place", "no"}} {
			t.Run(fmt.Sprint(k.Name, " ", key), func(t *testing.T) {
				c := k.Config(t)
				src := letters(t, c, strings.Join(key, ", "))
				var keys []connect.Tuple
				for _, n := range []int64{2, 3, 4, 5, 99} {
					keys = append(keys, append(connect.Tuple{"Köln"}[:len(key)-1], n))
				}
				change := connect.Change{Kind: connect.Delete, Table: "letters", Key: key, Keys: keys, Guard: []connect.In{connecttest.In("sender", int64(1))}, ByGuard: true}
				shown, err := src.Show([]connect.Change{change})
				if by := strings.Contains(shown[0].Text, `WHERE t."sender" = u.c0 AND`); err != nil || by != (k.Name == "postgresql") {
					t.Errorf("%v, %v", shown, err)
				}
				if n := connecttest.Do(t, src, change)[0].Changed; n != 2 {
					t.Errorf("%d were deleted", n)
				}
				lettersAs(t, src, "1:1> 3:> 4:3> 6:>2")
			})
		}
	}
}
