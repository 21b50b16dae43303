package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

type house struct {
	*ledger.Ledger
	t     *testing.T
	db    *store.DB
	vault *vault.Vault
	now   time.Time

	outside string // the file
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(build(t, c, t.TempDir())) })
}

// build opens a vault and a ledger; several on one configuration and directory are nodes of one house.
func build(t *testing.T, c store.Config, dir string) *house {
	t.Helper()
	return buildWith(t, c, dir, ledger.Config{})
}

// buildOutside keeps the checkpoint in a file too.
func buildOutside(t *testing.T, c store.Config, dir string) *house {
	t.Helper()
	return buildWith(t, c, dir, ledger.Config{Outside: filepath.Join(dir, "outside", "checkpoint")})
}

func buildWith(t *testing.T, c store.Config, dir string, lc ledger.Config) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 12, 30, 15, 0, time.UTC), outside: lc.Outside}
	c.Clock = func() time.Time { return h.now }
	h.db = storetest.OpenConfig(t, c)
	var err error
	h.vault, err = vault.Open(t.Context(), h.db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.vault.Close() })
	if h.Ledger, err = ledger.Open(t.Context(), h.db, h.vault, lc); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Ledger.Close() }) // nothing is written outside any more when the folder goes
	return h
}

func (h *house) write(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) append(e ledger.Event) (r *ledger.Receipt) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { r, err = h.Append(tx, e); return err })
	return r
}

func (h *house) all() (out []ledger.Entry) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { out, err = h.Read(tx, 0, 1_000_000); return err })
	return out
}

func (h *house) open(e ledger.Entry) (out ledger.Event, err error) {
	err = h.db.Read(h.t.Context(), func(tx *store.Tx) error { out, err = h.Open(tx, e); return err })
	return out, err
}

func (h *house) person(address string) (id avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) {
		id, err = h.vault.Claim(tx, vault.Identity{Kind: vault.Email, Value: address})
		return err
	})
	return id
}

func given(subject avow.ID) ledger.Event {
	return ledger.Event{Type: ledger.ConsentGiven, Subject: subject, Policy: "website", Version: 3,
		Body: json.RawMessage(`{ "purposes": ["newsletter"], "shown": "<b>Yes & no</b>" }`)}
}

func TestAppendAndOpen(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		r := h.append(given(ann))
		h.now = h.now.Add(time.Minute)
		h.append(ledger.Event{Type: ledger.NoticePublished, Policy: "website", Version: 3})
		entries := h.all()
		if len(entries) != 2 || entries[0].Index != 0 || entries[1].Index != 1 || r.Proof.Index != 0 {
			t.Fatalf("%+v, receipt at %d", entries, r.Proof.Index)
		}
		e, err := h.open(entries[0])
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != r.ID || e.Type != ledger.ConsentGiven || e.Subject != ann || e.Policy != "website" || e.Version != 3 ||
			!e.At.Equal(h.now.Add(-time.Minute)) || !strings.Contains(string(e.Body), `"newsletter"`) {
			t.Errorf("got %+v", e)
		}
		if e, err := h.open(entries[1]); err != nil || !e.Subject.IsZero() || e.Body != nil {
			t.Errorf("an event about nobody: %+v, %v", e, err)
		}
		if strings.Contains(string(entries[0].Sealed), "newsletter") {
			t.Error("the body is not sealed")
		}
		if bytes.Contains(entries[0].Leaf.Bytes(), ann[:]) {
			t.Error("the leaf names the subject")
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		for name, c := range map[string]struct {
			event ledger.Event
			want  avow.ErrorKind
		}{
			"no type":       {ledger.Event{Subject: ann}, avow.Invalid},
			"a strange one": {ledger.Event{Type: "Consent Given"}, avow.Invalid},
			"not JSON":      {ledger.Event{Type: ledger.Collected, Body: json.RawMessage(`{`)}, avow.Invalid},
			"too long":      {ledger.Event{Type: ledger.Collected, Body: json.RawMessage(`"` + strings.Repeat("x", 64<<10) + `"`)}, avow.TooLarge},
			"nobody there":  {given(avow.NewID(h.now)), avow.NotFound},
		} {
			err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Append(tx, c.event); return err })
			if err == nil || avow.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if left := h.all(); len(left) != 0 {
			t.Errorf("%d events were left", len(left))
		}
	})
}

// Many writers on two nodes, some failing: the log has every acknowledged event once, without a gap.
func TestNoGaps(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		nodes := []*house{build(t, c, dir), build(t, c, dir)}
		ann := nodes[0].person("ann@example.com")
		var mu sync.Mutex
		indexes := map[int64]avow.ID{}
		var wg sync.WaitGroup
		for g := range 20 {
			wg.Go(func() {
				h := nodes[g%2]
				for i := range 15 {
					var receipts []*ledger.Receipt
					err := h.db.Write(t.Context(), func(tx *store.Tx) error {
						receipts = nil
						for range 2 {
							r, err := h.Append(tx, given(ann))
							if err != nil {
								return err
							}
							receipts = append(receipts, r)
						}
						if i%5 == 4 {
							return avow.Errorf(avow.Refused, "on purpose")
						}
						return nil
					})
					if failed := i%5 == 4; failed != (err != nil) {
						t.Errorf("%v", err)
					}
					if err != nil {
						continue
					}
					mu.Lock()
					for _, r := range receipts {
						indexes[r.Proof.Index] = r.ID
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		entries := nodes[1].all()
		if len(entries) != 20*12*2 || len(indexes) != len(entries) {
			t.Fatalf("%d events, %d receipts", len(entries), len(indexes))
		}
		for i, e := range entries {
			if e.Index != int64(i) || indexes[e.Index] != e.ID {
				t.Fatalf("event %d has index %d and is not its receipt's", i, e.Index)
			}
		}
		nodes[0].write(func(tx *store.Tx) error {
			if n, err := nodes[0].Size(tx); err != nil || n != int64(len(entries)) {
				t.Errorf("size %d, %v", n, err)
			}
			return nil
		})
		var ref reference
		ref.follow(nodes[0])
		for _, h := range nodes {
			if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Root != ref.root(t, ref.size) {
				t.Errorf("the tree of both: %+v", a)
			}
		}
	})
}

// Events of one Write are sealed while those before them are written: they stand in order, all of them, or none.
func TestManyInOneWrite(t *testing.T) {
	const many = 2500 // several parts on both databases
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		at := func(bad int) (list []*ledger.Receipt, err error) {
			err = h.db.Write(t.Context(), func(tx *store.Tx) error {
				list = list[:0]
				for i := range many {
					e := given(ann)
					r, err := h.AppendLate(tx, e, func() (ledger.Said, error) {
						if i == bad {
							return ledger.Say(strings.Repeat("x", 64<<10))
						}
						return ledger.Say(map[string]int{"number": i})
					})
					if err != nil {
						return err
					}
					list = append(list, r)
				}
				return nil
			})
			return list, err
		}
		for _, bad := range []int{0, 200, 1100, many - 1} {
			if _, err := at(bad); avow.KindOf(err) != avow.TooLarge {
				t.Fatalf("event %d of a Write has too long a body: %v", bad, err)
			}
		}
		if n := len(h.all()); n != 0 {
			t.Fatalf("%d events of Writes that failed are in the log", n)
		}
		receipts, err := at(-1)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range h.all() {
			if e.Index != int64(i) || e.ID != receipts[i].ID || receipts[i].Proof.Index != e.Index {
				t.Fatalf("event %d is not the one that was appended as number %d", e.Index, i)
			}
			if i%500 == 499 {
				if opened, err := h.open(e); err != nil || string(opened.Body) != fmt.Sprintf(`{"number":%d}`, i) {
					t.Fatalf("event %d says %s, %v", i, opened.Body, err)
				}
			}
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Size != many {
			t.Errorf("%+v", a)
		}
	})
}

func TestReadAndBySubject(t *testing.T) {
	each(t, func(h *house) {
		ann, bob := h.person("ann@example.com"), h.person("bob@example.com")
		h.write(func(tx *store.Tx) error {
			for i := range 1203 { // more than one statement's rows
				if _, err := h.Append(tx, given([]avow.ID{ann, bob, bob}[i%3])); err != nil {
					return err
				}
			}
			return nil
		})
		h.write(func(tx *store.Tx) error {
			page, err := h.Read(tx, 1200, 10)
			if len(page) != 3 || page[0].Index != 1200 {
				t.Errorf("a page of %d", len(page))
			}
			if err != nil {
				return err
			}
			for _, c := range []struct {
				ids  []avow.ID
				want int
			}{{[]avow.ID{ann}, 401}, {[]avow.ID{bob, ann}, 1203}, {nil, 0}, {[]avow.ID{avow.NewID(h.now)}, 0}} {
				list, err := h.BySubject(tx, c.ids...)
				if err != nil || len(list) != c.want {
					t.Errorf("%d events, want %d, %v", len(list), c.want, err)
				}
			}
			e, err := h.ByID(tx, page[1].ID)
			if err != nil || e.Index != 1201 {
				t.Errorf("by id: %d, %v", e.Index, err)
			}
			_, err = h.ByID(tx, ann)
			if avow.KindOf(err) != avow.NotFound {
				t.Errorf("no such event: %v", err)
			}
			return nil
		})
	})
}

// The events of an erased person stay, leaf and all; their bodies are unreadable,
// a receipt handed out before still shows what was recorded, and what was sealed as ours is still read.
func TestAfterErasure(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		r := h.append(given(ann))
		note := ledger.Event{Type: ledger.Erased, Subject: ann, Body: json.RawMessage(`{"values":2}`), Ours: true}
		h.append(note)
		before := h.all()
		if err := h.vault.Shred(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		after := h.all()
		if len(after) != 2 || after[0].Leaf != before[0].Leaf || after[0].ID != before[0].ID {
			t.Fatalf("the log changed: %+v", after)
		}
		if _, err := h.open(after[0]); avow.KindOf(err) != avow.NotFound {
			t.Errorf("an erased person's event opens: %v", err)
		}
		if e, err := h.open(after[1]); err != nil || string(e.Body) != `{"values":2}` {
			t.Errorf("the record of the erasure: %s, %v", e.Body, err)
		}
		if err := r.Check(); err != nil {
			t.Errorf("the person's receipt: %v", err)
		}
		err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Append(tx, given(ann)); return err })
		if avow.KindOf(err) != avow.NotFound {
			t.Errorf("an event was added under a key that is gone: %v", err)
		}
	})
}

// Whatever is changed in the database shows when the event is opened.
func TestChangesShow(t *testing.T) {
	each(t, func(h *house) {
		ann, bob := h.person("ann@example.com"), h.person("bob@example.com")
		h.append(given(ann))
		h.append(given(bob))
		pristine := h.all()
		for _, change := range []string{
			"UPDATE ledger_events SET type = 'consent-withdrawn' WHERE idx = 0",
			"UPDATE ledger_events SET version = 9 WHERE idx = 0",
			"UPDATE ledger_events SET policy = 'other' WHERE idx = 0",
			"UPDATE ledger_events SET at = at + 1 WHERE idx = 0",
			"UPDATE ledger_events SET subject = (SELECT subject FROM ledger_events WHERE idx = 1) WHERE idx = 0",
			"UPDATE ledger_events SET sealed = (SELECT sealed FROM ledger_events WHERE idx = 1) WHERE idx = 0",
			"UPDATE ledger_events SET sealed_hash = commitment WHERE idx = 0",
			"UPDATE ledger_events SET commitment = sealed_hash WHERE idx = 0",
		} {
			rollback := avow.Errorf(avow.Refused, "rolled back")
			err := h.db.Write(t.Context(), func(tx *store.Tx) error {
				if n, err := tx.Exec(change); err != nil || n != 1 {
					t.Errorf("%s: %d rows, %v", change, n, err)
				}
				page, err := h.Read(tx, 0, 1)
				if err != nil {
					return err
				}
				if _, err := h.Open(tx, page[0]); err == nil {
					t.Errorf("%s: the event opens", change)
				}
				return rollback
			})
			if avow.KindOf(err) != avow.Refused {
				t.Fatal(err)
			}
		}
		if _, err := h.open(pristine[0]); err != nil {
			t.Errorf("the event as it was: %v", err)
		}
	})
}

func TestReceipt(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		first := h.append(given(ann))
		var again *ledger.Receipt
		h.write(func(tx *store.Tx) (err error) { again, err = h.Receipt(tx, h.all1(tx)); return err })
		a, errA := json.Marshal(h.prove(first))
		b, errB := json.Marshal(again)
		if errA != nil || errB != nil || !sameJSON(a, b) {
			t.Errorf("the receipt given again differs:\n%s\n%s", a, b)
		}
		var read ledger.Receipt
		if err := json.Unmarshal(a, &read); err != nil {
			t.Fatal(err)
		}
		if err := read.Check(); err != nil {
			t.Errorf("a receipt that was written and read: %v", err)
		}
		for name, spoil := range map[string]func(r *ledger.Receipt){
			"document": func(r *ledger.Receipt) { r.Document = strings.Replace(r.Document, "newsletter", "everything", 1) },
			"salt":     func(r *ledger.Receipt) { r.Proof.Salt = make([]byte, 32) },
			"no salt":  func(r *ledger.Receipt) { r.Proof.Salt = nil },
			"leaf":     func(r *ledger.Receipt) { r.Proof.Leaf[20] ^= 1 },
			"short":    func(r *ledger.Receipt) { r.Proof.Leaf = r.Proof.Leaf[:30] },
			"no leaf":  func(r *ledger.Receipt) { r.Proof.Leaf = nil },
			"id":       func(r *ledger.Receipt) { r.ID = ann },
		} {
			var r ledger.Receipt
			if err := json.Unmarshal(a, &r); err != nil {
				t.Fatal(err)
			}
			spoil(&r)
			if err := r.Check(); err == nil {
				t.Errorf("%s: a spoilt receipt passes", name)
			}
		}
	})
}

func (h *house) all1(tx *store.Tx) ledger.Entry {
	h.t.Helper()
	page, err := h.Read(tx, 0, 1)
	if err != nil || len(page) != 1 {
		h.t.Fatal(err)
	}
	return page[0]
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

// The clock of the next node, or the machine after a restart, is behind the last event.
func TestTimeFollowsTheLog(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		h := build(t, c, dir)
		h.append(ledger.Event{Type: ledger.NoticePublished})
		behind := build(t, c, dir)
		behind.now = h.now.Add(-time.Hour)
		behind.append(ledger.Event{Type: ledger.NoticePublished})
		if got := behind.all()[1].At; !got.Equal(h.now) {
			t.Errorf("the second event is at %v, the first at %v", got, h.now)
		}
	})
}

// A program that is started while its machine's clock is years ahead, and records nothing, leaves time as it is.
func TestStartMovesNoTime(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		h := build(t, c, dir)
		h.append(ledger.Event{Type: ledger.NoticePublished})
		c.Clock = func() time.Time { return h.now.AddDate(10, 0, 0) }
		db := storetest.OpenConfig(t, c)
		if _, err := ledger.Open(t.Context(), db, h.vault, ledger.Config{}); err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(time.Hour)
		h.append(ledger.Event{Type: ledger.NoticePublished})
		if got := h.all()[1].At; !got.Equal(h.now) {
			t.Errorf("the second event is at %v, and the clock says %v", got, h.now)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`{"proof":{"leaf":"AQE=","salt":"AA=="},"document":"{}"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r ledger.Receipt
		if json.Unmarshal(text, &r) == nil && r.Check() == nil {
			t.Error("a made-up receipt passes")
		}
	})
}
