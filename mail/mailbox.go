package mail

import (
	"bytes"
	"context"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	gomail "github.com/emersion/go-message/mail"
)

// keepLetters bounds the built-in mailbox: older letters make room for newer ones.
const keepLetters = 1000

// Mailbox is a Sender whose next hop is a table of ours, for a demo without a mail
// server: every address has its letters here, and a page can list them. It stands
// for the reader's own mailbox and is no part of what an organisation holds about them.
type Mailbox struct {
	db    *store.DB
	seals seals
}

// NewMailbox makes a mailbox over a migrated database, sealed under key (KeySize bytes).
func NewMailbox(db *store.DB, key []byte) (*Mailbox, error) {
	s, err := newSeals(key)
	return &Mailbox{db, s}, err
}

// Send puts a letter into the mailbox. The same letter arrives once.
func (b *Mailbox) Send(ctx context.Context, l Letter) error {
	if _, err := Open(l); err != nil {
		return avow.Errorf(avow.Refused, "the mailbox cannot read this letter: %w", err)
	}
	sealed, err := b.seals.close(l.ID, l)
	if err != nil {
		return err
	}
	return b.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO mail_mailbox (id, at, letter) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			l.ID, tx.Now(), sealed); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM mail_mailbox WHERE id IN
			(SELECT id FROM mail_mailbox ORDER BY at DESC, id DESC LIMIT 1000000 OFFSET ?)`, keepLetters)
		return err
	})
}

// Opened is a letter as its reader sees it.
type Opened struct {
	ID         avow.ID
	At         time.Time // when it arrived; the Date of the letter where nothing received it
	From, To   string
	Subject    string
	Text, HTML string
	Header     map[string]string // the header's fields, decoded
}

// arrived is a letter with the time it arrived.
type arrived struct {
	Letter
	at time.Time
}

// List gives the newest letters, at most limit, of one address or of all when to is empty.
func (b *Mailbox) List(ctx context.Context, to string, limit int) ([]Opened, error) {
	all, err := b.read(ctx, `SELECT id, at, letter FROM mail_mailbox ORDER BY at DESC, id DESC LIMIT ?`, keepLetters)
	found := []Opened{}
	for _, a := range all {
		if len(found) >= limit || err != nil {
			break
		}
		if to != "" && !strings.EqualFold(a.To, to) {
			continue
		}
		var o Opened
		o, err = a.open()
		found = append(found, o)
	}
	return found, err
}

// Get gives one letter as its reader sees it; NotFound when there is none.
func (b *Mailbox) Get(ctx context.Context, id avow.ID) (Opened, error) {
	a, err := b.get(ctx, id)
	if err != nil {
		return Opened{}, err
	}
	return a.open()
}

// Source gives one letter as it travelled; NotFound when there is none.
func (b *Mailbox) Source(ctx context.Context, id avow.ID) (Letter, error) {
	a, err := b.get(ctx, id)
	return a.Letter, err
}

func (b *Mailbox) get(ctx context.Context, id avow.ID) (arrived, error) {
	found, err := b.read(ctx, `SELECT id, at, letter FROM mail_mailbox WHERE id = ?`, id)
	if err == nil && len(found) == 0 {
		err = avow.Errorf(avow.NotFound, "there is no such letter")
	}
	if err != nil {
		return arrived{}, err
	}
	return found[0], nil
}

func (b *Mailbox) read(ctx context.Context, query string, arg any) (found []arrived, err error) {
	err = b.db.Read(ctx, func(tx *store.Tx) error {
		found, err = store.Collect(tx, b.scan, query, arg)
		return err
	})
	return found, err
}

func (b *Mailbox) scan(r *store.Rows) (arrived, error) {
	var a arrived
	var id avow.ID
	var sealed []byte
	if err := r.Scan(store.IntoID(&id), store.IntoTime(&a.at), &sealed); err != nil {
		return a, err
	}
	return a, b.seals.open(id, sealed, &a.Letter)
}

func (a arrived) open() (Opened, error) {
	o, err := Open(a.Letter)
	o.At = a.at
	return o, err
}

// Open reads a letter.
func Open(l Letter) (Opened, error) {
	o := Opened{ID: l.ID, From: l.From, To: l.To, Header: map[string]string{}}
	r, err := gomail.CreateReader(bytes.NewReader(l.Data))
	if err != nil {
		return o, err
	}
	defer r.Close()
	o.Subject, _ = r.Header.Subject()
	o.At, _ = r.Header.Date()
	for f := r.Header.Fields(); f.Next(); {
		o.Header[f.Key()], _ = f.Text()
	}
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return o, nil
		}
		if err != nil {
			return o, err
		}
		if err := o.add(p); err != nil {
			return o, err
		}
	}
}

func (o *Opened) add(p *gomail.Part) error {
	text, err := io.ReadAll(io.LimitReader(p.Body, 1<<20))
	kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
	switch kind {
	case "text/plain":
		o.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	case "text/html":
		o.HTML = string(text)
	}
	return err
}
