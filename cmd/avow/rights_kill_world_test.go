package main

import (
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect/connecttest"
)

// invented is somebody of the three systems of TestRightsKilled. Everything that is known of them
// follows from their number, and so does what must become of it.
type invented int

func (p invented) email() string   { return fmt.Sprintf("p%d.somebody@example.com", int(p)) }
func (p invented) name() string    { return fmt.Sprintf("Person Number%d", int(p)) }
func (p invented) renamed() string { return fmt.Sprintf("Renamed Number%d", int(p)) }
func (p invented) member() string  { return fmt.Sprintf("M-%07d", int(p)) }
func (p invented) phone() string   { return fmt.Sprintf("+4420%08d", int(p)) }
func (p invented) home() int       { return (int(p) + 1) / 2 }
func (p invented) household() int  { return (int(p) + 2) / 3 }

// known tells whether avow's own records hold something of them too.
func (p invented) known() bool { return p%5 == 1 }

// spelt is the address as the shop has it.
func (p invented) spelt() string {
	if p%3 == 0 {
		return strings.ToUpper(p.email()[:1]) + strings.ToUpper(p.email()[1:])
	}
	return p.email()
}

func (p invented) invitedBy() string {
	if p%4 == 2 {
		return fmt.Sprint(int(p) - 1)
	}
	return "NULL"
}

// remark is what somebody wrote, now and then about somebody else.
func (p invented) remark() string {
	if p%7 == 3 && p > 1 {
		return "together with " + (p - 1).email()
	}
	return fmt.Sprintf("remark %d", int(p))
}

// stage is how far one system is with one person.
type stage int

const (
	before stage = iota
	restricted
	corrected
	erased
)

const masked = "(masked)"

// rows are somebody's rows in a system at a stage, in the order in which they are read.
func (p invented) rows(system string, at stage) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	name, state, frozen := p.name(), "active", 0
	if at == corrected {
		name = p.renamed()
	}
	if at == restricted {
		state, frozen = "frozen", 1
	}
	invited := strings.ReplaceAll(p.invitedBy(), "NULL", "-")
	switch {
	case system == "shop" && at == erased:
		add("customer %d %s Erased - %s - frozen", p, masked, invited)
		add("order %d1 19.9", p)
		add("order %d2 5", p)
	case system == "shop":
		add("customer %d %s %s %s %s %d %s", p, p.spelt(), name, p.phone(), invited, p.home(), state)
		add("cart %d1 wish %d", p, p)
		add("cart %d2 another wish %d", p, p)
		add("item %d1 note a%d", p, p)
		add("item %d2 note b%d", p, p)
		add("order %d1 19.9", p)
		add("order %d2 5", p)
	case system == "crm" && at == erased:
		add("ticket %d1 %s - 42", p, masked)
	case system == "crm":
		add("contact %d %s %s %s %d", p, p.member(), name, p.phone(), frozen)
		add("note %d1 %d2 first %d", p, p, p)
		add("note %d2 %d1 second %d", p, p, p)
		add("ticket %d1 %s help me %d 42", p, p.email(), p)
	case at != erased:
		add("member %d %s %s %s %d", p, p.member(), p.email(), name, p.household())
		add("booking %d1 %s", p, p.remark())
		add("booking %d2 -", p)
	}
	return out
}

var systemTables = map[string][]string{
	"shop": {
		`CREATE TABLE addresses (id BIGINT PRIMARY KEY, street VARCHAR(100) NOT NULL)`,
		`CREATE TABLE customers (id BIGINT PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE, name VARCHAR(120) NOT NULL, phone VARCHAR(40), invited_by BIGINT, home BIGINT,
			state VARCHAR(10) NOT NULL, FOREIGN KEY (invited_by) REFERENCES customers (id), FOREIGN KEY (home) REFERENCES addresses (id))`,
		`CREATE TABLE carts (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL, wish VARCHAR(200), FOREIGN KEY (customer_id) REFERENCES customers (id))`,
		`CREATE TABLE cart_items (id BIGINT PRIMARY KEY, cart_id BIGINT NOT NULL, note VARCHAR(200), FOREIGN KEY (cart_id) REFERENCES carts (id))`,
		`CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL, amount VARCHAR(20) NOT NULL, FOREIGN KEY (customer_id) REFERENCES customers (id))`,
	},
	"crm": {
		`CREATE TABLE contacts (id BIGINT PRIMARY KEY, member_no VARCHAR(20) NOT NULL, name VARCHAR(120), phone VARCHAR(40), frozen INTEGER NOT NULL)`,
		`CREATE TABLE notes (id BIGINT PRIMARY KEY, contact_id BIGINT NOT NULL, reply_to BIGINT, body VARCHAR(200),
			FOREIGN KEY (contact_id) REFERENCES contacts (id), FOREIGN KEY (reply_to) REFERENCES notes (id))`,
		`CREATE TABLE tickets (id BIGINT PRIMARY KEY, from_email VARCHAR(120) NOT NULL, body VARCHAR(200), category INTEGER NOT NULL)`,
	},
	"club": {
		`CREATE TABLE households (id BIGINT PRIMARY KEY, street VARCHAR(100) NOT NULL)`,
		`CREATE TABLE members (id BIGINT PRIMARY KEY, member_no VARCHAR(20) NOT NULL UNIQUE, email VARCHAR(120), name VARCHAR(120), household BIGINT NOT NULL REFERENCES households (id))`,
		`CREATE TABLE bookings (id BIGINT PRIMARY KEY, member BIGINT NOT NULL REFERENCES members (id), remark VARCHAR(200))`,
	},
}

// inserts fill a system with people, in an order that its references allow.
func inserts(system string, people int) (out []string) {
	values := map[string][]string{}
	var order []string
	add := func(table, format string, args ...any) {
		if values[table] == nil {
			order = append(order, table)
		}
		values[table] = append(values[table], fmt.Sprintf("("+format+")", args...))
	}
	for p := invented(1); int(p) <= people; p++ {
		switch system {
		case "shop":
			if p%2 == 1 {
				add("addresses", "%d, '%d Shared Street'", p.home(), p.home())
			}
			add("customers", "%d, '%s', '%s', '%s', %s, %d, 'active'", p, p.spelt(), p.name(), p.phone(), p.invitedBy(), p.home())
			add("carts", "%d1, %d, 'wish %d'), (%d2, %d, 'another wish %d'", p, p, p, p, p, p)
			add("cart_items", "%d1, %d1, 'note a%d'), (%d2, %d1, 'note b%d'", p, p, p, p, p, p)
			add("orders", "%d1, %d, '19.9'), (%d2, %d, '5'", p, p, p, p)
		case "crm":
			add("contacts", "%d, '%s', '%s', '%s', 0", p, p.member(), p.name(), p.phone())
			add("notes", "%d1, %d, NULL, 'first %d'), (%d2, %d, %d1, 'second %d'", p, p, p, p, p, p, p)
			add("tickets", "%d1, '%s', 'help me %d', 42", p, p.email(), p)
		case "club":
			if p%3 == 1 {
				add("households", "%d, '%d Common Road'", p.household(), p.household())
			}
			add("members", "%d, '%s', '%s', '%s', %d", p, p.member(), p.email(), p.name(), p.household())
			add("bookings", "%d1, %d, '%s'), (%d2, %d, NULL", p, p, p.remark(), p, p)
		}
	}
	for _, table := range order {
		for some := range slices.Chunk(values[table], 200) {
			out = append(out, "INSERT INTO "+table+" VALUES "+strings.Join(some, ", "))
		}
	}
	if system == "crm" { // two notes that answer each other
		out = append(out, `UPDATE notes SET reply_to = id + 1 WHERE reply_to IS NULL`)
	}
	return out
}

// systemRows reads a system whole: a number that tells whose a row is, and the row.
var systemRows = map[string][]string{
	"shop": {
		`SELECT id, 'customer', id, email, name, phone, invited_by, home, state FROM customers ORDER BY id`,
		`SELECT customer_id, 'cart', id, wish FROM carts ORDER BY id`,
		`SELECT cart_id / 10, 'item', id, note FROM cart_items ORDER BY id`,
		`SELECT customer_id, 'order', id, amount FROM orders ORDER BY id`,
	},
	"crm": {
		`SELECT id, 'contact', id, member_no, name, phone, frozen FROM contacts ORDER BY id`,
		`SELECT contact_id, 'note', id, reply_to, body FROM notes ORDER BY id`,
		`SELECT FLOOR(id / 10), 'ticket', id, from_email, body, category FROM tickets ORDER BY id`,
	},
	"club": {
		`SELECT id, 'member', id, member_no, email, name, household FROM members ORDER BY id`,
		`SELECT member, 'booking', id, remark FROM bookings ORDER BY id`,
	},
}

// systemShared reads what people share: its number, the row, and how many share it by now.
var systemShared = map[string]string{
	"shop": `SELECT a.id, a.street, (SELECT count(*) FROM customers c WHERE c.home = a.id) FROM addresses a ORDER BY a.id`,
	"club": `SELECT h.id, h.street, (SELECT count(*) FROM members m WHERE m.household = h.id) FROM households h ORDER BY h.id`,
}

const killedPolicy = `avow: v1
policy: shop
title: Privacy policy
effective: 2026-01-01
organisation: {name: Shop, contact: {email: privacy@shop.example}, entities: {gb: {name: Shop Ltd, in: GB, serves: everyone-else}}}
data:
  contact: {title: Contact details, fields: [name, email, phone, address], identifies: [email, phone]}
  account: {title: Membership, fields: [number], identifies: [number]}
  messages: {title: Messages, fields: [text]}
  orders: {title: Orders, fields: [amount]}
sources:
  you: {title: You, yields: [contact, account, messages, orders]}
purpose-groups:
  serving:
    title: Serving you
    purposes:
      orders: {title: Bring your orders, because: You ordered., basis: contract, uses: [contact, account, messages, orders]}
      accounts: {title: Keep books, because: Tax law demands it., basis: legal-obligation, uses: orders}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  account: {until: 24 months after last-contact, then: erase}
  messages: {until: 24 months after last-contact, then: erase}
  orders: {for: accounts, until: 7 years after purchase, then: erase}
rights: {object: {when: at any time}}
regimes: [uk-gdpr]
signals: {dnt: ignored, gpc: opt-out}
`

var systemMaps = map[string]string{
	"shop": `tables:
  customers:
    identities: {email: email}
    references:
      invited_by: {columns: invited_by, to: customers.id, optional: yes}
      home: {columns: home, to: addresses.id, optional: yes}
    relation: {itself: owns, invited_by: mentions}
    erase: clear
    columns: {email: {is: contact.email, erase: mask(email)}, name: {is: contact.name, erase: mask(name)}, phone: contact.phone}
    restriction: {column: state, set: frozen, lift: active}
  addresses:
    relation: {customers.home: shares}
    of: everyone
    erase: delete
    columns: {street: contact.address}
  carts:
    references: {customer: {columns: customer_id, to: customers.id}}
    relation: {customer: owns}
    erase: delete
    columns: {wish: messages.text}
  cart_items:
    references: {cart: {columns: cart_id, to: carts.id}}
    relation: {cart: owns}
    erase: delete
    columns: {note: messages.text}
  orders:
    references: {customer: {columns: customer_id, to: customers.id}}
    relation: {customer: owns}
    erase: {keep: {because: Tax law demands it., for: orders}}
    columns: {amount: orders.amount}
`,
	"crm": `erase-after: [club]
tables:
  contacts:
    references: {member: {columns: member_no, to: club.members.member_no}}
    relation: {member: owns}
    erase: delete
    columns: {name: contact.name, phone: contact.phone}
    restriction: {column: frozen, set: 1, lift: 0}
  notes:
    references:
      contact: {columns: contact_id, to: contacts.id}
      reply_to: {columns: reply_to, to: notes.id, optional: yes}
    relation: {contact: owns, reply_to: owns}
    erase: delete
    columns: {body: messages.text}
  tickets:
    identities: {from_email: email}
    relation: owns
    erase: clear
    columns: {from_email: {is: contact.email, erase: mask(email)}, body: messages.text}
`,
	"club": `tables:
  members:
    identities: {email: email, member_no: {kind: member-number, compare: trimmed}}
    references: {home: {columns: household, to: households.id}}
    relation: {itself: owns}
    erase: delete
    columns: {email: contact.email, name: contact.name, member_no: account.number}
  households:
    relation: {members.home: shares}
    of: everyone
    erase: delete
    columns: {street: contact.address}
  bookings:
    references: {member: members.id}
    relation: {member: owns}
    erase: delete
    columns: {remark: messages.text}
    free-text: [remark]
`,
}

// threeSystems are the systems, the wires to them, and what is seen in them beside avow.
type threeSystems struct {
	t      *testing.T
	people int
	lines  map[string]*line // to the servers
	file   string           // of the club
	read   map[string]*sql.DB
	env    []string
	stages map[string]map[invented]stage // as seen last
	masks  map[string]string             // what was seen in the place of somebody
}

// newThreeSystems makes and fills the systems, and writes their maps and the policy into dir. A server that
// is not there is stood in for by SQLite, unless AVOW_TEST_REQUIRE=1.
func newThreeSystems(t *testing.T, dir string, people int) *threeSystems {
	t.Helper()
	w := &threeSystems{t: t, people: people, lines: map[string]*line{}, read: map[string]*sql.DB{}, stages: map[string]map[invented]stage{}, masks: map[string]string{}}
	kinds := map[string]connecttest.Kind{}
	for _, k := range connecttest.Kinds(t) {
		kinds[k.Name] = k
	}
	w.write(filepath.Join(dir, "policy.yaml"), killedPolicy)
	for system, kind := range map[string]string{"shop": "postgresql", "crm": "mariadb", "club": "sqlite"} {
		k, there := kinds[kind]
		if !there {
			k = kinds["sqlite"]
		}
		c := k.Config(t)
		connecttest.Exec(t, c, append(slices.Clone(systemTables[system]), inserts(system, people)...)...)
		w.read[system], w.stages[system] = connecttest.Handle(t, c), map[invented]stage{}
		if c.Kind != "sqlite" {
			w.lines[system], c.Secret = newLine(t, c.Secret)
		}
		if system == "club" {
			w.file = c.Secret
		}
		w.env = append(w.env, "AVOW_TEST_"+strings.ToUpper(system)+"="+c.Secret)
		w.write(filepath.Join(dir, "systems", system+".yaml"), fmt.Sprintf("system: %s\nkind: %s\ncredentials: env:AVOW_TEST_%s\ntake-from-database: [keys, references]\n%s",
			system, c.Kind, strings.ToUpper(system), systemMaps[system]))
	}
	return w
}

func (w *threeSystems) write(path, text string) {
	w.t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// setAway takes a system away, or gives it back. No process may be at work for the club, which is a file.
func (w *threeSystems) setAway(system string, away bool) {
	if l := w.lines[system]; l != nil {
		l.set(away)
		return
	}
	if system != "club" {
		return
	}
	from, to := w.file, w.file+".away"
	if !away {
		from, to = to, from
	}
	for _, more := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Rename(from+more, to+more); err != nil && !os.IsNotExist(err) {
			w.t.Fatal(err)
		}
	}
}

var maskOf = regexp.MustCompile(`[a-z2-7]{20}@erased\.invalid`)

// look reads a system in one transaction, as anybody may at any time, and says how far it is with
// everybody; what is at no stage at all is half done, and wrong.
func (w *threeSystems) look(system string, asked map[invented]stage) error {
	rows, shared, err := w.all(system)
	if err != nil {
		return err
	}
	for p := invented(1); int(p) <= w.people; p++ {
		now, err := w.stageOf(system, p, rows[p], asked[p])
		if err != nil {
			return err
		}
		if was := w.stages[system][p]; now < was {
			return fmt.Errorf("%s: person %d was at stage %d and is at %d again", system, p, was, now)
		}
		w.stages[system][p] = now
		delete(rows, p)
	}
	if len(rows) > 0 {
		return fmt.Errorf("%s: rows of nobody: %v", system, rows)
	}
	return w.sharedRight(system, shared)
}

// all reads everything: the rows of each, and what is shared.
func (w *threeSystems) all(system string) (rows map[invented][]string, shared [][]string, err error) {
	tx, err := w.read[system].BeginTx(w.t.Context(), &sql.TxOptions{Isolation: w.isolation(system), ReadOnly: w.lines[system] != nil})
	if err != nil {
		return nil, nil, err
	}
	defer tx.Rollback()
	rows = map[invented][]string{}
	for _, query := range systemRows[system] {
		list, err := texts(tx, query)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range list {
			var p invented
			if _, err := fmt.Sscan(r[0], &p); err != nil {
				return nil, nil, fmt.Errorf("%s: %v: %w", system, r, err)
			}
			rows[p] = append(rows[p], strings.Join(r[1:], " "))
		}
	}
	if query := systemShared[system]; query != "" {
		shared, err = texts(tx, query)
	}
	return rows, shared, err
}

func (w *threeSystems) isolation(system string) sql.IsolationLevel {
	if w.lines[system] != nil {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

func texts(tx *sql.Tx, query string) (out [][]string, err error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		cells, to := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		var r []string
		for _, c := range cells {
			if !c.Valid {
				c.String = "-"
			}
			r = append(r, c.String)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// stageOf tells how far a system is with somebody. Who asked for nothing is as they were; wants is what
// somebody asked for.
func (w *threeSystems) stageOf(system string, p invented, rows []string, wants stage) (stage, error) {
	for i, r := range rows {
		mask := maskOf.FindString(r)
		if mask == "" {
			continue
		}
		place := system + " " + r[:strings.Index(r, mask)]
		if was := cmp.Or(w.masks[place], mask); was != mask {
			return 0, fmt.Errorf("%s: the mask of person %d was %s and is %s", system, p, was, mask)
		}
		w.masks[place] = mask
		rows[i] = strings.Replace(r, mask, masked, 1)
	}
	may := map[stage][]stage{before: {before}, corrected: {before, corrected}, erased: {before, restricted, erased}}[wants]
	for _, at := range may {
		if slices.Equal(rows, p.rows(system, at)) {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%s holds of person %d, who asked for stage %d:\n\t%s\nbefore it was:\n\t%s", system, p, wants, strings.Join(rows, "\n\t"), strings.Join(p.rows(system, before), "\n\t"))
}

// sharedRight: what is shared is there while somebody shares it, and to the letter.
func (w *threeSystems) sharedRight(system string, shared [][]string) error {
	word := map[string]string{"shop": "Shared Street", "club": "Common Road"}[system]
	there := map[string]bool{}
	for _, r := range shared {
		there[r[0]] = true
		if r[1] != r[0]+" "+word {
			return fmt.Errorf("%s: what is shared as %s is %q", system, r[0], r[1])
		}
		if r[2] == "0" {
			return fmt.Errorf("%s: nobody shares %s any more, and it is there", system, r[1])
		}
	}
	for p := invented(1); int(p) <= w.people; p++ {
		id := map[string]int{"shop": p.home(), "club": p.household()}[system]
		if system != "crm" && w.stages[system][p] != erased && !there[fmt.Sprint(id)] {
			return fmt.Errorf("%s: what person %d shares is gone", system, p)
		}
	}
	return nil
}

// finished: everybody is where they asked to be.
func (w *threeSystems) finished(asked map[invented]stage) error {
	for _, system := range []string{"shop", "crm", "club"} {
		if err := w.look(system, asked); err != nil {
			return err
		}
		for p := invented(1); int(p) <= w.people; p++ {
			if got := w.stages[system][p]; got != asked[p] {
				return fmt.Errorf("%s: person %d is at stage %d at the end, and asked for %d", system, p, got, asked[p])
			}
		}
	}
	return nil
}
