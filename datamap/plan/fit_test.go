package plan

import (
	"testing"

	"github.com/avowhq/avow/connect"
)

// An enumeration and its like take no mask but one that the map chose for them: what the
// database would refuse is found in the plan, and the rest of the row is erased.
func TestColumnsOfCertainValues(t *testing.T) {
	onEach(t, []string{
		"postgresql: CREATE TYPE mood AS ENUM ('happy', 'sad', 'none')",
		"postgresql: CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, mood mood NOT NULL, was mood, chosen mood NOT NULL, ip inet NOT NULL, pic bytea NOT NULL)",
		"mysql: CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL, mood enum('happy', 'sad', 'none') NOT NULL, was enum('happy', 'sad'), chosen enum('happy', 'none') NOT NULL, ip inet6 NOT NULL, pic varbinary(20) NOT NULL)",
		"sqlite: CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, mood text NOT NULL, was text, chosen text NOT NULL, ip text NOT NULL, pic blob NOT NULL)",
		"INSERT INTO customer VALUES (1, 'ann@x.example', 'happy', 'sad', 'happy', '2001:db8::1', 'abc')",
	}, `
customer:
  identities: {email: email}
  relation: owns
  erase: mask(hash)
  columns:
    email: {is: contact.email, erase: mask(email)}
    mood: account.settings
    was: account.settings
    chosen: {is: account.settings, erase: mask("none")}
    ip: account.settings
    pic: account.settings
`, func(t *testing.T, w *world, src connect.Source) {
		w.erase("email=ann@x.example")
		got := texts(t, src, "customer", "mood", "was", "chosen", "ip")
		if w.m.Systems[0].Kind == "sqlite" {
			if len(got) != 1 || got[0] == "happy|sad|none|2001:db8::1" {
				t.Errorf("nothing is masked: %v", got)
			}
			return
		}
		wants(t, "what the database takes", got, "none||none|"+texts(t, src, "customer", "ip")[0])
	})
}

// The upper half of MySQL's unsigned keys does not fit a signed number, and is found and
// erased all the same.
func TestGreatKeys(t *testing.T) {
	onEach(t, []string{
		"mysql: CREATE TABLE customer (id bigint unsigned PRIMARY KEY, email varchar(60))",
		"mysql: CREATE TABLE pet (id int PRIMARY KEY, owner bigint unsigned, name varchar(60), FOREIGN KEY (owner) REFERENCES customer (id))",
		"mysql: INSERT INTO customer VALUES (18446744073709551615, 'ann@x.example'), (9223372036854775808, 'bob@x.example')",
		"mysql: INSERT INTO pet VALUES (1, 18446744073709551615, 'Rex'), (2, 9223372036854775808, 'Tom')",
		"postgresql: CREATE TABLE customer (id bigint PRIMARY KEY, email varchar(60))", "sqlite: CREATE TABLE customer (id int PRIMARY KEY, email text)",
		"postgresql: CREATE TABLE pet (id int PRIMARY KEY, owner bigint REFERENCES customer (id), name varchar(60))",
		"sqlite: CREATE TABLE pet (id int PRIMARY KEY, owner int REFERENCES customer (id), name text)",
		"postgresql: INSERT INTO customer VALUES (9223372036854775807, 'ann@x.example'), (-9223372036854775808, 'bob@x.example')",
		"sqlite: INSERT INTO customer VALUES (9223372036854775807, 'ann@x.example'), (-9223372036854775808, 'bob@x.example')",
		"postgresql: INSERT INTO pet VALUES (1, 9223372036854775807, 'Rex'), (2, -9223372036854775808, 'Tom')",
		"sqlite: INSERT INTO pet VALUES (1, 9223372036854775807, 'Rex'), (2, -9223372036854775808, 'Tom')",
	}, `
customer: {identities: {email: email}, relation: owns, erase: delete, columns: {email: contact.email}}
pet: {relation: {owner: owns}, erase: delete, columns: {name: contact.name}}
`, func(t *testing.T, w *world, src connect.Source) {
		w.erase("email=ann@x.example")
		wants(t, "customers", texts(t, src, "customer", "email"), "bob@x.example")
		wants(t, "pets", texts(t, src, "pet", "name"), "Tom")
	})
}
