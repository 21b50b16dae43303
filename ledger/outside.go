package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// outside keeps the last checkpoint in a file away from the data. It is never ahead
// of what is committed, and behind by a second and one write at most. A nil one keeps nothing.
type outside struct {
	file    string
	mu      sync.Mutex
	latest  []byte // committed
	written int64  // size in the file
	failed  error  // what kept the last write from succeeding
	dirty   bool   // latest is not in the file
	running bool
	stopped bool
	end     chan struct{}
}

// outsidePause is how long a write waits after the one before.
const outsidePause = time.Second

func newOutside(file string) *outside {
	if file == "" {
		return nil
	}
	return &outside{file: file, end: make(chan struct{})}
}

// offer has a checkpoint written soon.
func (o *outside) offer(signed []byte) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest, o.dirty = signed, true
	if !o.running && !o.stopped {
		o.running = true
		go o.run()
	}
}

// run writes until there is nothing to write.
func (o *outside) run() {
	pause := time.NewTicker(outsidePause)
	defer pause.Stop()
	for o.step() {
		select {
		case <-pause.C:
		case <-o.end:
		}
	}
}

func (o *outside) step() (more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running = o.dirty && !o.stopped
	if o.running {
		o.flush()
	}
	return o.running
}

// flush writes what is committed; the lock is held. What fails is tried again.
func (o *outside) flush() {
	if !o.dirty {
		return
	}
	o.failed = o.write()
	o.dirty = o.failed != nil
}

func (o *outside) write() error {
	s, err := proof.PeekCheckpoint(o.latest)
	if err != nil {
		return err
	}
	if before, err := readOutside(o.file); err == nil && before != nil {
		b, err := proof.PeekCheckpoint(before)
		if err == nil && b.Checkpoint.Origin == s.Checkpoint.Origin && b.Checkpoint.Size >= s.Checkpoint.Size {
			o.written = b.Checkpoint.Size // another process of this log is ahead
			return nil
		}
	}
	if err := replace(o.file, o.latest); err != nil {
		return avow.Errorf(avow.Unavailable, "the last checkpoint cannot be kept in %s: %w", o.file, err)
	}
	o.written = s.Checkpoint.Size
	return nil
}

// stop keeps the file as it is until resume.
func (o *outside) stop() {
	if o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.stopped = true
	}
}

func (o *outside) resume() {
	if o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.stopped = false
	}
}

func (o *outside) now() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stopped {
		o.flush()
	}
	return o.failed
}

func (o *outside) close() error {
	err := o.now()
	if o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if !o.stopped {
			o.stopped = true
			close(o.end)
		}
	}
	return err
}

// missed is for a log with events that was opened without its file outside. Nothing has then been held to it, so the file
// stays missing until somebody has said so: see Renew.
func (l *Ledger) missed(k kept, h head) {
	if l.outside != nil && k.checkpoint == nil && k.err == nil && h.size > 0 {
		l.missing = h.size
		l.outside.stop()
	}
}

// Missing is the file outside when it was missing as the log was opened, and how many events the log had then; 0: the file was
// there, or none was wanted. Whether the end of such a log was cut off, or an older copy put back, could not be noticed. The
// file is not written before Renew or NewOrigin.
func (l *Ledger) Missing() (file string, events int64) {
	if l.missing == 0 {
		return "", 0
	}
	return l.outside.file, l.missing
}

// Renew writes a file outside that was missing anew, with the log as it is. From then on the log is held to that.
func (l *Ledger) Renew() error {
	l.outside.resume()
	return l.WriteOutside()
}

// WriteOutside writes the last checkpoint to the file outside now.
func (l *Ledger) WriteOutside() error { return l.outside.now() }

// Outside is the size of the log in the file outside, as far as this process has
// written it, and what keeps it from being written, if anything does.
func (l *Ledger) Outside() (size int64, err error) {
	o := l.outside
	if o == nil {
		return 0, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written, o.failed
}

// replace puts a new content in a file's place, whole, through to the disk.
func replace(file string, content []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readOutside is nil where there is no file.
func readOutside(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && info.Size() > proof.MaxCheckpoint:
		return nil, avow.Errorf(avow.Refused, "%s does not hold a checkpoint of a log", file)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the last checkpoint, kept in %s, cannot be read: %w", file, err)
	}
	return b, nil
}

// kept is the checkpoint outside as it was read; nil when there is none. It is read before the
// head that is held to it: whoever appends meanwhile moves both on, and a head that was read first
// would look as if the log had become shorter.
type kept struct {
	checkpoint *proof.Checkpoint
	err        error
}

func (l *Ledger) look() kept {
	c, err := l.readKept()
	return kept{c, err}
}

// against holds the log to what is kept outside.
func (k kept) against(ctx context.Context, l *Ledger, h head) error {
	if k.err != nil || k.checkpoint == nil {
		return k.err
	}
	return l.db.Read(ctx, func(tx *store.Tx) error { return l.goesOnFrom(tx, h, *k.checkpoint) })
}

// readKept reads the checkpoint that is kept outside, which our key has signed; nil when none is.
func (l *Ledger) readKept() (*proof.Checkpoint, error) {
	if l.outside == nil {
		return nil, nil
	}
	file := l.outside.file
	text, err := readOutside(file)
	if err != nil || text == nil {
		return nil, err
	}
	s, err := proof.PeekCheckpoint(text)
	if err != nil {
		return nil, avow.Errorf(avow.Refused, "%s does not hold a checkpoint of a log; put the right file back", file)
	}
	c, err := l.verifies(s.Checkpoint.Origin, text)
	if err != nil {
		return nil, avow.Errorf(avow.Refused, "the checkpoint in %s was not signed with this organisation's key; put the right file back", file)
	}
	return &c, nil
}

// goesOnFrom reports whether the log has everything that a checkpoint of ours says, and as it says.
func (l *Ledger) goesOnFrom(tx *store.Tx, h head, c proof.Checkpoint) error {
	file := l.outside.file
	if c.Origin != h.origin {
		return l.formerly(tx, c)
	}
	if c.Size > h.tree {
		return avow.Errorf(avow.Refused, "the log is shorter than it was: it has %d events, and had %d when the checkpoint in %s was signed. "+
			"It is an older copy, or events were removed. If a backup was put back on purpose, run avow restore: it goes on under a new origin and says so in the log", h.tree, c.Size, file)
	}
	tree, err := l.verifies(h.origin, h.checkpoint)
	if err != nil {
		return errHead
	}
	root, err := rootAt(tx, tree.Tree(), c.Size)
	if err != nil {
		return err
	}
	if root != c.Root {
		return avow.Errorf(avow.Refused, "the log is not the one it was: its first %d events are not those of the checkpoint in %s. "+
			"They were changed, or this is another copy that went its own way. Run avow audit, and avow restore to go on under a new origin", c.Size, file)
	}
	return nil
}

// formerly reports whether a checkpoint is of a name that this log had, and not after it ended.
func (l *Ledger) formerly(tx *store.Tx, c proof.Checkpoint) error {
	var last string
	err := tx.QueryRow("SELECT checkpoint FROM ledger_origins WHERE origin = ?", c.Origin).Scan(&last)
	if err != nil && avow.KindOf(err) != avow.NotFound {
		return err
	}
	if ended, bad := l.verifies(c.Origin, []byte(last)); err == nil && bad == nil && c.Size <= ended.Size {
		return nil
	}
	return avow.Errorf(avow.Refused, "%s holds the last checkpoint of another log, %s, after which this log does not go on; put the right file back", l.outside.file, c.Origin)
}
