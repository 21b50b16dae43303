package plan

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/connect"
)

// A unique index over small letters need not be tried where every row is masked otherwise;
// one over the beginning of a column, or of what is not masked, must.
func TestWhatIsMaskedApartIsNotTried(t *testing.T) {
	for _, c := range []struct {
		index string
		tried bool
	}{
		{"lower(email)", false}, {"email) WHERE (name IS NOT NULL", false},
		{"substr(email, 1, 2)", true}, {"lower(name)", true},
	} {
		onEach(t, []string{peopleOfShop,
			"postgresql: CREATE UNIQUE INDEX people_one ON person (" + c.index + ")",
			"INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')",
		}, `
person:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, name: {is: contact.name, erase: clear}}
`, func(t *testing.T, w *world, src connect.Source) {
			p := w.erase("email=ann@x.example")
			if w.m.Systems[0].Kind != "postgresql" { // others do not say enough, and are tried
				return
			}
			s := &system{schema: w.schemas()["shop"], of: w.m.Systems[0], plan: p.Systems[0], tables: []*table{{of: w.m.Systems[0].All()[0]}}}
			s.tables[0].schema = s.schema.Table("person")
			i := slices.IndexFunc(p.Systems[0].Groups, func(g *Group) bool { return g.change == connect.Update })
			if got := len(s.watched(p.Systems[0].Groups[i])) > 0; got != c.tried {
				t.Errorf("%s is tried: %v", c.index, got)
			}
			wants(t, "people", texts(t, src, "person", "id", "name"), "1|", "2|Bob")
		})
	}
}
