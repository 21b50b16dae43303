package cases_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
)

// handedOver counts the events that say a copy left.
func (h *house) handedOver() int {
	h.t.Helper()
	return h.happened(ledger.CopyHandedOver)
}

// happened counts events of a type.
func (h *house) happened(what ledger.Type) (n int) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		n = 0
		list, err := h.Ledger.Read(tx, 0, 1000)
		for _, e := range list {
			if e.Type == what {
				n++
			}
		}
		return err
	}))
	return n
}

// packed is a request for a copy whose package is ready, and where that lies.
func (h *house) packed() (r cases.Taken, pass cases.Pass, file string) {
	h.t.Helper()
	h.people()
	r = h.ask(law.Copy, ann)
	pass = h.prove(ann)
	h.run()
	h.finishTasks(r)
	h.is(r, cases.Closed)
	files, err := filesIn(filepath.Join(h.Dir, "packages"))
	h.Check(err)
	if len(files) != 1 {
		h.t.Fatal(files)
	}
	return r, pass, filepath.Join(h.Dir, "packages", files[0])
}

// A package that is away or damaged was handed to nobody, and nobody is said to have it.
func TestHandedOverWhenItGoesOut(t *testing.T) {
	each(t, func(h *house) {
		r, pass, file := h.packed()
		whole, err := os.ReadFile(file)
		h.Check(err)
		fail := func(want avow.ErrorKind) {
			h.t.Helper()
			var out bytes.Buffer
			h.must(want, h.desk.Download(bg, pass.Token, &out))
			h.must(want, h.desk.Hand(bg, r.ID, "ivy", &out))
			if n := h.handedOver(); n != 0 || out.Len() != 0 {
				t.Errorf("%d bytes went out, %d copies are recorded", out.Len(), n)
			}
		}
		h.Check(os.Remove(file))
		fail(avow.NotFound)
		h.Check(os.WriteFile(file, flipped(whole), 0o600))
		fail(avow.Internal)

		h.Check(os.WriteFile(file, whole, 0o600))
		var out bytes.Buffer
		h.Check(h.desk.Download(bg, pass.Token, recordedFirst{h, &out}))
		h.Check(h.desk.Hand(bg, r.ID, "ivy", &out))
		if n := h.handedOver(); n != 2 {
			t.Errorf("%d copies are recorded, two went out", n)
		}
		h.audit()
	})
}

// recordedFirst fails when bytes come before their event.
type recordedFirst struct {
	h *house
	w io.Writer
}

func (r recordedFirst) Write(b []byte) (int, error) {
	if r.h.handedOver() == 0 {
		r.h.t.Error("bytes go out that nobody recorded")
	}
	return r.w.Write(b)
}

// slow is a folder in which opening takes so long that the visit ends meanwhile.
type slow struct {
	cases.Folder
	opened func()
}

func (s slow) Open(name string) (io.ReadCloser, error) {
	defer s.opened()
	return s.Folder.Open(name)
}

// What can no more be recorded goes out no more.
func TestNothingGoesOutUnrecorded(t *testing.T) {
	opened := func() {}
	tuned(t, func(c *cases.Config) {
		c.Packages = slow{c.Packages.(cases.Folder), func() { opened() }}
	}, func(h *house) {
		_, pass, _ := h.packed()
		opened = func() { h.Pass(time.Hour) }
		defer func() { opened = func() {} }()
		var out bytes.Buffer
		h.must(avow.Unauthorized, h.desk.Download(bg, pass.Token, &out))
		if n := h.handedOver(); n != 0 || out.Len() != 0 {
			t.Errorf("%d bytes went out, %d copies are recorded", out.Len(), n)
		}
	})
}
