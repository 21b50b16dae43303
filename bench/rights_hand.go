package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// byHand erases people with the SQL that somebody who knows the shop well would write.
type byHand struct {
	db    *sql.DB
	mysql bool
}

// statement is one, with what it gets.
type statement struct {
	text string
	args []any
}

// together is one transaction for all of them: their ids in a temporary table, joined
// to what goes and to what is masked, children first.
func (h *byHand) together(ctx context.Context, who []int) error {
	return h.transaction(ctx, append(h.gone(emails(who)), h.joined()...))
}

// gone notes the ids of those who go.
func (h *byHand) gone(addresses []string) []statement {
	if !h.mysql {
		for i, a := range addresses {
			addresses[i] = strings.ToLower(a)
		}
		return []statement{{"CREATE TEMPORARY TABLE gone (id bigint PRIMARY KEY) ON COMMIT DROP", nil},
			{"INSERT INTO gone SELECT id FROM customers WHERE lower(email) = ANY($1)", []any{addresses}}, {"ANALYZE gone", nil}}
	}
	args := make([]any, len(addresses))
	for i, a := range addresses {
		args[i] = a
	}
	return []statement{{"DROP TEMPORARY TABLE IF EXISTS gone", nil}, {"CREATE TEMPORARY TABLE gone (id BIGINT PRIMARY KEY)", nil},
		{"INSERT INTO gone SELECT id FROM customers WHERE email IN (?" + strings.Repeat(", ?", len(args)-1) + ")", args}}
}

func (h *byHand) joined() []statement {
	if h.mysql {
		return statements(
			"DELETE l FROM gone g JOIN orders o ON o.customer_id = g.id JOIN order_lines l ON l.order_id = o.id",
			"DELETE o FROM gone g JOIN orders o ON o.customer_id = g.id",
			"DELETE m FROM gone g JOIN messages m ON m.sender_id = g.id WHERE m.recipient_id IS NULL",
			"UPDATE gone g JOIN messages m ON m.sender_id = g.id SET m.sender_id = NULL, m.sender_name = NULL, m.body = NULL",
			"DELETE m FROM gone g JOIN messages m ON m.recipient_id = g.id WHERE m.sender_id IS NULL",
			"UPDATE gone g JOIN messages m ON m.recipient_id = g.id SET m.recipient_id = NULL, m.recipient_name = NULL",
			"UPDATE gone g JOIN customers c ON c.id = g.id SET c.email = CONCAT(LEFT(SHA2(CONCAT(c.id, 'a secret of the case'), 256), 20), '@erased.invalid'), c.name = 'erased', c.phone = NULL, c.street = NULL, c.city = NULL")
	}
	return statements(
		"DELETE FROM order_lines l USING orders o, gone g WHERE o.customer_id = g.id AND l.order_id = o.id",
		"DELETE FROM orders o USING gone g WHERE o.customer_id = g.id",
		"DELETE FROM messages m USING gone g WHERE m.sender_id = g.id AND m.recipient_id IS NULL",
		"UPDATE messages m SET sender_id = NULL, sender_name = NULL, body = NULL FROM gone g WHERE m.sender_id = g.id",
		"DELETE FROM messages m USING gone g WHERE m.recipient_id = g.id AND m.sender_id IS NULL",
		"UPDATE messages m SET recipient_id = NULL, recipient_name = NULL FROM gone g WHERE m.recipient_id = g.id",
		"UPDATE customers c SET email = left(encode(sha256((c.id || 'a secret of the case')::bytea), 'hex'), 20) || '@erased.invalid', name = 'erased', phone = NULL, street = NULL, city = NULL FROM gone g WHERE c.id = g.id")
}

func statements(texts ...string) []statement {
	out := make([]statement, len(texts))
	for i, t := range texts {
		out[i].text = t
	}
	return out
}

func (h *byHand) transaction(ctx context.Context, list []statement) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range list {
		if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.text, err)
		}
	}
	return tx.Commit()
}

// forEach is a transaction a person.
func (h *byHand) forEach(ctx context.Context, who []int) error {
	for _, i := range who {
		id, err := h.find(ctx, i)
		if err == nil {
			err = h.transaction(ctx, h.onePerson(id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// find is the id of a customer by their address.
func (h *byHand) find(ctx context.Context, i int) (id int64, err error) {
	if h.mysql {
		err = h.db.QueryRowContext(ctx, "SELECT id FROM customers WHERE email = ?", emailOf(i)).Scan(&id)
	} else {
		err = h.db.QueryRowContext(ctx, "SELECT id FROM customers WHERE lower(email) = $1", strings.ToLower(emailOf(i))).Scan(&id)
	}
	return id, err
}

func (h *byHand) onePerson(id int64) []statement {
	lines := "DELETE FROM order_lines USING orders WHERE orders.customer_id = $1 AND order_lines.order_id = orders.id"
	mask := "left(encode(sha256((id || 'a secret of the case')::bytea), 'hex'), 20) || '@erased.invalid'"
	if h.mysql {
		lines = "DELETE order_lines FROM orders JOIN order_lines ON order_lines.order_id = orders.id WHERE orders.customer_id = $1"
		mask = "CONCAT(LEFT(SHA2(CONCAT(id, 'a secret of the case'), 256), 20), '@erased.invalid')"
	}
	out := statements(lines, "DELETE FROM orders WHERE customer_id = $1",
		"DELETE FROM messages WHERE sender_id = $1 AND recipient_id IS NULL",
		"UPDATE messages SET sender_id = NULL, sender_name = NULL, body = NULL WHERE sender_id = $1",
		"DELETE FROM messages WHERE recipient_id = $1 AND sender_id IS NULL",
		"UPDATE messages SET recipient_id = NULL, recipient_name = NULL WHERE recipient_id = $1",
		"UPDATE customers SET email = "+mask+", name = 'erased', phone = NULL, street = NULL, city = NULL WHERE id = $1")
	for i := range out {
		out[i].text, out[i].args = h.marks(out[i].text), []any{id}
	}
	return out
}

// marks writes parameters as the database wants them.
func (h *byHand) marks(text string) string {
	if h.mysql {
		return strings.NewReplacer("$1", "?", "$2", "?").Replace(text)
	}
	return text
}

// rowByRow reads what a person has and changes each row by its key, in a statement and
// a transaction of its own, as most programs for requests do it.
func (h *byHand) rowByRow(ctx context.Context, who []int) error {
	for _, i := range who {
		id, err := h.find(ctx, i)
		if err != nil {
			return err
		}
		for _, step := range []struct{ read, change string }{
			{"SELECT l.order_id, l.line FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.customer_id = $1", "DELETE FROM order_lines WHERE order_id = $1 AND line = $2"},
			{"SELECT id FROM orders WHERE customer_id = $1", "DELETE FROM orders WHERE id = $1"},
			{"SELECT id FROM messages WHERE sender_id = $1 AND recipient_id IS NULL", "DELETE FROM messages WHERE id = $1"},
			{"SELECT id FROM messages WHERE sender_id = $1", "UPDATE messages SET sender_id = NULL, sender_name = NULL, body = NULL WHERE id = $1"},
			{"SELECT id FROM messages WHERE recipient_id = $1 AND sender_id IS NULL", "DELETE FROM messages WHERE id = $1"},
			{"SELECT id FROM messages WHERE recipient_id = $1", "UPDATE messages SET recipient_id = NULL, recipient_name = NULL WHERE id = $1"},
		} {
			if err := h.eachRow(ctx, id, step.read, step.change); err != nil {
				return err
			}
		}
		last := h.onePerson(id)
		s := last[len(last)-1]
		if _, err := h.db.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

func (h *byHand) eachRow(ctx context.Context, id int64, read, change string) error {
	keys, err := h.integers(ctx, h.marks(read), id)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := h.db.ExecContext(ctx, h.marks(change), key...); err != nil {
			return err
		}
	}
	return nil
}

// integers are the rows of a query whose columns are integers.
func (h *byHand) integers(ctx context.Context, query string, args ...any) (out [][]any, err error) {
	rows, err := h.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]int64, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		key := make([]any, len(columns))
		for i, v := range values {
			key[i] = v
		}
		out = append(out, key)
	}
	return out, rows.Err()
}

// effect is what erasing people has to do, seen before it is done.
type effect struct {
	people, orders, goes, stays, sent []int64 // ids; sent: those that stay and whose text goes
	lines                             int64
}

// expect looks what is to be done.
func (h *byHand) expect(ctx context.Context, who []int) (*effect, error) {
	e := &effect{}
	for _, id := range who {
		e.people = append(e.people, int64(id))
	}
	in := listOf(e.people)
	list := func(into *[]int64, query string) error {
		rows, err := h.integers(ctx, query)
		for _, r := range rows {
			*into = append(*into, r[0].(int64))
		}
		return err
	}
	if err := list(&e.orders, "SELECT id FROM orders WHERE customer_id IN "+in); err != nil {
		return nil, err
	}
	messages, err := h.integers(ctx, "SELECT id, COALESCE(sender_id, 0), COALESCE(recipient_id, 0) FROM messages WHERE sender_id IN "+in+" UNION SELECT id, COALESCE(sender_id, 0), COALESCE(recipient_id, 0) FROM messages WHERE recipient_id IN "+in)
	if err != nil {
		return nil, err
	}
	theirs := map[int64]bool{0: true}
	for _, id := range e.people {
		theirs[id] = true
	}
	for _, m := range messages {
		id, sender, recipient := m[0].(int64), m[1].(int64), m[2].(int64)
		switch {
		case theirs[sender] && theirs[recipient]:
			e.goes = append(e.goes, id)
		case theirs[sender]:
			e.sent = append(e.sent, id)
			e.stays = append(e.stays, id)
		default:
			e.stays = append(e.stays, id)
		}
	}
	if e.lines, err = h.count(ctx, "order_lines WHERE order_id IN "+listOf(e.orders)); err == nil && (len(e.orders) == 0 || e.lines == 0 || len(e.stays) == 0) {
		err = fmt.Errorf("these people have no orders or no messages: nothing would be measured")
	}
	return e, err
}

// done reports what of it was not done, or what else was.
func (h *byHand) done(ctx context.Context, e *effect) error {
	people := listOf(e.people)
	for _, c := range []struct {
		what, of string
		want     int
	}{
		{"people masked", "customers WHERE id IN " + people + " AND email LIKE '%@erased.invalid' AND name = 'erased' AND phone IS NULL AND street IS NULL AND city IS NULL", len(e.people)},
		{"orders left", "orders WHERE customer_id IN " + people, 0},
		{"lines left", "order_lines WHERE order_id IN " + listOf(e.orders), 0},
		{"messages that name them", "messages WHERE sender_id IN " + people + " OR recipient_id IN " + people, 0},
		{"messages of nobody", "messages WHERE id IN " + listOf(e.goes), 0},
		{"messages of others", "messages WHERE id IN " + listOf(e.stays), len(e.stays)},
		{"messages of others with what they wrote", "messages WHERE id IN " + listOf(e.sent) + " AND (body IS NOT NULL OR sender_name IS NOT NULL)", 0},
	} {
		n, err := h.count(ctx, c.of)
		if err != nil {
			return err
		}
		if n != int64(c.want) {
			return fmt.Errorf("%s: %d, not %d", c.what, n, c.want)
		}
	}
	return nil
}

func (h *byHand) count(ctx context.Context, of string) (n int64, err error) {
	err = h.db.QueryRowContext(ctx, "SELECT count(*) FROM "+of).Scan(&n)
	return n, err
}

// listOf writes numbers as a list; an empty one has a number that nothing has.
func listOf(ids []int64) string {
	var b strings.Builder
	b.WriteString("(-1")
	for _, id := range ids {
		fmt.Fprintf(&b, ",%d", id)
	}
	return b.String() + ")"
}
