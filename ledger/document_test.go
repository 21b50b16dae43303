package ledger

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

// The document is to the letter what json.Marshal makes: receipts that people hold rest on it.
func FuzzDocument(f *testing.F) {
	f.Add("website", 3, int64(1_700_000_000_123_456), []byte(`{"purposes":["a b"],"shown":"<b>Yes & no</b>"}`), true)
	f.Add("", 0, int64(0), []byte(nil), false)
	f.Add("ä\"\\\x7f", -1, int64(-62_200_000_000_000_000), []byte(` { "a" : "\"\\ \u2028" } `), true)
	f.Add("a&b", 1, int64(1), []byte("\"\xe2\x80\xa8\""), true)
	f.Add("p", 1, int64(300_000_000_000_000_000), []byte(`[1, 2]`), true)
	f.Fuzz(func(t *testing.T, policy string, version int, micros int64, body []byte, somebody bool) {
		e := Event{Type: ConsentGiven, Policy: policy, Version: version, At: time.UnixMicro(micros), Body: body}
		e.ID[3] = 7
		if somebody {
			e.Subject[5] = 9
		}
		if len(body) > 0 && !json.Valid(body) {
			return
		}
		got, err := e.document()
		want, wantErr := e.marshal()
		if (err != nil) != (wantErr != nil) || !bytes.Equal(got, want) {
			t.Errorf("%s, %v\nwant %s, %v", got, err, want, wantErr)
		}
		if err == nil && utf8.ValidString(policy) && !e.says(got) {
			t.Error("it does not say what it says")
		}
	})
}

// Whatever a body opens to, it is either the event's or said not to be.
func FuzzBody(f *testing.F) {
	e := Event{Type: ConsentGiven, Policy: "website", Version: 3, At: time.Unix(1_700_000_000, 0), Body: json.RawMessage(`{"a":1}`)}
	text, err := e.document()
	if err != nil {
		f.Fatal(err)
	}
	salt := make([]byte, saltSize)
	f.Add(text, true)
	f.Add(text[:len(text)-1], true)
	f.Add([]byte(`{"id":"","type":1}`), true)
	f.Add([]byte(nil), false)
	f.Fuzz(func(t *testing.T, body []byte, committed bool) {
		entry := Entry{Event: e, Leaf: leafOf(e, text, salt, nil)}
		if committed {
			entry.Leaf.Commitment = proof.Commit(salt, body)
		}
		wrong := entry.against(salt, body)
		var d proof.Document
		ours := json.Unmarshal(body, &d) == nil && d.ID == e.ID && d.Type == e.Type && d.Subject == "" && d.At.Equal(e.At) && d.Policy == e.Policy && d.Version == e.Version
		if (wrong == "") != (ours && (committed || bytes.Equal(body, text))) {
			t.Errorf("%q: %q", body, wrong)
		}
	})
}

// The edge of a tree as it is read from a database is the edge of a tree of its size, or refused.
func FuzzFrontier(f *testing.F) {
	f.Add(int64(0), []byte(nil))
	f.Add(int64(3), make([]byte, 64))
	f.Add(int64(-1), make([]byte, 2048))
	f.Fuzz(func(t *testing.T, size int64, peaks []byte) {
		front, ok := unpackFrontier(size, peaks)
		if !ok {
			return
		}
		if !bytes.Equal(front.pack(), peaks) {
			t.Error("it is not read as it stands")
		}
		if size < 1<<62 {
			var g growth
			front.add(proof.Hash{1}, &g)
			if again, ok := unpackFrontier(size+1, front.pack()); !ok || again.root() != front.root() {
				t.Errorf("size %d and one more", size)
			}
		}
	})
}

// A row's digest changes with every column.
func TestMac(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	e := Event{ID: avow.NewID(at), At: at, Type: Collected, Subject: avow.NewID(at), Policy: "site", Version: 2}
	leaf := leafOf(e, []byte("{}"), make([]byte, saltSize), []byte("sealed"))
	b := newBinder(make([]byte, 32))
	whole := b.mac(e, leaf)
	if !bytes.Equal(whole, b.mac(e, leaf)) || len(whole) != macSize || bytes.Equal(whole, newBinder([]byte{1}).mac(e, leaf)) {
		t.Error("it is not one digest for one key")
	}
	for name, change := range map[string]func(e *Event, l *Leaf){
		"id": func(e *Event, l *Leaf) { e.ID[15]++ }, "subject": func(e *Event, l *Leaf) { e.Subject = avow.ID{} },
		"type": func(e *Event, l *Leaf) { e.Type = "c" }, "type and policy": func(e *Event, l *Leaf) { e.Type, e.Policy = "collecteds", "ite" },
		"at": func(e *Event, l *Leaf) { e.At = e.At.Add(time.Microsecond) }, "version": func(e *Event, l *Leaf) { e.Version++ },
		"policy": func(e *Event, l *Leaf) { e.Policy = "" }, "ours": func(e *Event, l *Leaf) { e.Ours = true },
		"sealed": func(e *Event, l *Leaf) { l.Sealed[0]++ }, "commitment": func(e *Event, l *Leaf) { l.Commitment[31]++ },
	} {
		e, leaf := e, leaf
		change(&e, &leaf)
		if bytes.Equal(whole, b.mac(e, leaf)) {
			t.Errorf("%s is not bound", name)
		}
	}
}
