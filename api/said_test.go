package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/avowhq/avow"
)

// doors are the long way into a route, and the shortcut with the long way behind it.
type doors struct {
	long, short http.Handler
	got         *saidIn // what reached the room
	quick       bool    // by the shortcut
	fails       error   // what the room answers; nil: it was kept
}

func (d *doors) answer(in *saidIn, quick bool) (*noContent, error) {
	d.got, d.quick = in, quick
	if d.fails != nil {
		return nil, problemOf(d.fails)
	}
	return &noContent{http.StatusNoContent}, nil
}

func openDoors() *doors {
	d := &doors{}
	inner := http.NewServeMux()
	op := operation("withdraw", http.MethodPost, withdrawals, "")
	op.MaxBodyBytes = maxSaid
	huma.Register(humago.New(inner, huma.DefaultConfig("avow", "1")), op, func(_ context.Context, in *saidIn) (*noContent, error) { return d.answer(in, false) })
	d.long = inner
	d.short = new(Rest).shortcut(withdrawals, func(_ context.Context, in *saidIn) (*noContent, error) { return d.answer(in, true) }, inner)
	return d
}

func (d *doors) post(h http.Handler, body string, header ...string) (status int, answer string) {
	d.got, d.quick = nil, false
	r := httptest.NewRequest(http.MethodPost, withdrawals, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Content-Type") + " " + strings.TrimSpace(w.Body.String())
}

// same posts a body both ways, and wants one answer and one content.
func (d *doors) same(t *testing.T, body string, header ...string) (quick bool) {
	t.Helper()
	status, answer := d.post(d.long, body, header...)
	want := d.got
	gotStatus, gotAnswer := d.post(d.short, body, header...)
	if gotStatus != status || gotAnswer != answer || !reflect.DeepEqual(d.got, want) {
		t.Errorf("%.200q is %d %s by the shortcut, and %d %s without", body, gotStatus, gotAnswer, status, answer)
	}
	return d.quick
}

// The shortcut takes what the long way would take, as it would, and leaves the rest to it.
func TestShortcut(t *testing.T) {
	d := openDoors()
	plain := `{"policy":"quay","email":"ann@mail.example","purpose":"panel","way":"by post"}`
	for _, body := range []string{plain, ` { "way" : "by post" , "policy":"quay", "phone":"+31 20 624 1111","topic":"news" } `,
		`{"policy":"","way":""}`, `{"policy":"quay","way":"\u00e9\"\\ \ud83d\ude00","email":"é@mail.example"}`, `{"policy":"a","policy":"b","way":"c"}`} {
		if !d.same(t, body) {
			t.Errorf("%s goes the long way", body)
		}
	}
	for _, body := range []string{``, `{}`, `null`, `[]`, `"x"`, `{"policy":"quay"}`, `{"way":"by post"}`, `{"policy":1,"way":"x"}`, `{"policy":null,"way":"x"}`,
		`{"Policy":"quay","way":"x"}`, `{"policy":"quay","way":"x","more":1}`, `{"policy":"quay","way":"x"}{}`, `{"policy":"quay","way":"x"`, `{"policy":"quay","way":"x",}`,
		"{\"policy\":\"quay\",\"way\":\"\xff\"}", "{\"policy\":\"quay\",\"way\":\"\x01\"}", `{"policy":"quay","way":"` + strings.Repeat("x", maxSaid) + `"}`} {
		if d.same(t, body) {
			t.Errorf("%.100q is taken by the shortcut", body)
		}
	}
	for _, header := range [][]string{{"Content-Type", "text/plain"}, {"Content-Type", "application/cbor"}, {"Content-Type", ""}, {"Accept", "application/cbor"}} {
		if d.same(t, plain, header...) {
			t.Errorf("with %s the shortcut is taken", header)
		}
	}
	for _, kind := range []avow.ErrorKind{avow.Invalid, avow.Unauthorized, avow.Unavailable, avow.Internal} {
		d.fails = avow.Errorf(kind, "this cannot be done")
		d.same(t, plain)
	}
	d.fails = avow.FieldErrorf("purpose", "is not one")
	if !d.same(t, plain) {
		t.Error("what fails went the long way")
	}
	d.fails = nil
	if !d.same(t, plain, "Accept", "*/*") {
		t.Error("a program that accepts anything goes the long way")
	}
}

// The bounds of the shortcut are those that are described.
func TestShortcutBounds(t *testing.T) {
	d := openDoors()
	body := reflect.TypeFor[saidIn]().Field(0).Type
	for i := range body.NumField() {
		f := body.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		most, err := strconv.Atoi(f.Tag.Get("maxLength"))
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]bool{most: true, most + 1: false} {
			others := map[string]string{"policy": "quay", "way": "by post"}
			others[name] = strings.Repeat("é", n)
			var members []string
			for name, text := range others {
				members = append(members, fmt.Sprintf("%q:%q", name, text))
			}
			if quick := d.same(t, "{"+strings.Join(members, ",")+"}"); quick != want {
				t.Errorf("%d characters of %s by the shortcut: %v", n, name, quick)
			}
		}
	}
}
