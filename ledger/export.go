package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// ExportOptions of an export; the zero value exports what names nobody.
type ExportOptions struct {
	// Bodies has the documents exported too, as far as they can be opened: what
	// was recorded about whom. Keep such an export as what it is made of is kept.
	Bodies bool
	// Progress is told how many of the events have been written.
	Progress func(done, total int64)
}

// Exported is a line of events.jsonl: an event's place and leaf, and on demand its document.
type Exported struct {
	Index      int64     `json:"index"`
	Type       Type      `json:"type"`
	Minute     time.Time `json:"minute"`
	Sealed     []byte    `json:"sealed"`     // SHA-256 of the sealed body
	Commitment []byte    `json:"commitment"` // SHA-256 of a domain, the salt and the document
	Document   string    `json:"document,omitempty"`
	Salt       []byte    `json:"salt,omitempty"`
	Gone       string    `json:"gone,omitempty"` // why there is no document: "erased" or "expired"
}

const exportRows = 4 * proof.Width

// Export writes the log as it is now into a directory, for an auditor: "checkpoint",
// "key", the tiles and entries below "tile/" (c2sp:tlog-tiles), and "events.jsonl" with a line for each event.
// The checkpoint is written last: without it the export was cut short. A directory
// in which there is something already is Refused. Memory does not grow with the log.
func (l *Ledger) Export(ctx context.Context, dir string, o ExportOptions) error {
	if err := emptyDirectory(dir); err != nil {
		return err
	}
	var h head
	err := l.db.Read(ctx, func(tx *store.Tx) (err error) { h, err = readHead(tx); return err })
	if err != nil {
		return err
	}
	x := &exporter{l: l, ctx: ctx, dir: dir, o: o, size: h.tree}
	if err := x.events(); err != nil {
		return err
	}
	for t := range proof.Tiles(h.tree) {
		if err := x.tile(t); err != nil {
			return err
		}
	}
	if err := x.file("key", []byte(l.Key()+"\n")); err != nil {
		return err
	}
	return x.file("checkpoint", h.checkpoint)
}

// emptyDirectory makes a directory, or finds it empty.
func emptyDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return avow.Errorf(avow.Unavailable, "the directory %s cannot be made: %w", dir, err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "the directory %s cannot be read: %w", dir, err)
	}
	if len(list) > 0 {
		return avow.Errorf(avow.Refused, "there is something in %s already; name a new directory", dir)
	}
	return nil
}

type exporter struct {
	l    *Ledger
	ctx  context.Context
	dir  string
	o    ExportOptions
	size int64
}

// file writes a file of the export.
func (x *exporter) file(name string, content []byte) error {
	name = filepath.Join(x.dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(name), 0o700)
	if err == nil {
		err = os.WriteFile(name, content, 0o600)
	}
	return unwritten(err)
}

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return avow.Errorf(avow.Unavailable, "the export cannot be written: %w", err)
}

func (x *exporter) tile(t proof.TileRef) (err error) {
	var b []byte
	err = x.l.db.Read(x.ctx, func(tx *store.Tx) error {
		if t.Level == proof.Entries {
			b, err = bundle(tx, t)
			return err
		}
		b, err = readTile(tx, t)
		return err
	})
	if err != nil {
		return err
	}
	return x.file(t.Path(), b)
}

func (x *exporter) events() error {
	f, err := os.OpenFile(filepath.Join(x.dir, "events.jsonl"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return unwritten(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = x.lines(json.NewEncoder(w))
	return errors.Join(err, unwritten(errors.Join(w.Flush(), f.Close())))
}

func (x *exporter) lines(to *json.Encoder) error {
	to.SetEscapeHTML(false)
	for done := int64(0); done < x.size; {
		lines, err := x.read(done, min(done+exportRows, x.size))
		if err != nil {
			return err
		}
		for _, line := range lines {
			if line.Index != done {
				return avow.Errorf(avow.Conflict, "event %d is missing from the log: it was deleted from the database; run avow audit", done)
			}
			if err := to.Encode(line); err != nil {
				return unwritten(err)
			}
			done++
		}
		if len(lines) == 0 {
			return avow.Errorf(avow.Conflict, "event %d is missing from the log: it was deleted from the database; run avow audit", done)
		}
		if x.o.Progress != nil {
			x.o.Progress(done, x.size)
		}
	}
	return nil
}

func (x *exporter) read(from, to int64) (lines []Exported, err error) {
	err = x.l.db.Read(x.ctx, func(tx *store.Tx) error {
		list, err := x.l.Read(tx, from, int(to-from))
		if err != nil {
			return err
		}
		lines = make([]Exported, 0, len(list))
		for _, e := range list {
			line, err := x.line(tx, e)
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
		return nil
	})
	return lines, err
}

func (x *exporter) line(tx *store.Tx, e Entry) (Exported, error) {
	line := Exported{Index: e.Index, Type: e.Type, Minute: e.Leaf.Time(), Sealed: e.Leaf.Sealed[:], Commitment: e.Leaf.Commitment[:]}
	if !x.o.Bodies {
		return line, nil
	}
	if e.Sealed == nil {
		line.Gone = "expired"
		return line, nil
	}
	_, plain, err := x.l.open(tx, e)
	if avow.KindOf(err) == avow.NotFound {
		line.Gone = "erased"
		return line, nil
	}
	if err != nil {
		return line, err
	}
	line.Salt, line.Document = plain[:saltSize], string(plain[saltSize:])
	return line, nil
}
