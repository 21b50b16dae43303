package cases

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

// What a step meets is of two kinds. A system that is away comes back, and the step is tried
// until it does. What is set up wrongly, a connection string, a missing grant, a file that is
// gone, stays so until somebody puts it right: the step is tried all the same, and staff are told at once.

// mends tells whether trouble of a class ends only when people put something right.
func mends(class string) bool {
	switch class {
	case "", avow.Unavailable.String(), avow.TooMany.String(), avow.Canceled.String():
		return false
	}
	return true
}

// mendLetter writes to staff what they have to put right, once a day however many requests wait for it.
func (d *Desk) mendLetter(tx *store.Tx, id avow.ID, trouble error) error {
	if d.Staff == "" {
		return nil
	}
	c, err := read(tx, id)
	if err != nil {
		return err
	}
	what := said(trouble)
	return d.Desk.Outbox.Put(tx, mail.Message{ID: once(avow.ID{}, tx.Now().Format(time.DateOnly), "to be put right", what), To: d.Staff,
		Subject: "Requests cannot go on until this is put right",
		Text: what + "\n\nRequest " + c.Number + " waits for it, and perhaps others do. Nothing of them is lost, and waiting alone does not help: " +
			"when it is put right they go on by themselves, at the latest an hour later."})
}

// waitsFor says to the person that their request waits for a system, and that they need not ask
// again; empty when it does not. It names no system.
func waitsFor(tx *store.Tx, id avow.ID) (words string, err error) {
	err = store.Each(tx, func(r *store.Rows) error {
		var class string
		if err := r.Scan(&class); err != nil {
			return err
		}
		switch {
		case mends(class):
			words = " It waits for one of our systems, in which our staff have to put something right first. They know, and you need not ask again."
		case words == "":
			words = " It waits for one of our systems that cannot be reached now. It goes on by itself, and you need not ask again."
		}
		return nil
	}, `SELECT trouble_kind FROM rights_case_steps WHERE case_id = ? AND state = ? AND done IS NULL AND trouble <> '' AND kind <> ?`, id, stepWaiting, kindInform)
	return words, err
}
