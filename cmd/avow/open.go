package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// house is the rooms of a running program, opened in the order they stand on each other.
type house struct {
	inUse   *os.File // marks the data directory as one that is worked in
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	consent *consent.Register
	log     *slog.Logger
	clock   func() time.Time // of this machine; nil: the real one
	unread  error            // what keeps the published policies from being read, where it is only looked
}

// openHouse opens the database and every room that keeps something in it. base is
// the address people see.
func openHouse(ctx context.Context, w where, base string, log *slog.Logger) (*house, error) {
	h := &house{log: log}
	if err := h.open(ctx, w, base); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *house) open(ctx context.Context, w where, base string) (err error) {
	if h.inUse, err = w.use(false); err != nil {
		return err
	}
	if err := h.openKept(ctx, w); err != nil {
		return err
	}
	if h.ledger, err = ledger.Open(ctx, h.db, h.vault, w.log()); err != nil {
		return err
	}
	h.clock = w.clock
	return h.openRegister(ctx, base)
}

// openKept opens what is kept of people, and the keys of it.
func (h *house) openKept(ctx context.Context, w where) (err error) {
	c := store.Config{DSN: w.Database, Machine: w.clock}
	if w.Database == "" {
		c.Path = w.databaseFile()
	}
	if h.db, err = store.Open(ctx, c); err != nil {
		return err
	}
	h.vault, err = vault.Open(ctx, h.db, w.vault())
	return err
}

// openRegister opens what rests on the log.
func (h *house) openRegister(ctx context.Context, base string) (err error) {
	if err := mail.Migrate(ctx, h.db); err != nil {
		return err
	}
	h.consent, err = consent.Open(ctx, consent.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Clock: h.clock, Base: base})
	return err
}

// vault is where the keys are: the organisation's apart from those of people, which it wraps.
func (w where) vault() vault.Config {
	return vault.Config{OrganisationKey: cmp.Or(w.OrganisationKey, filepath.Join(w.Keys, "organisation.json")), KMSTokenFile: w.KMSTokenFile,
		Keys: filepath.Join(w.Data, "keys.db")}
}

// log is how the log is opened: its last checkpoint stands beside the organisation's key, away from the data.
func (w where) log() ledger.Config {
	return ledger.Config{Origin: w.Origin, Outside: filepath.Join(w.Keys, "checkpoint")}
}

func (h *house) close() error {
	var errs []error
	if h.ledger != nil {
		errs = append(errs, h.ledger.Close())
	}
	if h.vault != nil {
		errs = append(errs, h.vault.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	if h.inUse != nil {
		errs = append(errs, h.inUse.Close())
	}
	return errors.Join(errs...)
}

// from is who writes service messages: as configured, else as the policy says.
func (h *house) from(m mailing) mail.From {
	f := mail.From{Address: m.MailFrom}
	for _, p := range h.consent.Policies(time.Now()) {
		org := p.Document.Organisation
		if f.Name == "" {
			f.Name = org.Name.Plain
		}
		if f.Address == "" {
			f.Address = org.Contact.Email
		}
	}
	if f.Address == "" {
		f.Address = "avow@localhost"
	}
	return f
}

// sender is the next hop of service messages.
func sender(m mailing) (mail.Sender, error) {
	if m.SMTP == "" {
		return noServer{}, nil
	}
	u, err := url.Parse(m.SMTP)
	if err != nil || u.Host == "" || u.Path != "" {
		return nil, avow.FieldErrorf("--smtp", "write it as smtp://mail.example:587 or smtps://mail.example:465")
	}
	c := mail.SMTP{Addr: u.Host, User: u.User.Username()}
	switch u.Scheme {
	case "smtp":
		c.Security = mail.StartTLS
	case "smtps":
		c.Security = mail.TLS
	case "smtp+plain":
		c.Security = mail.Plain
	default:
		return nil, avow.FieldErrorf("--smtp", "begin it with smtp:// (STARTTLS) or smtps:// (TLS)")
	}
	if _, typed := u.User.Password(); typed {
		return nil, avow.FieldErrorf("--smtp", "put the password into a file and name it with --smtp-password-file; a command line is read by others")
	}
	if m.SMTPPassword != "" {
		b, err := os.ReadFile(m.SMTPPassword)
		if err != nil {
			return nil, avow.Errorf(avow.Unavailable, "the password file cannot be read: %w", err)
		}
		c.Password = strings.TrimRight(string(b), "\r\n")
	}
	return mail.NewSMTP(c)
}

// noServer stands where no mail server is configured: letters wait, and are sent
// when there is one.
type noServer struct{}

func (noServer) Send(context.Context, mail.Letter) error {
	return avow.Errorf(avow.Unavailable, "no mail server is configured (--smtp); the letter waits")
}
