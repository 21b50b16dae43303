package draft

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/datamap"
)

// What another service knows people by, and codes they show who they are with, are put to
// somebody; licences that were bought, what a program is set to, and when a
// deal was written are not. Who is named as the contact of a row is not whose it is.
func TestServices(t *testing.T) {
	r := draftOf(t, scripted(t, `CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, oauth_user_id TEXT, oauth_provider_id TEXT, sms_verification_code TEXT, failed_logins INTEGER, settings JSON);
		CREATE TABLE licenses (id INTEGER PRIMARY KEY, name TEXT, license_name TEXT, license_email TEXT, seats INTEGER, purchase_cost NUMERIC, depreciate BOOLEAN);
		CREATE TABLE invoices (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id), date DATE, created_at TIMESTAMP, timezone TEXT);
		CREATE TABLE direct_messages (id INTEGER PRIMARY KEY, from_id INTEGER REFERENCES users(id), body TEXT, html TEXT, read_at TIMESTAMP);
		CREATE TABLE emails (id INTEGER PRIMARY KEY, name TEXT, subject TEXT, plain_text TEXT, bcc_address TEXT, sent_count INTEGER);
		INSERT INTO emails VALUES (1, 'Spring', 'News', 'Dear all', 'ann@example.com', 3), (2, 'Summer', 'More', 'Dear all', 'bob@example.com', 3), (3, 'Autumn', 'Last', 'Dear all', 'cleo@example.com', 3);
		CREATE TABLE bugs (id INTEGER PRIMARY KEY, qa_contact INTEGER REFERENCES users(id), op_sys TEXT, estimated_time NUMERIC, opened_at TIMESTAMP);
		INSERT INTO users VALUES (1, 'ann@example.com', 'x1', 'p', '123', 1, '{"title":"wide","weight":3}'), (2, 'bob@example.com', 'x2', 'p', '456', 0, '{"title":"slim","weight":4}'), (3, 'cleo@example.com', 'x3', 'p', '789', 0, '{"title":"bold","weight":5}')`), datamap.SQLite)
	for name, is := range map[string]bool{
		"users.oauth_user_id": true, "users.sms_verification_code": true, "users.failed_logins": true, "licenses.license_email": true, "invoices.date": true,
		"direct_messages.html": true, "direct_messages.read_at": true, "emails.bcc_address": true, "emails.plain_text": false, "bugs.op_sys": false, "bugs.estimated_time": false, "invoices.timezone": false,
		"users.oauth_provider_id": false, "users.settings": false, "licenses.depreciate": false, "licenses.seats": false, "licenses.purchase_cost": false, "invoices.created_at": false,
	} {
		judged := slices.ContainsFunc(slices.Concat(r.Columns, r.Unsure, r.Without), func(f Finding) bool { return f.Table+"."+f.Column == name })
		if judged != is {
			t.Errorf("%s is of a person: %v", name, judged)
		}
	}
}
