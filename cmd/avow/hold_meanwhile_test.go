package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// interrupted has something happen at two moments of each system's part of an erasure: right after it was looked at for
// holds, and while it is being changed.
type interrupted struct {
	cases.Engine
	looked, changing func(system string)
}

func (b *interrupted) Free(ctx context.Context, r cases.Request, captured []byte) error {
	err := b.Engine.Free(ctx, r, captured)
	if b.looked != nil {
		b.looked("")
	}
	return err
}

func (b *interrupted) Run(ctx context.Context, r cases.Request, system string, captured []byte) (cases.Outcome, error) {
	if b.changing != nil {
		b.changing(system)
	}
	return b.Engine.Run(ctx, r, system, captured)
}

// heldMeanwhile is two systems, one erased after the other, and a counter.
type heldMeanwhile struct {
	t *testing.T
	*counter
	interrupted
	dbs map[string]string
}

func eachHeldMeanwhile(t *testing.T, test func(h *heldMeanwhile)) {
	for _, kind := range storetest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			h := &heldMeanwhile{t: t, dbs: map[string]string{}}
			h.open(t.TempDir(), kind.Config(t))
			test(h)
		})
	}
}

func (h *heldMeanwhile) open(dir string, c store.Config) {
	h.t.Helper()
	h.write(filepath.Join(dir, "policy.yaml"), fmt.Sprintf(quayPolicy, ""))
	for name, table := range map[string]string{"shop": "customers", "desk": "tickets"} {
		file := filepath.Join(dir, name+".db")
		h.dbs[name] = file
		h.t.Setenv("HELD_"+strings.ToUpper(name), file)
		connecttest.Exec(h.t, connect.Config{Kind: "sqlite", Secret: file}, "CREATE TABLE "+table+" (id INTEGER PRIMARY KEY, email TEXT, member TEXT, name TEXT)",
			"INSERT INTO "+table+" VALUES (1, 'Ann@mail.example', 'M1', 'Ann'), (2, 'bob@mail.example', 'M2', 'Bob')")
		later := map[string]string{"desk": "erase-after: [shop]\n"}[name]
		h.write(filepath.Join(dir, "systems", name+".yaml"), fmt.Sprintf(`system: %s
kind: sqlite
credentials: env:HELD_%s
take-from-database: [keys]
%stables:
  %s:
    identities: {email: email, member: member-number}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
`, name, strings.ToUpper(name), later, table))
	}
	var err error
	f := folder{Policy: filepath.Join(dir, "policy.yaml")}
	h.counter, err = f.openCounter(h.t.Context(), &terminal{in: strings.NewReader(""), out: io.Discard, err: io.Discard},
		where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), Database: c.DSN})
	h.check(err)
	h.t.Cleanup(h.close)
	h.interrupted.Engine = h.seen.Engine
	h.seen.Engine = &h.interrupted
}

func (h *heldMeanwhile) write(name, text string) {
	h.t.Helper()
	h.check(os.MkdirAll(filepath.Dir(name), 0o700))
	h.check(os.WriteFile(name, []byte(text), 0o600))
}

func (h *heldMeanwhile) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// erase asks for Ann's erasure and does what can be done.
func (h *heldMeanwhile) erase() cases.Taken {
	h.t.Helper()
	t, err := h.desk.Take(h.t.Context(), cases.Ask{Right: law.Remove, Policy: "quay", Door: cases.Staff, By: "Kim", Evidence: "ticket 1",
		Identities: []cases.Identity{{Kind: "email", Value: "ann@mail.example"}}})
	h.check(err)
	_, err = h.desk.Run(h.t.Context())
	h.check(err)
	return t
}

// hold places a hold on Ann, by the number that the systems know her by.
func (h *heldMeanwhile) hold(tables ...string) (retain.Hold, error) {
	return h.retain.Place(context.Background(), retain.Hold{Kind: retain.Legal, Because: "A claim.", By: "Max", Tables: tables,
		Person: []find.Identity{{Kind: "member-number", Value: "M1"}}})
}

// left are the names in both systems.
func (h *heldMeanwhile) left() string {
	h.t.Helper()
	return h.names("shop", "customers") + "; " + h.names("desk", "tickets")
}

func (h *heldMeanwhile) names(system, table string) string {
	h.t.Helper()
	rows, err := connecttest.Handle(h.t, connect.Config{Kind: "sqlite", Secret: h.dbs[system]}).Query("SELECT name FROM " + table + " ORDER BY id")
	h.check(err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		h.check(rows.Scan(&name))
		out = append(out, name)
	}
	h.check(rows.Err())
	return strings.Join(out, " ")
}

func (h *heldMeanwhile) wantLeft(want string) {
	h.t.Helper()
	if got := h.left(); got != want {
		h.t.Errorf("left: %s; want %s", got, want)
	}
}

// A hold that is placed between the look at holds and the change keeps what it is about, in all systems.
func TestHoldBetweenLookAndChange(t *testing.T) {
	eachHeldMeanwhile(t, func(h *heldMeanwhile) {
		var placed retain.Hold
		h.looked = func(string) {
			if placed.ID.IsZero() {
				var err error
				placed, err = h.hold()
				h.check(err)
			}
		}
		r := h.erase()
		h.wantLeft("Ann Bob; Ann Bob")
		if len(placed.Erased) > 0 {
			t.Errorf("nothing was begun, and it is told %+v", placed.Erased)
		}
		steps, err := h.desk.Steps(t.Context(), r.ID)
		h.check(err)
		if !slices.ContainsFunc(steps, func(s cases.Step) bool { return s.Kind == "run" && strings.Contains(s.Trouble, "A claim.") }) {
			t.Errorf("it does not wait for the hold: %+v", steps)
		}
	})
}

// A hold that is placed while a system is being erased waits for the end of it, says what it came too late for, and
// keeps all else.
func TestHoldDuringTheChange(t *testing.T) {
	eachHeldMeanwhile(t, func(h *heldMeanwhile) {
		type answer struct {
			retain.Hold
			err error
		}
		done := make(chan answer, 1)
		h.changing = func(system string) {
			if system != "shop" {
				return
			}
			go func() {
				x, err := h.hold()
				done <- answer{x, err}
			}()
			for n := 0; n == 0; {
				list, err := h.retain.Holds(context.Background(), false)
				if err != nil {
					t.Error(err)
					return
				}
				n = len(list)
			}
			time.Sleep(200 * time.Millisecond)
			if len(done) > 0 {
				t.Error("it is said to count while the system is being erased")
			}
		}
		r := h.erase()
		h.wantLeft("Bob; Ann Bob")
		x := <-done
		h.check(x.err)
		if len(x.Erased) != 1 || x.Erased[0].Words() != "already erased, by request "+r.Number+": what that was to take from shop.customers" {
			t.Errorf("it is told %+v", x.Erased)
		}
		h.changing = nil
		again, err := h.hold("shop.customers")
		h.check(err)
		if len(again.Erased) != 1 {
			t.Errorf("a hold on what is gone is told %+v", again.Erased)
		}
		if other, err := h.hold("desk.tickets"); err != nil || len(other.Erased) != 0 {
			t.Errorf("a hold on what is there is told %+v, %v", other.Erased, err)
		}
	})
}
