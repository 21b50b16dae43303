package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// restored is an organisation that makes a backup, goes on, and puts the backup back.
type restored struct {
	t *testing.T
	where
	house *house
}

// TestRestoreOnSQLite: a backup is put back; who was erased after it was made stays
// erased, and who said stop stays stopped.
func TestRestoreOnSQLite(t *testing.T) {
	dir := t.TempDir()
	r := &restored{t: t, where: where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys")}}
	backup := filepath.Join(dir, "backup")
	r.story(func() {
		r.run(&backupCommand{where: r.where, Dir: backup})
	}, func() string {
		r.refusesOldCopy(filepath.Join(backup, backupFile))
		return r.run(&restoreCommand{where: r.where, Dir: backup, Yes: true})
	})
	if aside, _ := filepath.Glob(filepath.Join(r.Data, "before-restore-*", "avow.db")); len(aside) != 1 {
		t.Errorf("the former database was not put aside: %v", aside)
	}

	// The same backup again, twice: each time the log takes a name it never had.
	names := map[string]bool{}
	for range 3 {
		r.open()
		names[r.house.ledger.Origin()] = true
		r.close()
		r.run(&restoreCommand{where: r.where, Dir: backup, Yes: true})
	}
	if len(names) != 3 {
		t.Errorf("the names of the log: %v", names)
	}
}

// TestRestoreOnPostgreSQL is the same with PostgreSQL's own tools, as docs/operate.md has them.
func TestRestoreOnPostgreSQL(t *testing.T) {
	if len(storetest.Kinds(t)) < 2 {
		return // storetest fails where PostgreSQL is demanded
	}
	dir := t.TempDir()
	old, fresh := storetest.PostgreSQL(t).DSN, storetest.PostgreSQL(t).DSN
	r := &restored{t: t, where: where{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), Database: old}}
	dump, keys := filepath.Join(dir, "avow.dump"), filepath.Join(dir, "keys.dump")
	tool := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(filepath.Join(storetest.PostgresBin(t), name), args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	each := func(option string) (args []string) {
		for _, table := range []string{"vault_keys", "vault_keyset", "vault_rotations", "vault_stops"} {
			args = append(args, option+table)
		}
		return args
	}
	r.story(func() {
		tool("pg_dump", append(each("--exclude-table-data="), "--format=custom", "--file="+dump, "--dbname="+old)...)
	}, func() string {
		tool("pg_dump", append(each("--table="), "--format=custom", "--data-only", "--file="+keys, "--dbname="+old)...)
		tool("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+fresh, dump)
		tool("pg_restore", "--exit-on-error", "--no-owner", "--dbname="+fresh, keys)
		r.Database = fresh
		return r.run(&restoreCommand{where: r.where})
	})
}

// story plays before and after a backup, and what must be true when it was put back.
func (r *restored) story(backUp func(), restore func() string) {
	t := r.t
	t.Helper()
	r.open()
	src, err := os.ReadFile(filepath.Join("..", "..", "examples", demoPolicy))
	r.check(err)
	_, err = r.house.consent.Publish(context.Background(), "policy.yaml", src)
	r.check(err)
	ann, bob, cleo := r.comes("ann@example.com"), r.comes("bob@example.com"), r.comes("cleo@example.com")
	for name, who := range map[string]avow.ID{"Ann": ann, "Bob": bob, "Cleo": cleo} {
		if !r.allowed(who) {
			t.Fatalf("%s may not be written to from the start", name)
		}
	}
	backUp()

	withdrawal := r.withdraws(ann)
	r.objects(cleo)
	r.erases("bob@example.com")
	dora := r.comes("dora@example.com")
	r.check(r.house.consent.Stop(context.Background(), vault.Identity{Kind: vault.Email, Value: "nobody-yet@example.com"}, consent.Choice{Policy: "harbour", Purpose: "newsletter"}))
	key, origin := r.house.ledger.Key(), r.house.ledger.Origin()
	r.close()

	said := restore()
	r.open()
	defer r.close()
	if r.house.ledger.Origin() == origin || !strings.Contains(said, r.house.ledger.Origin()) {
		t.Errorf("the log goes on as %s, and the command says: %s", r.house.ledger.Origin(), said)
	}
	for name, who := range map[string]avow.ID{"Ann, who withdrew": ann, "Cleo, who objected": cleo, "Bob, who was erased": bob, "Dora, who came later": dora} {
		if r.allowed(who) {
			t.Errorf("%s after the backup was made, is written to again", name)
		}
	}
	if found := r.find("bob@example.com"); len(found) > 0 {
		t.Error("Bob, who was erased, is found")
	}
	if later := r.comes("nobody-yet@example.com"); r.allowed(later) != true {
		t.Error("who says yes after all is not believed")
	}
	if _, err := r.house.consent.State(context.Background(), bob); avow.KindOf(err) != avow.NotFound {
		t.Errorf("what Bob has said: %v", err)
	}
	if err := withdrawal.Verify(key); err != nil {
		t.Errorf("the receipt of what was lost no longer proves it: %v", err)
	}
	a, err := r.house.audit(context.Background(), nil)
	r.check(err)
	if len(a.Findings) > 0 {
		t.Errorf("the audit says %v", a.Findings)
	}
}

// refusesOldCopy: whoever puts an old file back by hand is not served.
func (r *restored) refusesOldCopy(copied string) {
	r.t.Helper()
	now, err := os.ReadFile(r.databaseFile())
	r.check(err)
	old, err := os.ReadFile(copied)
	r.check(err)
	r.check(os.WriteFile(r.databaseFile(), old, 0o600))
	h, err := openHouse(context.Background(), r.where, "", slog.New(slog.DiscardHandler))
	if err == nil {
		h.close()
		r.t.Error("a server starts on an old copy of the database")
	} else if !strings.Contains(err.Error(), "avow restore") {
		r.t.Errorf("an old copy of the database is refused without saying what to do: %v", err)
	}
	for _, journal := range []string{"-wal", "-shm"} {
		os.Remove(r.databaseFile() + journal)
	}
	r.check(os.WriteFile(r.databaseFile(), now, 0o600))
}

func (r *restored) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *restored) open() {
	r.t.Helper()
	var err error
	r.house, err = openHouse(context.Background(), r.where, "http://127.0.0.1", slog.New(slog.DiscardHandler))
	r.check(err)
}

func (r *restored) close() {
	r.t.Helper()
	r.check(r.house.close())
}

// run runs a command and gives what it printed.
func (r *restored) run(c interface {
	Run(context.Context, *terminal) error
}) string {
	r.t.Helper()
	var out bytes.Buffer
	if err := c.Run(context.Background(), &terminal{in: strings.NewReader(""), out: &out, err: &out}); err != nil {
		r.t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

// comes has somebody show an address and say yes to the newsletter.
func (r *restored) comes(address string) (who avow.ID) {
	r.t.Helper()
	r.check(r.house.db.Write(context.Background(), func(tx *store.Tx) error {
		v, err := r.house.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: address})
		if who = v.Subject; err != nil {
			return err
		}
		_, err = r.house.vault.Put(tx, vault.Value{Subject: who, Category: "contact", Field: "email", Source: "you", Point: "newsletter",
			Policy: "harbour", Version: 1, Purposes: []string{"newsletter"}, Data: address})
		return err
	}))
	r.says(who, func(h *consent.Hand) error {
		_, err := h.Give(consent.Choice{Policy: "harbour", Purpose: "newsletter"})
		return err
	})
	return who
}

func (r *restored) says(who avow.ID, what func(h *consent.Hand) error) {
	r.t.Helper()
	r.check(r.house.consent.Do(context.Background(), who, what))
}

func (r *restored) withdraws(who avow.ID) (receipt *proof.Receipt) {
	r.t.Helper()
	var event avow.ID
	r.says(who, func(h *consent.Hand) error {
		got, err := h.Withdraw(consent.Choice{Policy: "harbour", Purpose: "newsletter"})
		event = got.ID
		return err
	})
	r.check(r.house.db.Read(context.Background(), func(tx *store.Tx) error {
		e, err := r.house.ledger.ByID(tx, event)
		if err == nil {
			receipt, err = r.house.ledger.Receipt(tx, e)
		}
		return err
	}))
	return receipt
}

func (r *restored) objects(who avow.ID) {
	r.t.Helper()
	r.says(who, func(h *consent.Hand) error {
		_, err := h.Object(consent.Choice{Policy: "harbour", Purpose: "newsletter"})
		return err
	})
}

func (r *restored) erases(address string) {
	r.t.Helper()
	var token string
	outbox, err := mail.NewOutbox(r.house.db, mail.Config{Key: r.house.vault.KeyFor("outbox"), From: mail.From{Name: "Harbour", Address: "privacy@harbour.example"}, Sender: noServer{}})
	r.check(err)
	d, err := rights.Open(context.Background(), rights.Config{DB: r.house.db, Vault: r.house.vault, Ledger: r.house.ledger, Register: r.house.consent,
		Outbox: outbox})
	r.check(err)
	r.check(r.house.db.Write(context.Background(), func(tx *store.Tx) error {
		found, err := r.house.vault.Find(tx, vault.Identity{Kind: vault.Email, Value: address})
		if err == nil {
			token, _, err = r.house.vault.NewLink(tx, found[0].Subject, vault.Email, "privacy")
		}
		return err
	}))
	session, err := d.Enter(context.Background(), token)
	r.check(err)
	_, err = d.Erase(context.Background(), session.Token)
	r.check(err)
}

func (r *restored) find(address string) (found []vault.Found) {
	r.t.Helper()
	found, err := r.house.consent.Find(context.Background(), vault.Identity{Kind: vault.Email, Value: address})
	r.check(err)
	return found
}

// allowed asks whether somebody may be sent the newsletter.
func (r *restored) allowed(who avow.ID) bool {
	r.t.Helper()
	g, ok := r.house.consent.Gate("harbour")
	if !ok {
		r.t.Fatal("there is no policy")
	}
	q := gate.About(who, -1, time.Now())
	q.Act = avow.Send
	if why := g.Resolve(&gate.Names{Purpose: "newsletter", Data: []string{"contact.email"}}, &q); why != gate.Undecided {
		r.t.Fatal(why)
	}
	d, err := r.house.consent.Decide(context.Background(), "harbour", &q)
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Allowed
}
