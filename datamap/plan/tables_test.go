package plan

import (
	"testing"

	"github.com/avowhq/avow/connect"
)

const (
	peopleOfShop = "CREATE TABLE person (id int PRIMARY KEY, email varchar(60), name varchar(60))"
	ordersOfShop = "CREATE TABLE orders (id int PRIMARY KEY, person int NOT NULL, article varchar(60), FOREIGN KEY (person) REFERENCES person (id))"
	mapOfShop    = `
person:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, name: {is: contact.name, erase: clear}}
orders:
  relation: {person: owns}
  erase: delete
  columns: {article: messages.text}
`
)

func changing(p *Plan) []string {
	var out []string
	for _, g := range p.Systems[0].Groups {
		if g.change != "" {
			out = append(out, g.Table+" "+string(g.change))
		}
	}
	return out
}

// Rows that hang on others go before those are changed, each table at once.
func TestTableByTable(t *testing.T) {
	onEach(t, []string{peopleOfShop, ordersOfShop,
		"INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')", "INSERT INTO orders VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 1, 'c')",
	}, mapOfShop, func(t *testing.T, w *world, src connect.Source) {
		p := w.erase("email=ann@x.example")
		wants(t, "changes", changing(p), "orders delete", "person update")
		wants(t, "orders", texts(t, src, "orders", "id", "article"), "2|b")
	})
}

// A table that stays and points at one whose rows go lets go of them first, whatever the
// map says of their order.
func TestTablesThatLetGoComeFirst(t *testing.T) {
	onEach(t, []string{peopleOfShop, ordersOfShop,
		"ALTER TABLE person ADD COLUMN latest int REFERENCES orders (id)", "mysql: ALTER TABLE person ADD FOREIGN KEY (latest) REFERENCES orders (id)",
		"INSERT INTO person VALUES (1, 'ann@x.example', 'Ann', NULL), (2, 'bob@x.example', 'Bob', NULL)", "INSERT INTO orders VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 1, 'c')",
		"UPDATE person SET latest = 3 WHERE id = 1",
	}, mapOfShop, func(t *testing.T, w *world, src connect.Source) {
		p := w.erase("email=ann@x.example")
		wants(t, "changes", changing(p), "person update", "orders delete")
		wants(t, "orders", texts(t, src, "orders", "id", "article"), "2|b")
		wants(t, "people", texts(t, src, "person", "id", "name", "latest"), "1||", "2|Bob|")
	})
}
