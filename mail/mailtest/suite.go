// Package mailtest holds what every mail.Sender must do, and a real mail server to
// do it with.
//
// What stays true: an implementation that passes Suite can stand behind the outbox.
//
// What it never does: stand in for a sender.
package mailtest

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
)

// Under is a sender under test and the letters that arrived behind it.
type Under struct {
	Sender  mail.Sender
	Arrived func(t *testing.T) []mail.Letter
}

// Suite runs the rules of mail.Sender on a fresh sender each.
func Suite(t *testing.T, open func(t *testing.T) Under) {
	for name, test := range map[string]func(*testing.T, Under){
		"a letter arrives byte for byte": arrives,
		"dots and long lines survive":    survives,
		"many at once":                   manyAtOnce,
		"a context that ended":           ended,
		"the same letter twice":          twice,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Letter composes a letter to an address.
func Letter(t *testing.T, to, text string) mail.Letter {
	t.Helper()
	var id avow.ID
	rand.Read(id[:])
	l, err := mail.Compose(mail.Message{ID: id, To: to, Subject: "A word", Text: text},
		mail.From{Name: "Harbour", Address: "privacy@harbour.example"}, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func arrives(t *testing.T, u Under) {
	l := Letter(t, "ann@example.org", "Good morning.")
	send(t, u, l)
	got := one(t, u)
	if got.From != l.From || got.To != l.To || string(got.Data) != string(l.Data) {
		t.Errorf("arrived from %q to %q:\n%s\nsent from %q to %q:\n%s", got.From, got.To, got.Data, l.From, l.To, l.Data)
	}
}

func survives(t *testing.T, u Under) {
	text := ".\n..\nFrom here\n" + strings.Repeat("é and so on ", 400) + "\n.\n\nQUIT"
	send(t, u, Letter(t, "ann@example.org", text))
	o, err := mail.Open(one(t, u))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(o.Text) != text {
		t.Errorf("the text changed on the way:\n%q", o.Text)
	}
}

func manyAtOnce(t *testing.T, u Under) {
	var wg sync.WaitGroup
	for range 12 {
		l := Letter(t, "ann@example.org", "One of many.")
		wg.Go(func() {
			if err := u.Sender.Send(context.Background(), l); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(u.Arrived(t)); got != 12 {
		t.Errorf("%d of 12 letters arrived", got)
	}
}

func ended(t *testing.T, u Under) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := u.Sender.Send(ctx, Letter(t, "ann@example.org", "Too late."))
	if err == nil || avow.KindOf(err) == avow.Refused {
		t.Errorf("a send that was called off says %v; it must be worth another try", err)
	}
}

// twice: handing over again is no error, because after a crash that is what happens.
func twice(t *testing.T, u Under) {
	l := Letter(t, "ann@example.org", "Once more.")
	send(t, u, l)
	send(t, u, l)
	for _, got := range u.Arrived(t) {
		if string(got.Data) != string(l.Data) {
			t.Error("a letter arrived that was not sent")
		}
	}
}

func send(t *testing.T, u Under, l mail.Letter) {
	t.Helper()
	if err := u.Sender.Send(context.Background(), l); err != nil {
		t.Fatal(err)
	}
}

func one(t *testing.T, u Under) mail.Letter {
	t.Helper()
	all := u.Arrived(t)
	if len(all) != 1 {
		t.Fatalf("%d letters arrived, not 1", len(all))
	}
	return all[0]
}
