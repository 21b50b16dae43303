package proof

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/avowhq/avow"
)

// eventsFile is the list of events that an exported log has for people, beside what the tree is made of.
const eventsFile = "events.jsonl"

// listed is a line of it.
type listed struct {
	Index      int64     `json:"index"`
	Type       Type      `json:"type"`
	Minute     time.Time `json:"minute"`
	Sealed     []byte    `json:"sealed"`
	Commitment []byte    `json:"commitment"`
	Document   string    `json:"document"`
	Salt       []byte    `json:"salt"`
	Gone       string    `json:"gone"`
}

// list goes through the list of events of an exported log.
type list struct {
	*verification
	d         directory
	size      int64
	bundle    [][]byte // the entries of the tile that the line is in
	of        int64    // which tile that is, from 1
	lines     int64
	documents int
}

// events checks the list of events, when there is one, against the entries.
func (v *verification) events(f files, c Checkpoint) error {
	d, local := f.(directory)
	if !local {
		return nil
	}
	info, err := fs.Stat(d.FS, eventsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return avow.Errorf(avow.Unavailable, "%s cannot be read: %w", eventsFile, err)
	}
	file, err := d.FS.Open(eventsFile)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be read: %w", eventsFile, err)
	}
	defer file.Close()
	l := &list{verification: v, d: d, size: c.Size}
	failed := v.failed
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, MaxReceipt)
	for lines.Scan() && !v.full() && v.ctx.Err() == nil {
		l.line(lines.Bytes())
	}
	if v.ctx.Err() != nil {
		return avow.Errorf(avow.Canceled, "it was given up: %w", v.ctx.Err())
	}
	l.conclude(lines.Err(), failed)
	return nil
}

func (l *list) line(text []byte) {
	n := l.lines
	l.lines++
	where := fmt.Sprintf("%s, line %d", eventsFile, n+1)
	var e listed
	if json.Unmarshal(text, &e) != nil {
		l.add(Failed, where, "the line cannot be read")
		return
	}
	if e.Index != n || n >= l.size {
		l.add(Failed, where, "the line says event %d, in a list of %d that counts from 0", e.Index, l.size)
		return
	}
	leaf, ok := e.leaf()
	if entry := l.entry(n); !ok || entry == nil || string(leaf.Bytes()) != string(entry) {
		l.add(Failed, where, "event %d is not what entry %d of the log says", n, n)
		return
	}
	if e.Document == "" {
		return
	}
	l.documents++
	var d Document
	if len(e.Salt) != SaltSize || Commit(e.Salt, []byte(e.Document)) != leaf.Commitment ||
		json.Unmarshal([]byte(e.Document), &d) != nil || d.Type != leaf.Type || MinuteOf(d.At) != leaf.Minute {
		l.add(Failed, where, "the document of event %d is not the one that was recorded", n)
	}
}

func (e listed) leaf() (leaf Leaf, ok bool) {
	leaf = Leaf{Type: e.Type, Minute: MinuteOf(e.Minute)}
	ok = copy(leaf.Sealed[:], e.Sealed) == len(leaf.Sealed) && copy(leaf.Commitment[:], e.Commitment) == len(leaf.Commitment)
	return leaf, ok && len(e.Sealed) == len(leaf.Sealed) && len(e.Commitment) == len(leaf.Commitment) && e.Type.Valid() && e.Minute.Equal(leaf.Time())
}

// entry is what the log has at a place, read tile by tile; nil when that cannot be read.
func (l *list) entry(n int64) []byte {
	at, tileN := int(n%Width), n/Width
	if l.of != tileN+1 {
		l.of, l.bundle = tileN+1, nil
		b, err := tile(l.ctx, l.d, TileRef{Entries, tileN, int(min(l.size-tileN*Width, Width))})
		if err == nil {
			l.bundle, _ = parseEntries(b) // what is wrong with it was said on the way through the tree
		}
	}
	if at >= len(l.bundle) {
		return nil
	}
	return l.bundle[at]
}

func (l *list) conclude(err error, failed int) {
	switch {
	case err != nil:
		l.add(Failed, eventsFile, "the list of events cannot be read from line %d on", l.lines+1)
	case l.lines < l.size && !l.full():
		l.add(Failed, eventsFile, "the list ends before event %d", l.lines)
	case l.failed == failed:
		l.add(Passed, eventsFile, "the list of events says what the entries say; %d documents in it are those that were recorded", l.documents)
	}
}
