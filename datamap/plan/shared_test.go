package plan

import (
	"testing"

	"github.com/avowhq/avow/connect"
)

var householdTables = []string{
	"CREATE TABLE address (id int PRIMARY KEY, street varchar(60))",
	"CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL UNIQUE, name varchar(60), home int, FOREIGN KEY (home) REFERENCES address (id))",
	"CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, ship_to int, text varchar(60), FOREIGN KEY (customer) REFERENCES customer (id), FOREIGN KEY (ship_to) REFERENCES address (id))",
	"CREATE TABLE message (id int PRIMARY KEY, sender int, recipient int, body varchar(60), sender_name varchar(60), recipient_name varchar(60) NOT NULL, reply_to int, FOREIGN KEY (reply_to) REFERENCES message (id))",
	"INSERT INTO address VALUES (1, 'Elm 1'), (2, 'Oak 2')",
	"INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann', 1), (2, 'bob@x.example', 'Bob', 1), (3, 'cy@x.example', 'Cy', 2)",
	"INSERT INTO orders VALUES (10, 1, 1, 'a'), (11, 2, 1, 'b'), (12, 3, 2, 'c')",
	"INSERT INTO message VALUES (1, 1, 2, 'hi Bob', 'Ann', 'Bob', NULL)", "INSERT INTO message VALUES (2, 2, 1, 'hi Ann', 'Bob', 'Ann', 1)", "INSERT INTO message VALUES (3, 3, 2, 'hi', 'Cy', 'Bob', NULL)",
}

const householdMap = `
address:
  relation: {customer.home: shares, orders.ship_to: shares}
  of: everyone
  erase: delete
  columns: {street: contact.address}
customer:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, name: contact.name}
orders:
  relation: {customer: owns}
  erase: delete
  columns: {text: orders.items}
message:
  references:
    sender: {to: customer.id, optional: yes}
    recipient: {to: customer.id, optional: yes}
  relation: {sender: shares, recipient: shares}
  erase: delete
  columns:
    body: {is: messages.text, of: sender}
    sender_name: {is: contact.name, of: sender}
    recipient_name: {is: contact.name, of: recipient}
`

// What is shared loses what is the person's, and goes with the last of those who share
// it, in one step and however the requests meet. It is the same on each database.
func TestSharedRowsOnEach(t *testing.T) {
	onEach(t, householdTables, householdMap, func(t *testing.T, w *world, src connect.Source) {
		w.erase("email=ann@x.example")
		wants(t, "messages", texts(t, src, "message", "id", "sender", "recipient", "body", "sender_name", "recipient_name"), "1||2|||Bob", "2|2||hi Ann|Bob|", "3|3|2|hi|Cy|Bob")
		wants(t, "addresses", texts(t, src, "address", "id"), "1", "2")
		wants(t, "homes", texts(t, src, "customer", "id", "home"), "1|", "2|1", "3|2")
		// Bob and Cy are planned at the same time; each leaves what the other may still share.
		bob, cy := people("email=bob@x.example"), people("email=cy@x.example")
		first, second := w.plan(bob), w.plan(cy)
		w.run(first)
		w.run(second)
		wants(t, "addresses after all", texts(t, src, "address", "id"))
		wants(t, "messages after all", texts(t, src, "message", "id"))
		wants(t, "orders after all", texts(t, src, "orders", "id"))
	})
}
