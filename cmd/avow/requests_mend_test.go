package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A system whose connection string cannot ever work is said at the start, in a letter and where staff look; the server serves all the
// same, and when it is put right the request goes on without a new start.
func TestWrongSystemOfAServer(t *testing.T) {
	q := startQuay(t, "")
	right, err := os.ReadFile(q.file("shop.dsn"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(q.file("shop.dsn"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("file:")
	q.again()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(q.book.String(), putRight) && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if book := q.book.String(); !strings.Contains(book, putRight) || !strings.Contains(book, "shop cannot be worked with until somebody puts it right") {
		t.Error("at the start it is not said that the shop is set up wrongly")
	}
	c := newCaller(t, q.s)
	kim := q.token("kim", "officer")
	made := c.do(post, "/api/v1/requests", `{"right":"remove","identities":[{"kind":"email","value":"ann@visitor.example"}],"livesIn":"NL","evidence":"ticket 4711"}`, jsonType, kim)
	made.wants(t, "asking", 201)
	id := answer[shownRequest](t, made).Request
	q.stuck("shop")
	todo := c.do(get, "/api/v1/requests/todo", "", kim)
	todo.wants(t, "what is stuck", 200, `"mend":true`, "names no file")
	q.office.wait(t, "team@quay.example", "(?s)until this is put right.*names no file")
	write(string(right))
	stuck := answer[struct {
		Stuck []struct{ Step struct{ N int } }
	}](t, todo).Stuck
	c.do(post, fmt.Sprintf("/api/v1/requests/%s/tasks/%d/retry", id, stuck[0].Step.N), "", kim).wants(t, "trying again", 200)
	c.at(id, "closed", kim)
	if got := q.text("shop.db", `SELECT count(*) FROM customers WHERE email LIKE 'ann%'`); got != "0" {
		t.Errorf("%s of her are left", got)
	}
	q.noPersonIn(t, "ann@", "4711")
}
