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
		wants(t, "what the database takes", got, "happy||none|"+texts(t, src, "customer", "ip")[0])
	})
}
