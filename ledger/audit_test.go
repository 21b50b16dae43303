package ledger_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// Events of the log that audits are tested on, by what is special about them.
const (
	annEvent    = 3   // of somebody who is there, in a full tile
	carlEvent   = 4   // of somebody who was erased
	usedEvent   = 5   // whose body has expired
	edgeEvent   = 530 // in the unfinished tile
	nobodys     = 6
	logOfAudits = 540 // events before those that cover
)

// lived is a log with a life behind it: two full tiles and a part, one person
// erased, some bodies expired.
func lived(t *testing.T, c store.Config, dir string) *house {
	t.Helper()
	h := buildOutside(t, c, dir)
	ann, carl := h.person("ann@example.com"), h.person("carl@example.com")
	h.write(func(tx *store.Tx) error {
		for i := range logOfAudits {
			e := given(ann)
			switch {
			case i%10 == carlEvent:
				e = given(carl)
			case i%10 == usedEvent:
				e = ledger.Event{Type: ledger.Used, Subject: ann, Body: json.RawMessage(`{"by":"crm"}`)}
			case i == nobodys:
				e = ledger.Event{Type: ledger.NoticePublished, Policy: "website", Version: 3}
			}
			if _, err := h.Append(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	h.erase(carl)
	h.now = h.now.Add(24 * time.Hour)
	n, err := h.Expire(t.Context(), []ledger.Expiry{{Type: ledger.Used, Before: h.now.Add(-time.Hour)}})
	if err != nil || n != logOfAudits/10 {
		t.Fatalf("%d bodies expired, %v", n, err)
	}
	h.append(given(ann))
	return h
}

// erase records the erasure, as rights does, and destroys the key.
func (h *house) erase(who avow.ID) {
	h.t.Helper()
	body, err := json.Marshal(ledger.Erasure{Family: []avow.ID{who}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.append(ledger.Event{Type: ledger.Erased, Subject: who, Ours: true, Body: body})
	if err := h.vault.Shred(h.t.Context(), who); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) audit(o ledger.AuditOptions) *ledger.Audit {
	h.t.Helper()
	a, err := h.Audit(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func TestAuditOfASoundLog(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		var told []int64
		a := h.audit(ledger.AuditOptions{Progress: func(done, total int64) { told = append(told, done, total) }})
		at := h.checkpoint()
		if !a.Sound() {
			t.Errorf("found %v", a.Findings)
		}
		if a.Size != at.Size || a.Root != at.Root || a.To != at.Size || a.Origin != h.Origin() || a.Outside < 0 {
			t.Errorf("%+v of %+v", a, at)
		}
		if a.Expired != 54 || a.Erased != 54 || a.Opened != a.Size-108 || a.Unnamed != 0 || a.Unopened() != 108 {
			t.Errorf("%d opened, %d erased, %d expired", a.Opened, a.Erased, a.Expired)
		}
		if len(told) == 0 || told[len(told)-1] != a.Size || told[len(told)-2] != a.Size {
			t.Errorf("progress %v", told)
		}
		part := h.audit(ledger.AuditOptions{From: 300, Limit: 10})
		if !part.Sound() || part.From != 256 || part.To != 512 {
			t.Errorf("a part: %+v", part)
		}
		rest := h.audit(ledger.AuditOptions{From: 530})
		if !rest.Sound() || rest.From != 512 || rest.To != a.Size {
			t.Errorf("the rest: %+v", rest)
		}
	})
}

// A log that grows while it is audited, and whose checkpoint outside grows with it, is not shorter than it was.
func TestAuditBesideWriters(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := buildOutside(t, c, t.TempDir())
		ann := h.person("ann@example.com")
		h.appendMany(ann, 10)
		a := h.audit(ledger.AuditOptions{Progress: func(int64, int64) {
			h.append(given(ann))
			if err := h.WriteOutside(); err != nil {
				t.Error(err)
			}
		}})
		if kept, err := h.Outside(); kept <= a.Size || err != nil {
			t.Fatalf("%d events are kept outside, %d were audited: %v", kept, a.Size, err)
		}
		if !a.Sound() {
			t.Errorf("found %v", a.Findings)
		}
	})
}

// damage changes the database for one check, and puts it back.
func (h *house) damage(check func(), statements ...string) {
	h.t.Helper()
	undo := []string{
		"DELETE FROM ledger_events", "INSERT INTO ledger_events (" + auditColumns + ") SELECT " + auditColumns + " FROM kept_events",
		"DELETE FROM ledger_tiles", "INSERT INTO ledger_tiles (level, start, hashes) SELECT level, start, hashes FROM kept_tiles",
		"DELETE FROM ledger_head", "INSERT INTO ledger_head (" + headColumns + ") SELECT " + headColumns + " FROM kept_head",
	}
	h.run(statements...)
	check()
	h.run(undo...)
}

const (
	auditColumns = "idx, id, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment, mac"
	headColumns  = "one, size, at, tree, peaks, origin, checkpoint"
)

func (h *house) keep() {
	h.t.Helper()
	h.run("CREATE TABLE kept_events AS SELECT "+auditColumns+" FROM ledger_events",
		"CREATE TABLE kept_tiles AS SELECT level, start, hashes FROM ledger_tiles",
		"CREATE TABLE kept_head AS SELECT "+headColumns+" FROM ledger_head")
}

func (h *house) run(statements ...string) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
}

// named are the events that an audit's findings name, each once.
func named(a *ledger.Audit) []int64 {
	var list []int64
	for _, f := range a.Findings {
		list = append(list, f.Index)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// What is dropped, inserted, swapped, moved, cut off or changed together is found and named, and nothing else is.
func TestAuditFinds(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		h.keep()
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() { // what covers what is known from here on, also where it is cut off
			t.Fatalf("before anything was done: %v", a.Findings)
		}
		row := func(set string, index int64) string {
			return fmt.Sprintf("UPDATE ledger_events SET %s WHERE idx = %d", set, index)
		}
		copied := "INSERT INTO ledger_events (" + auditColumns + ") SELECT %s, %s, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment, mac FROM ledger_events WHERE idx = 3"
		size := h.checkpoint().Size
		blobZero := map[string]string{"sqlite": "x'00000000000000000000000000000001'", "postgresql": "'\\x00000000000000000000000000000001'::bytea"}[h.db.Kind().String()]
		for name, c := range map[string]struct {
			statements []string
			want       []int64
			says       string
		}{
			"dropped":             {[]string{"DELETE FROM ledger_events WHERE idx = 3"}, []int64{3}, "missing"},
			"dropped at the edge": {[]string{"DELETE FROM ledger_events WHERE idx = 530"}, []int64{530}, "missing"},
			"first dropped":       {[]string{"DELETE FROM ledger_events WHERE idx = 0"}, []int64{0}, "missing"},
			"last dropped":        {[]string{fmt.Sprintf("DELETE FROM ledger_events WHERE idx = %d", size-1)}, []int64{size - 1}, "missing"},
			"a tile of events":    {[]string{"DELETE FROM ledger_events WHERE idx >= 256 AND idx < 512"}, []int64{256}, "events 256 to 511 are missing"},
			"dropped and closed up": {append([]string{"DELETE FROM ledger_events WHERE idx = 538", "UPDATE ledger_events SET idx = -idx WHERE idx > 538"},
				"UPDATE ledger_events SET idx = -idx - 1 WHERE idx < 0"), span(538, size), "is not what was recorded"},
			"swapped":               {[]string{row("idx = -1", 3), row("idx = 3", 4), row("idx = 4", -1)}, []int64{3, 4}, "not the event that the tree has"},
			"swapped far":           {[]string{row("idx = -1", 3), row("idx = 3", 530), row("idx = 530", -1)}, []int64{3, 530}, ""},
			"inserted":              {[]string{fmt.Sprintf(copied, fmt.Sprint(size), blobZero)}, []int64{size}, "not of this log"},
			"inserted before":       {[]string{fmt.Sprintf(copied, "-1", blobZero)}, []int64{-1}, "not of this log"},
			"inserted, counted":     {[]string{fmt.Sprintf(copied, fmt.Sprint(size), blobZero), "UPDATE ledger_head SET size = size + 1"}, []int64{size}, "does not open"},
			"cut off":               {[]string{"DELETE FROM ledger_events WHERE idx >= 538"}, span(538, size), "missing"},
			"cut off, counted":      {[]string{"DELETE FROM ledger_events WHERE idx >= 538", "UPDATE ledger_head SET size = 538"}, append([]int64{-1}, span(538, size)...), "the head of the log was changed"},
			"body taken":            {[]string{row("sealed = NULL", 3)}, []int64{3}, "no event says that it expired"},
			"erased body taken":     {[]string{row("sealed = NULL", 4)}, []int64{4}, "no event says that it expired"},
			"body of another":       {[]string{row("sealed = (SELECT sealed FROM kept_events WHERE idx = 7)", 3)}, []int64{3}, "sealed body was changed"},
			"body back":             {[]string{row("sealed = commitment", usedEvent)}, []int64{usedEvent}, "an event says that it expired"},
			"whole row of another":  {[]string{"DELETE FROM ledger_events WHERE idx = 7", fmt.Sprintf(copied, "7", blobZero)}, []int64{7}, "not the event that the tree has"},
			"given to nobody":       {[]string{row("subject = NULL", 3)}, []int64{3}, "column"},
			"given to the erased":   {[]string{row("subject = (SELECT subject FROM kept_events WHERE idx = 4)", 3)}, []int64{3}, "column"},
			"taken from the erased": {[]string{row("subject = (SELECT subject FROM kept_events WHERE idx = 3)", 4)}, []int64{4}, "column"},
			"version":               {[]string{row("version = 9", 3)}, []int64{3}, "column version"},
			"time back":             {[]string{row("at = at - 7200000000", 3)}, []int64{3}, "column at"},
			"unbound":               {[]string{row("mac = NULL", 3)}, []int64{3}, "column"},
			"cover dropped":         {[]string{"DELETE FROM ledger_events WHERE type = 'erased'"}, []int64{540}, "missing"},
			"tile dropped":          {[]string{"DELETE FROM ledger_tiles WHERE level = 0 AND start = 0"}, []int64{-1, 0}, ""},
			"all tiles":             {[]string{"DELETE FROM ledger_tiles"}, []int64{-1, 0, 256, 512}, ""},
			"tiles swapped":         {[]string{"UPDATE ledger_tiles SET start = -1 WHERE level = 0 AND start = 0", "UPDATE ledger_tiles SET start = 0 WHERE level = 0 AND start = 256", "UPDATE ledger_tiles SET start = 256 WHERE start = -1"}, []int64{0, 256}, "tile/0/00"},
			"tile added":            {[]string{"INSERT INTO ledger_tiles (level, start, hashes) SELECT 0, 1024, hashes FROM kept_tiles WHERE level = 0 AND start = 0"}, []int64{-1}, "bytes of hashes"},
			"no head":               {[]string{"UPDATE ledger_head SET peaks = NULL"}, []int64{-1}, "edge of its tree"},
			"no checkpoint":         {[]string{"UPDATE ledger_head SET checkpoint = NULL"}, []int64{-1}, "not signed"},
			"another name":          {[]string{"UPDATE ledger_head SET origin = 'elsewhere'"}, []int64{-1}, "name of the log"},
			"another size":          {[]string{"UPDATE ledger_head SET tree = tree - 1"}, []int64{-1}, "head of the log"},
			"time of the head":      {[]string{"UPDATE ledger_head SET at = at + 315360000000000"}, []int64{-1}, "it says that the latest event is of"},
			"time of the head back": {[]string{"UPDATE ledger_head SET at = at - 1"}, []int64{-1}, "it says that the latest event is of"},
		} {
			h.damage(func() {
				a := h.audit(ledger.AuditOptions{})
				if got := named(a); !slices.Equal(got, c.want) {
					t.Errorf("%s: named %v, want %v: %v", name, got, c.want, a.Findings[:min(3, len(a.Findings))])
				}
				if !slices.ContainsFunc(a.Findings, func(f ledger.Finding) bool { return strings.Contains(f.What, c.says) }) {
					t.Errorf("%s: does not say %q: %v", name, c.says, a.Findings[:min(3, len(a.Findings))])
				}
			}, c.statements...)
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
			t.Errorf("put back: %v", a.Findings)
		}
	})
}

func span(from, to int64) (list []int64) {
	for ; from < to; from++ {
		list = append(list, from)
	}
	return list
}

// Any byte of any column that is flipped names its event, of whichever sort the event is.
func TestAuditFindsEveryByte(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		for _, index := range []int64{annEvent, carlEvent, usedEvent, nobodys, edgeEvent, logOfAudits, logOfAudits + 1} {
			for column, bytes := range h.cells(index) {
				for i := 0; i < len(bytes); i += 1 + len(bytes)/10 {
					changed := slices.Clone(bytes)
					changed[i] ^= 1 << (i % 8)
					h.setCell(index, column, changed)
					a := h.audit(ledger.AuditOptions{From: index, Limit: 1})
					if got := named(a); !slices.Equal(got, []int64{index}) || a.Findings[0].What == "" {
						t.Errorf("byte %d of %s of event %d: named %v", i, column, index, a.Findings)
					}
					h.setCell(index, column, bytes)
				}
			}
			for _, set := range []string{"at = at + 1", "at = at - 1", "version = version + 1", "ours = NOT ours", "type = type || 'x'", "policy = policy || 'x'"} {
				h.run("CREATE TABLE kept AS SELECT at, version, ours, type, policy FROM ledger_events WHERE idx = "+fmt.Sprint(index),
					fmt.Sprintf("UPDATE ledger_events SET %s WHERE idx = %d", set, index))
				if got := named(h.audit(ledger.AuditOptions{From: index, Limit: 1})); !slices.Equal(got, []int64{index}) {
					t.Errorf("%s of event %d: named %v", set, index, got)
				}
				h.run(fmt.Sprintf("UPDATE ledger_events SET at = kept.at, version = kept.version, ours = kept.ours, type = kept.type, policy = kept.policy FROM kept WHERE idx = %d", index),
					"DROP TABLE kept")
			}
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
			t.Errorf("put back: %v", a.Findings)
		}
	})
}

// cells are the columns of bytes of a row that hold something.
func (h *house) cells(index int64) map[string][]byte {
	h.t.Helper()
	out := map[string][]byte{}
	h.write(func(tx *store.Tx) error {
		for _, column := range []string{"id", "subject", "sealed", "sealed_hash", "commitment", "mac"} {
			var b []byte
			if err := tx.QueryRow("SELECT "+column+" FROM ledger_events WHERE idx = ?", index).Scan(&b); err != nil {
				return err
			}
			if b != nil {
				out[column] = b
			}
		}
		return nil
	})
	return out
}

func (h *house) setCell(index int64, column string, b []byte) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE ledger_events SET "+column+" = ? WHERE idx = ?", b, index)
		return err
	})
}

// Any byte of a tile, of the edge or of the checkpoint that is flipped is found; a hash of an event names it.
func TestAuditFindsEveryHash(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		type key struct{ level, start int64 }
		tiles := map[key][]byte{}
		h.write(func(tx *store.Tx) error {
			return store.Each(tx, func(r *store.Rows) error {
				var k key
				var b []byte
				err := r.Scan(&k.level, &k.start, &b)
				tiles[k] = b
				return err
			}, "SELECT level, start, hashes FROM ledger_tiles")
		})
		set := func(k key, b []byte) {
			h.write(func(tx *store.Tx) error {
				_, err := tx.Exec("UPDATE ledger_tiles SET hashes = ? WHERE level = ? AND start = ?", b, k.level, k.start)
				return err
			})
		}
		for k, b := range tiles {
			for i := 0; i < len(b); i += 1 + len(b)/12 {
				changed := slices.Clone(b)
				changed[i] ^= 1 << (i % 8)
				set(k, changed)
				want := k.start + int64(i/32)
				if k.level > 0 {
					want = -1
				}
				if a := h.audit(ledger.AuditOptions{}); !slices.Equal(named(a), []int64{want}) || !strings.Contains(a.Findings[0].What, "tile/") {
					t.Errorf("byte %d of the hashes of level %d from %d on: want %d, found %v", i, k.level, k.start, want, a.Findings)
				}
			}
			set(k, b)
		}
		for _, column := range []string{"peaks", "checkpoint"} {
			var b []byte
			h.write(func(tx *store.Tx) error { return tx.QueryRow("SELECT " + column + " FROM ledger_head").Scan(&b) })
			put := func(b []byte) {
				h.write(func(tx *store.Tx) error {
					var v any = b
					if column == "checkpoint" {
						v = string(b)
					}
					_, err := tx.Exec("UPDATE ledger_head SET "+column+" = ?", v)
					return err
				})
			}
			for i := 0; i < len(b); i += 3 {
				changed := slices.Clone(b)
				changed[i] ^= 1
				if column == "checkpoint" && (b[i] >= 0x80 || changed[i] == 0) {
					continue // no database takes such a text
				}
				put(changed)
				if a := h.audit(ledger.AuditOptions{From: 530}); !slices.Equal(named(a), []int64{-1}) {
					t.Errorf("byte %d of %s: found %v", i, column, a.Findings)
				}
			}
			put(b)
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
			t.Errorf("put back: %v", a.Findings)
		}
	})
}

// An older copy of the whole database, which its own checkpoint agrees with, is told by the checkpoint outside.
func TestOlderCopy(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		h := buildOutside(t, c, dir)
		ann := h.person("ann@example.com")
		h.appendMany(ann, 300)
		h.keep()
		h.appendMany(ann, 10)
		if err := h.Ledger.Close(); err != nil {
			t.Fatal(err)
		}
		h.damage(func() {}, "DELETE FROM ledger_events WHERE idx >= 300") // that is: the older copy
		opened := func(inspect bool) (*ledger.Ledger, error) {
			return ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Outside: filepath.Join(dir, "outside", "checkpoint"), Inspect: inspect})
		}
		if _, err := opened(false); avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), "avow restore") || !strings.Contains(err.Error(), "310") {
			t.Fatalf("an older copy opens: %v", err)
		}
		l, err := opened(true)
		if err != nil {
			t.Fatal(err)
		}
		h.Ledger = l
		if a := h.audit(ledger.AuditOptions{}); !slices.Equal(named(a), []int64{-1}) || !strings.Contains(a.Findings[0].What, "shorter") {
			t.Errorf("found %v", a.Findings)
		}
		old := h.Origin()
		if err := l.NewOrigin(t.Context(), "", "the disk broke"); err != nil {
			t.Fatal(err)
		}
		if l.Origin() == old || h.checkpoint().Size != 301 {
			t.Errorf("%s, then %s", old, l.Origin())
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
			t.Errorf("after the restore: %v", a.Findings)
		}
		said, err := h.open(h.all()[300])
		var r ledger.Restored
		if err != nil || said.Type != ledger.LogRestored || json.Unmarshal(said.Body, &r) != nil || r.Origin != old || r.Size != 300 || r.Because != "the disk broke" {
			t.Errorf("the log says %s, %v", said.Body, err)
		}
		if last, err := proof.OpenCheckpoint([]byte(r.Checkpoint), r.Key); err != nil || last.Size != 310 {
			t.Errorf("the last published is %+v, %v", last, err)
		}
		h.append(given(ann))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := opened(false); err != nil {
			t.Errorf("after the restore: %v", err)
		}
	})
}

// What was changed while nothing ran is seen at the start.
func TestChangedWhileClosed(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		h := buildOutside(t, c, dir)
		file := filepath.Join(dir, "outside", "checkpoint")
		ann := h.person("ann@example.com")
		h.appendMany(ann, 300)
		if err := h.Ledger.Close(); err != nil {
			t.Fatal(err)
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h.keep()
		open := func() error {
			l, err := ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Outside: file})
			if err == nil {
				err = l.Close()
			}
			return err
		}
		for name, statement := range map[string]string{
			"checkpoint": "UPDATE ledger_head SET checkpoint = NULL", "name": "UPDATE ledger_head SET origin = 'elsewhere'",
			"edge": "UPDATE ledger_head SET peaks = NULL", "size": "UPDATE ledger_head SET tree = 299, size = 299",
		} {
			h.damage(func() {
				if err := open(); avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), "avow") {
					t.Errorf("%s: %v", name, err)
				}
			}, statement)
		}
		other := buildOutside(t, storetest.SQLite(t), t.TempDir())
		theirs, err := other.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"not a checkpoint": []byte("hello"), "empty": {}, "another log's": theirs,
			"changed": []byte(strings.Replace(string(kept), "\n300\n", "\n299\n", 1)), "long": make([]byte, 1<<20)} {
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := open(); avow.KindOf(err) != avow.Refused {
				t.Errorf("outside is %s: %v", name, err)
			}
		}
		if err := os.WriteFile(file, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(); err != nil {
			t.Errorf("put back: %v", err)
		}
		h.run("DELETE FROM ledger_head")
		if err := open(); avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), "the head of the log was deleted") {
			t.Errorf("without a head: %v", err)
		}
		if _, err := h.Ledger.Audit(t.Context(), ledger.AuditOptions{}); !strings.Contains(fmt.Sprint(err), "the head of the log was deleted") {
			t.Errorf("an audit without a head: %v", err)
		}
	})
}
