package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/vault"
)

// Where programs say no for people.
const (
	objections  = "/api/v1/objections"
	withdrawals = "/api/v1/withdrawals"

	maxSaid = 16 << 10 // bytes of a body
)

// saidIn is a no that reached the organisation by another way than our pages.
type saidIn struct {
	Body struct {
		Policy  string `json:"policy" maxLength:"64"`
		Email   string `json:"email,omitempty" maxLength:"320" doc:"who says it; or phone"`
		Phone   string `json:"phone,omitempty" maxLength:"32"`
		Topic   string `json:"topic,omitempty" maxLength:"64" doc:"of an objection: a topic of direct marketing; or purpose"`
		Purpose string `json:"purpose,omitempty" maxLength:"64"`
		Way     string `json:"way" maxLength:"120" doc:"how it came: by post, by telephone, reply to a mail; no personal value"`
	}
}

func (in *saidIn) who() vault.Identity {
	if in.Body.Email != "" {
		return vault.Identity{Kind: vault.Email, Value: in.Body.Email}
	}
	return vault.Identity{Kind: vault.Phone, Value: in.Body.Phone}
}

func (in *saidIn) choice(by Caller) consent.Choice {
	return consent.Choice{Policy: in.Body.Policy, Topic: in.Body.Topic, Purpose: in.Body.Purpose, Way: in.Body.Way, By: "token " + by.Name}
}

// noContent is the answer to what was kept: the same whether or not the address is known here.
type noContent struct{ Status int }

// object records an objection for whoever has the address, known here or not: it
// counts for what comes later too (gdpr:21(3)).
func (a *Rest) object(ctx context.Context, in *saidIn) (*noContent, error) {
	caller, err := a.Keys.caller(requestOf(ctx))
	if err == nil {
		err = a.Consent.Stop(ctx, in.who(), in.choice(caller))
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return &noContent{http.StatusNoContent}, nil
}

// withdraw takes a consent back for everybody the address finds.
func (a *Rest) withdraw(ctx context.Context, in *saidIn) (*noContent, error) {
	caller, err := a.Keys.caller(requestOf(ctx))
	if err == nil {
		err = a.Consent.TakeBack(ctx, in.who(), in.choice(caller))
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return &noContent{http.StatusNoContent}, nil
}

// shortcut serves what programs send most, when whole systems are brought up to date: a body
// that is plainly right is read in one pass, by hand. Whatever is not goes the long way, which says what is wrong with it.
func (a *Rest) shortcut(path string, act func(context.Context, *saidIn) (*noContent, error), long http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, ok := readSaid(r)
		if !ok {
			long.ServeHTTP(w, r)
			return
		}
		ctx := context.WithValue(r.Context(), requestKey{}, r)
		out, err := act(ctx, in)
		if p, failed := err.(problem); failed {
			logFailure(ctx, a.Log, "POST "+path, p)
			writeProblem(w, p.cause)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(out.Status)
	})
}

// readSaid reads a body that is plainly right. When it is not, or may not be, the request can be read as if nobody had.
func readSaid(r *http.Request) (*saidIn, bool) {
	accept, length := r.Header.Get("Accept"), r.ContentLength
	if length <= 0 || length > maxSaid || r.Header.Get("Content-Type") != "application/json" || accept != "" && accept != "*/*" {
		return nil, false
	}
	text := make([]byte, length)
	n, err := io.ReadFull(r.Body, text)
	if err == nil {
		in, ok := scanSaid(text)
		if ok {
			return in, true
		}
	}
	r.Body = again{io.MultiReader(bytes.NewReader(text[:n]), r.Body), r.Body}
	return nil, false
}

// again is a body of which the beginning was read, and is put back.
type again struct {
	io.Reader
	io.Closer
}

func scanSaid(text []byte) (*saidIn, bool) {
	in, ok := new(saidIn), true
	b := &in.Body
	var way, policy bool
	s := scanner{b: text}
	take := func(into *string, most int) bool {
		*into = s.text()
		ok = ok && utf8.RuneCountInString(*into) <= most
		return true
	}
	s.object(func(key string) {
		switch key {
		case "policy":
			policy = take(&b.Policy, 64)
		case "email":
			take(&b.Email, 320)
		case "phone":
			take(&b.Phone, 32)
		case "topic":
			take(&b.Topic, 64)
		case "purpose":
			take(&b.Purpose, 64)
		case "way":
			way = take(&b.Way, 120)
		default:
			s.fail("there is no such member")
		}
	})
	s.end()
	return in, ok && policy && way && s.err == nil
}
