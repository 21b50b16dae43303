package cases

import (
	"context"
	"io"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Download writes the package to whoever has a pass for its request. That it was handed over is an
// event, recorded before the first byte. NotFound when it is not ready, or its time is over.
func (d *Desk) Download(ctx context.Context, pass string, w io.Writer) error {
	return d.handOver(ctx, w, handing{
		of:   func(tx *store.Tx) (record, error) { return holder(tx, pass) },
		also: func(*store.Tx, *record) error { return nil },
	})
}

// Hand is Download by staff, who hand the package to the person. That they looked is an event too.
func (d *Desk) Hand(ctx context.Context, id avow.ID, by string, w io.Writer) error {
	if err := stated(by, "hand it over"); err != nil {
		return err
	}
	return d.handOver(ctx, w, handing{
		of:   func(tx *store.Tx) (record, error) { return lock(tx, id) },
		also: func(tx *store.Tx, c *record) error { return d.looked(tx, c, by) },
	})
}

// handing is whose package goes out, and what is recorded of it.
type handing struct {
	of   func(*store.Tx) (record, error)
	also func(*store.Tx, *record) error // recorded too
}

// handOver opens the package first: one that is away or damaged was handed to nobody.
func (d *Desk) handOver(ctx context.Context, w io.Writer, h handing) error {
	var c record
	var r Request
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if c, err = ready(tx, h); err != nil {
			return err
		}
		r, err = d.request(tx, &c)
		return err
	})
	if err != nil {
		return err
	}
	file, err := d.Packages.Open(packageName(c.ID))
	if err != nil {
		return err
	}
	defer file.Close()
	return decrypt(&recorded{w: w, record: func() error { return d.handedOver(ctx, h) }}, file, r.Key)
}

// handedOver records that a package leaves, if it still may: a pass can end while it is opened.
func (d *Desk) handedOver(ctx context.Context, h handing) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := ready(tx, h)
		if err != nil {
			return err
		}
		if err := d.event(tx, &c, ledger.CopyHandedOver); err != nil {
			return err
		}
		return h.also(tx, &c)
	})
}

// ready is a request whose package may be handed over. NotFound when there is none.
func ready(tx *store.Tx, h handing) (record, error) {
	c, err := h.of(tx)
	if err != nil {
		return c, err
	}
	if c.Right != law.Copy && c.Right != law.Move || c.State != Closed || c.stage == over {
		return c, avow.Errorf(avow.NotFound, "there is no package: it is not ready yet, or its time is over")
	}
	return c, nil
}

// recorded lets nothing through before it was recorded that it goes out.
type recorded struct {
	w      io.Writer
	record func() error
	done   bool
}

func (r *recorded) Write(b []byte) (int, error) {
	if !r.done {
		if err := r.record(); err != nil {
			return 0, err
		}
		r.done = true
	}
	return r.w.Write(b)
}
