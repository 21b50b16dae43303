package main

import (
	"fmt"
	"strings"
)

// fullShop is how many rows the shop has when all of it is wanted.
const fullShop = 5_000_000

// shop is the made-up shop: four tables, with the indexes and foreign keys that one has.
type shop struct {
	mysql     bool
	customers int
	next      int // how many of them were given away
}

func newShop(mysql bool, part float64) *shop {
	return &shop{mysql: mysql, customers: max(2000, int(part*fullShop)*6/100)}
}

// rows are those of each table.
func (s *shop) rows() (customers, orders, lines, messages int) {
	n := s.customers
	return n, n * 10 / 3, n * 10, n * 7 / 3
}

func (s *shop) total() int {
	customers, orders, lines, messages := s.rows()
	return customers + orders + lines + messages
}

// emailOf is how customer i writes their address.
func emailOf(i int) string {
	if i%3 == 0 {
		return fmt.Sprintf("Person.%d@Mail%d.example", i, i%17)
	}
	return fmt.Sprintf("person.%d@mail%d.example", i, i%17)
}

// some gives n customers who were not given before: nothing has to be restored.
func (s *shop) some(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = s.customer(s.next + i)
	}
	s.next += n
	return ids
}

// customer is the n-th in an order that is no order: the factor is a prime that divides no number of customers here.
func (s *shop) customer(n int) int { return 1 + int(int64(n)*48_271%int64(s.customers)) }

func emails(ids []int) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = emailOf(id)
	}
	return out
}

// fill are the statements that make the shop, inside the server. Some of those who wrote
// to each other have left before.
func (s *shop) fill() []string {
	customers, orders, lines, messages := s.rows()
	out := []string{
		s.types("CREATE TABLE customers (id BIGINT PRIMARY KEY, email TEXT(190) NOT NULL, name TEXT(80) NOT NULL, phone TEXT(40), street TEXT(80), city TEXT(40), joined MOMENT NOT NULL)"),
		s.types("CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL, ship_to TEXT(120), total NUMERIC(12,2) NOT NULL, ordered MOMENT NOT NULL)"),
		s.types("CREATE TABLE order_lines (order_id BIGINT NOT NULL, line INTEGER NOT NULL, article TEXT(60) NOT NULL, pieces INTEGER NOT NULL, price NUMERIC(12,2) NOT NULL, PRIMARY KEY (order_id, line))"),
		s.types("CREATE TABLE messages (id BIGINT PRIMARY KEY, sender_id BIGINT, recipient_id BIGINT, sender_name TEXT(80), recipient_name TEXT(80), body TEXT(400), sent MOMENT NOT NULL)"),
		s.insert("customers", customers, "i, CONCAT(CASE WHEN i % 3 = 0 THEN 'Person.' ELSE 'person.' END, i, CASE WHEN i % 3 = 0 THEN '@Mail' ELSE '@mail' END, i % 17, '.example'), "+
			"CONCAT('Somebody ', i), CONCAT('+4477009', 10000 + i % 90000), CONCAT(i % 200, ' Harbour Street'), CONCAT('Town ', i % 500), "+s.moment("i")),
		s.insert("orders", orders, fmt.Sprintf("i, 1 + (i * 7919) %% %d, CONCAT(i %% 200, ' Harbour Street, Town ', i %% 500), (i %% 9000) / 7.0, ", customers)+s.moment("i")),
		s.insert("order_lines", lines, "1 + "+s.whole("(i - 1)", 3)+", 1 + (i - 1) % 3, CONCAT('article no. ', i % 4000), 1 + i % 4, (i % 3000) / 9.0"),
		s.insert("messages", messages, fmt.Sprintf("i, CASE WHEN i %% 23 > 0 THEN 1 + (i * 104729) %% %[1]d END, CASE WHEN i %% 29 > 0 THEN 1 + (i * 15485863 + 17) %% %[1]d END, CONCAT('Somebody ', 1 + (i * 104729) %% %[1]d), CONCAT('Somebody ', 1 + (i * 15485863 + 17) %% %[1]d), "+
			"CONCAT('Is the thing with the number ', i, ' still to be had, and could I come and look at it on some evening of this week?'), ", customers)+s.moment("i")),
		"CREATE INDEX orders_customer ON orders (customer_id)",
		"CREATE INDEX messages_sender ON messages (sender_id)",
		"CREATE INDEX messages_recipient ON messages (recipient_id)",
		"ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)",
		"ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id)",
		"ALTER TABLE messages ADD FOREIGN KEY (sender_id) REFERENCES customers (id), ADD FOREIGN KEY (recipient_id) REFERENCES customers (id)",
	}
	if s.mysql {
		return append(append([]string{"SET foreign_key_checks = 0, unique_checks = 0"}, out...), "CREATE UNIQUE INDEX customers_email ON customers (email)",
			"ANALYZE TABLE customers, orders, order_lines, messages", "SET foreign_key_checks = 1, unique_checks = 1")
	}
	return append(out, "CREATE UNIQUE INDEX customers_email ON customers (lower(email))", "VACUUM ANALYZE")
}

// types turns the words of the tables above into those of a database.
func (s *shop) types(sql string) string {
	if s.mysql {
		return strings.NewReplacer("TEXT(", "VARCHAR(", "MOMENT", "DATETIME").Replace(sql)
	}
	return strings.NewReplacer("TEXT(", "varchar(", "MOMENT", "timestamptz").Replace(sql)
}

func (s *shop) insert(table string, n int, values string) string {
	if s.mysql {
		return fmt.Sprintf("INSERT INTO %s SELECT %s FROM (SELECT seq AS i FROM seq_1_to_%d) AS n", table, values, n)
	}
	return fmt.Sprintf("INSERT INTO %s SELECT %s FROM generate_series(1::bigint, %d) AS i", table, values, n)
}

func (s *shop) moment(i string) string {
	if s.mysql {
		return "'2020-01-01' + INTERVAL (" + i + " * 37 % 200000000) SECOND"
	}
	return "'2020-01-01Z'::timestamptz + (" + i + " * 37 % 200000000) * interval '1 second'"
}

func (s *shop) whole(x string, by int) string {
	if s.mysql {
		return fmt.Sprintf("%s DIV %d", x, by)
	}
	return fmt.Sprintf("%s / %d", x, by)
}

func (s *shop) kind() string {
	if s.mysql {
		return "mysql"
	}
	return "postgresql"
}

// rightsPolicy is what the maps of the shop and of the others are judged by.
const rightsPolicy = `avow: v1
policy: bench
title: Privacy
effective: 2026-01-01
organisation: {name: Bench, contact: {email: privacy@bench.example}, entities: {nl: {name: Bench B.V., in: NL, serves: everyone-else}}}
regimes: [gdpr]
data:
  contact: {title: Contact details, fields: [name, email, phone, address], identifies: [email, phone]}
  messages: {title: Messages, fields: [text]}
  orders: {title: Orders, fields: [items, amount]}
sources: {you: {title: You, ways: [forms], yields: [contact, messages, orders]}}
purpose-groups:
  shop:
    title: The shop
    purposes:
      shop: {title: Run the shop, because: You buy from us., basis: contract, uses: [contact, messages, orders]}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  messages: {until: 24 months after collection, then: erase}
  orders: {until: 24 months after collection, then: erase}
`

// shopMap: who has left keeps an empty row; a message is the sender's and the recipient's.
const shopMap = `system: shop
kind: %s
credentials: env:AVOW_BENCH_SHOP
tables:
  customers:
    key: id
    identities: {email: email}
    relation: owns
    erase: mask(hash)
    columns:
      email: {is: contact.email, erase: mask(email)}
      name: {is: contact.name, erase: mask("erased")}
      phone: {is: contact.phone, erase: clear}
      street: {is: contact.address, erase: clear}
      city: {is: contact.address, erase: clear}
  orders:
    key: id
    references: {customer: {columns: customer_id, to: customers.id}}
    relation: owns
    erase: delete
    columns: {ship_to: contact.address, total: orders.amount}
  order_lines:
    key: [order_id, line]
    references: {order: {columns: order_id, to: orders.id}}
    relation: owns
    erase: delete
    columns: {article: orders.items, price: orders.amount}
  messages:
    key: id
    references:
      sender: {columns: sender_id, to: customers.id, optional: yes}
      recipient: {columns: recipient_id, to: customers.id, optional: yes}
    relation: {sender: shares, recipient: shares}
    erase: delete
    columns:
      body: {is: messages.text, of: sender}
      sender_name: {is: contact.name, of: sender}
      recipient_name: {is: contact.name, of: recipient}
`
