package saas

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/saas/saastest"
)

const smallService = `service: small
address: https://small.example
auth: [{bearer: token}]
limits: {budget: 50, retries: 3, answer: 1}
tables:
  things:
    key: id
    columns: {id: text, mail: text, n: integer}
    find:
      - {by: mail, get: /things, query: {mail: "{value}"}, rows: items}
      - {by: id, get: "/things/{value}", rows: "", gone: [404, 410]}
      - {by: n, get: /by-header, headers: {X-N: "{value}"}, rows: items}
    list: {get: /things, rows: items, page: {next: next}}
    delete: {delete: "/things/{key}", gone: [404, 410]}
`

// small opens a service of a few lines on a server.
func small(t *testing.T, handler http.HandlerFunc, change ...func(*connect.Config)) *Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return smallAt(t, server.URL, append([]func(*connect.Config){func(c *connect.Config) { c.Allow = []string{"127.0.0.1"} }}, change...)...)
}

func smallAt(t *testing.T, address string, change ...func(*connect.Config)) *Source {
	t.Helper()
	c := connect.Config{System: "crm", At: "small.yaml", Secret: fmt.Sprintf(`{"address": %q, "token": "t0ken-secret"}`, address),
		Files: fstest.MapFS{"small.yaml": {Data: []byte(smallService)}}}
	for _, f := range change {
		f(&c)
	}
	s, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.c.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s
}

var aThing = connect.Read{Table: "things", Columns: []string{"id"}, Any: in("mail", "", "ann@private.example")}

// readError reads and wants an error, in which neither the value asked for nor the token stands.
func readError(t *testing.T, s *Source, r connect.Read, kind avow.ErrorKind, words ...string) {
	t.Helper()
	err := s.Read(context.Background(), r, func(connect.Row) error { return nil })
	wantKind(t, err, kind, words...)
	for _, secret := range []string{"ann@private", "ann%40private", "t0ken-secret"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds %q: %v", secret, err)
		}
	}
}

// However the host is written, what is dialled is judged.
func TestInsideIsRefused(t *testing.T) {
	var met atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "169.254.169.254", "[fe80::1]", "10.0.0.1"} {
		readError(t, smallAt(t, "https://"+host+":"+port), aThing, avow.Invalid, "private network", `"crm"`)
	}
	if met.Load() != 0 {
		t.Errorf("the server was asked %d times", met.Load())
	}
	// Another host, or another network, allows nothing here.
	other := func(c *connect.Config) { c.Allow = []string{"crm.internal", "10.0.0.0/8", "::2"} }
	readError(t, smallAt(t, "https://127.0.0.1:"+port, other), aThing, avow.Invalid, "private network")
	// Allowed, the request gets as far as the certificate that nobody vouches for.
	for _, allow := range []string{"127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1"} {
		s := smallAt(t, "https://127.0.0.1:"+port, func(c *connect.Config) { c.Allow = []string{allow} })
		readError(t, s, aThing, avow.Unavailable, "certificate")
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	files := fstest.MapFS{"small.yaml": {Data: []byte(smallService)}}
	for _, address := range []string{"http://crm.example", "http://127.0.0.1", "ftp://x", "//x", "crm.example", "https://user:t0ken-secret@crm.example", "https://x/?a=b", "https://x/#f", "https://", "file:///etc/passwd", "https://%zz"} {
		_, err := Open(context.Background(), connect.Config{System: "crm", At: "small.yaml", Files: files, Secret: fmt.Sprintf(`{"address": %q, "token": "t"}`, address)})
		wantKind(t, err, avow.Invalid, `"crm"`)
		if strings.Contains(err.Error(), "t0ken") {
			t.Errorf("the error holds a credential: %v", err)
		}
	}
	for _, domain := range []string{"", "a/b", "evil.example/", "evil.example#", "a@b", "a:1", "a b", "-a", "a..b", "a\r\nb", "..", "%2e"} {
		_, err := Open(context.Background(), connect.Config{System: "crm", At: "salesforce", Secret: fmt.Sprintf(`{"domain": %q, "token": "t"}`, domain)})
		wantKind(t, err, avow.Invalid)
	}
	s, err := Open(context.Background(), connect.Config{System: "crm", At: "salesforce", Secret: `{"domain": "acme--test.sandbox", "token": "t"}`})
	if err != nil || s.(*Source).c.base.String() != "https://acme--test.sandbox.my.salesforce.com" {
		t.Errorf("%v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	files := fstest.MapFS{"small.yaml": {Data: []byte(smallService)}}
	for _, c := range []struct {
		at, secret, says string
		kind             avow.ErrorKind
	}{
		{"small.yaml", "", "are empty", avow.Invalid},
		{"small.yaml", `{"token": s3cret}`, "not a JSON object", avow.Invalid},
		{"small.yaml", `{"token": ["s3cret"]}`, "not a JSON object", avow.Invalid},
		{"small.yaml", "s3cret\r\nX-Evil: 1", "control character", avow.Invalid},
		{"small.yaml", `{"key": "s3cret"}`, "needs: token", avow.Invalid},
		{"nowhere", "s3cret", "at: nowhere.yaml", avow.NotFound},
		{"missing.yaml", "s3cret", "cannot be opened", avow.NotFound},
		{"../small.yaml", "s3cret", "below the folder", avow.Invalid},
		{"/small.yaml", "s3cret", "below the folder", avow.Invalid},
	} {
		_, err := Open(context.Background(), connect.Config{System: "crm", At: c.at, Secret: c.secret, Files: files})
		wantKind(t, err, c.kind, c.says)
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error holds the credential: %v", err)
		}
	}
	_, err := Open(context.Background(), connect.Config{At: "small.yaml", Secret: "x", Files: files, Allow: []string{"*.internal"}})
	wantKind(t, err, avow.Invalid, "cannot be allowed")
}

func TestRedirects(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	to, hops := "", 0
	s := small(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/here":
			fmt.Fprint(w, `{"items": [{"id": "1", "mail": "ann@private.example"}]}`)
		case to == "loop":
			hops++
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		default:
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	})
	to = "/here"
	if n := len(rowsOf(t, s, aThing)); n != 1 {
		t.Errorf("a redirect on the host gave %d rows", n)
	}
	for _, to = range []string{other.URL, "https://evil.example/", "//evil.example/", "http://127.0.0.1:1/"} {
		readError(t, s, aThing, avow.Unavailable, "elsewhere")
	}
	to = "loop"
	if readError(t, s, aThing, avow.Unavailable, "elsewhere"); hops > 10 {
		t.Errorf("followed %d times", hops)
	}
	to = "/here"
	_, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "things", Key: []string{"id"}, Keys: []connect.Tuple{{"1"}}}})
	wantKind(t, err, avow.Unavailable, "elsewhere")
	if elsewhere.Load() != 0 {
		t.Errorf("another host was asked %d times", elsewhere.Load())
	}
}

func TestFurtherPages(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	next := ""
	s := small(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "page=2" {
			fmt.Fprint(w, `{"items": [{"id": "2"}]}`)
			return
		}
		fmt.Fprintf(w, `{"items": [{"id": "1"}], "next": %q}`, next)
	})
	all := connect.Read{Table: "things", Columns: []string{"id"}}
	for _, next = range []string{"/things?page=2", "?page=2", s.c.base.String() + "/things?page=2"} {
		if n := len(rowsOf(t, s, all)); n != 2 {
			t.Errorf("%s: %d rows", next, n)
		}
	}
	for _, next = range []string{other.URL + "/things", "//evil.example/x", "http://x@" + s.c.base.Host + "/", "file:///etc/passwd"} {
		readError(t, s, all, avow.Unavailable, "another host")
	}
	if next = "/things"; true {
		readError(t, s, all, avow.Unavailable, "to itself")
	}
	if elsewhere.Load() != 0 {
		t.Errorf("another host was asked %d times", elsewhere.Load())
	}
	endless := 0
	s = small(t, func(w http.ResponseWriter, r *http.Request) {
		endless++
		fmt.Fprintf(w, `{"items": [], "next": "/things?n=%d"}`, endless)
	})
	readError(t, s, all, avow.Unavailable, "more than 50 requests")
}

// An answer that there are no rows is one, however the service says so.
func TestNoRows(t *testing.T) {
	var answer func(w http.ResponseWriter)
	s := small(t, func(w http.ResponseWriter, r *http.Request) { answer(w) })
	for name, a := range map[string]func(w http.ResponseWriter){
		"a list":  func(w http.ResponseWriter) { w.Write([]byte(`{"items": []}`)) },
		"null":    func(w http.ResponseWriter) { w.Write([]byte(`{"items": null}`)) },
		"nothing": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	} {
		answer = a
		if rows := rowsOf(t, s, aThing); len(rows) > 0 {
			t.Errorf("%s: %v", name, rows)
		}
	}
}

// Every way to further pages gives every row once and asks once for each page.
func TestWaysToPages(t *testing.T) {
	const rows = 23
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		body := map[string]any{}
		json.NewDecoder(r.Body).Decode(&body)
		q := r.URL.Query()
		from := 0
		fmt.Sscan(q.Get("offset"), &from)
		if n, ok := body["page"].(float64); ok {
			from = int(n-1) * 5
		}
		fmt.Sscan(strings.TrimPrefix(q.Get("after"), "row "), &from)
		var items []any
		for i := from; i < min(from+5, rows); i++ {
			items = append(items, map[string]any{"id": i})
		}
		out := map[string]any{"items": items}
		if from+5 < rows {
			out["after"] = fmt.Sprint("row ", from+5)
			w.Header().Add("Link", `</first>; rel="first"`)
			w.Header().Add("Link", fmt.Sprintf(`</prev>; rel=prev, <?after=row%%20%d>; rel="last next"`, from+5))
		}
		saastest.Answer(w, 200, out)
	}))
	defer server.Close()
	for _, list := range []string{
		"{get: /things, rows: items, page: {offset: 0, size: 5, into: query.offset}}",
		"{post: /things, body: {}, rows: items, page: {number: 1, size: 5, into: body.page}}",
		"{get: /things, rows: items, page: {cursor: after, into: query.after}}",
		"{get: /things, rows: items, page: {cursor: after, into: query.after, size: 100}}", // the service gives fewer at once than it is asked for
		"{get: /things, rows: items, page: {link: next}}",
	} {
		yaml := strings.Replace(smallService, "{get: /things, rows: items, page: {next: next}}", list, 1)
		s := smallAt(t, server.URL, func(c *connect.Config) {
			c.Allow, c.Files = []string{"127.0.0.1"}, fstest.MapFS{"small.yaml": {Data: []byte(yaml)}}
		})
		asked = 0
		seen := map[any]bool{}
		for _, row := range rowsOf(t, s, connect.Read{Table: "things", Columns: []string{"id"}}) {
			seen[row[0]] = true
		}
		if len(seen) != rows || asked != 5 {
			t.Errorf("%s: %d rows by %d requests", list, len(seen), asked)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var answer func(w http.ResponseWriter)
	s := small(t, func(w http.ResponseWriter, r *http.Request) { answer(w) })
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		says   string
	}{
		"too large": {func(w http.ResponseWriter) { w.Write([]byte(`{"items": "` + strings.Repeat("x", 2<<20) + `"}`)) }, "larger than 1 MiB"},
		"a bomb": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 {
				z.Write(make([]byte, 1<<20))
			}
			z.Close()
		}, "larger than 1 MiB"},
		"Latin-1":          {func(w http.ResponseWriter) { w.Write([]byte("{\"items\": [{\"id\": \"Jos\xe9\"}]}")) }, "UTF-8"},
		"UTF-16":           {func(w http.ResponseWriter) { w.Write([]byte("\xff\xfe{\x00}\x00")) }, "UTF-8"},
		"no rows":          {func(w http.ResponseWriter) { w.Write([]byte(`{"errors": ["ann@private.example is locked"]}`)) }, "something else"},
		"a list":           {func(w http.ResponseWriter) { w.Write([]byte(`[]`)) }, "something else"},
		"a word":           {func(w http.ResponseWriter) { w.Write([]byte(`"maintenance"`)) }, "something else"},
		"rows as one word": {func(w http.ResponseWriter) { w.Write([]byte(`{"items": "none"}`)) }, "something else"},
		"null":             {func(w http.ResponseWriter) { w.Write([]byte(`null`)) }, "something else"},
		"nothing":          {func(w http.ResponseWriter) { w.WriteHeader(200) }, "something else"},
		"no JSON":          {func(w http.ResponseWriter) { w.Write([]byte("<html>ann@private.example</html>")) }, "JSON"},
		"two values":       {func(w http.ResponseWriter) { w.Write([]byte(`{} {}`)) }, "JSON"},
		"deep":             {func(w http.ResponseWriter) { w.Write([]byte(strings.Repeat("[", 20_000))) }, "JSON"},
		"broken off":       {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); w.Write([]byte("{")) }, "cannot be reached, or broke off"},
		"headers":          {func(w http.ResponseWriter) { w.Header().Set("X", strings.Repeat("h", 100<<10)) }, "cannot be reached, or broke off"},
	} {
		answer = c.answer
		t.Run(name, func(t *testing.T) { readError(t, s, aThing, avow.Unavailable, c.says) })
	}
}

func TestTriesAgain(t *testing.T) {
	var answers []func(w http.ResponseWriter)
	asked := 0
	s := small(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if len(answers) > 0 {
			next := answers[0]
			answers = answers[1:]
			next(w)
			return
		}
		fmt.Fprint(w, `{"items": [{"id": "1", "mail": "ann@private.example"}]}`)
	})
	var waits []time.Duration
	s.c.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	status := func(code int, headers ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
		}
	}
	// A part of an answer, so that the library itself does not try again unseen.
	broken := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		waits   []time.Duration // 0: any
		says    string          // "": it ends well
	}{
		"busy, then not":     {[]func(http.ResponseWriter){status(503), broken, status(502)}, []time.Duration{0, 0, 0}, ""},
		"seconds":            {[]func(http.ResponseWriter){status(429, "Retry-After", "3")}, []time.Duration{3 * time.Second}, ""},
		"a date":             {[]func(http.ResponseWriter){status(503, "Date", "Sun, 22 Nov 2026 19:00:00 GMT", "Retry-After", "Sun, 22 Nov 2026 19:00:09 GMT")}, []time.Duration{9 * time.Second}, ""},
		"too long a wait":    {[]func(http.ResponseWriter){status(429, "Retry-After", "86400")}, nil, "asks to wait"},
		"busy for ever":      {slices.Repeat([]func(http.ResponseWriter){status(503)}, 9), []time.Duration{0, 0, 0}, "at present"},
		"broken for ever":    {slices.Repeat([]func(http.ResponseWriter){broken}, 9), []time.Duration{0, 0, 0}, "cannot be reached"},
		"what waiting can't": {[]func(http.ResponseWriter){status(400)}, nil, "understand"},
	} {
		answers, waits, asked = c.answers, nil, 0
		if c.says == "" {
			if n := len(rowsOf(t, s, aThing)); n != 1 {
				t.Errorf("%s: %d rows", name, n)
			}
		} else if err := s.Read(context.Background(), aThing, func(connect.Row) error { return nil }); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		same := len(waits) == len(c.waits)
		for i := range c.waits {
			same = same && (c.waits[i] == 0 && waits[i] > 0 || waits[i] == c.waits[i])
		}
		if !same {
			t.Errorf("%s: waited %v", name, waits)
		}
	}
}

func TestDeletionTwiceIsDone(t *testing.T) {
	there := map[string]bool{"a": true}
	var paths []string
	s := small(t, func(w http.ResponseWriter, r *http.Request) {
		id, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/things/"))
		paths = append(paths, r.Method+" "+r.URL.EscapedPath())
		if !there[id] {
			w.WriteHeader(410)
			return
		}
		delete(there, id)
		w.WriteHeader(204)
	})
	for i, want := range []int64{1, 0} {
		res, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "things", Key: []string{"id"}, Keys: []connect.Tuple{{"a"}, {"b/c?d#e%2f"}}}})
		if err != nil || res[0].Changed != want {
			t.Fatalf("time %d: %v %v", i, res, err)
		}
	}
	if want := "DELETE /things/b%2Fc%3Fd%23e%252f"; paths[1] != want {
		t.Errorf("sent %s, want %s", paths[1], want)
	}
	_, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Update, Table: "things", Key: []string{"id"}, Keys: []connect.Tuple{{"a"}}, Set: []connect.Set{{Column: "mail"}}}})
	wantKind(t, err, avow.Forbidden, "no request for it")
	schema, err := s.Describe(context.Background())
	if err == nil || schema != nil { // the list answers 410 here
		t.Errorf("%v %v", schema, err)
	}
}

func TestReadOnly(t *testing.T) {
	asked := 0
	s := small(t, func(w http.ResponseWriter, r *http.Request) { asked++; fmt.Fprint(w, `{"items": []}`) }, func(c *connect.Config) { c.ReadOnly = true })
	_, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "things", Key: []string{"id"}, Keys: []connect.Tuple{{"a"}}}})
	wantKind(t, err, avow.Forbidden, "read-only")
	// What the login may do is the same: whoever plans opens it so.
	schema, err := s.Describe(context.Background())
	if err != nil || schema.Table("things").Lacks[connect.OpDelete] != "" || schema.Table("things").Lacks[connect.OpRead] != "" || asked != 1 {
		t.Errorf("%v %v", schema, err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := small(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	wantKind(t, s.Read(ctx, aThing, nil), avow.Canceled)
}

// The other ways to sign in, with a token that the service changes each time.
func TestAuth(t *testing.T) {
	given := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			id, secret, _ := r.BasicAuth()
			if id != "app" || secret != "hush%2Fhush" || r.FormValue("grant_type") != "refresh_token" || r.FormValue("refresh_token") != fmt.Sprint("r", given) || r.FormValue("client_secret") != "" {
				saastest.Answer(w, 400, map[string]any{"error": "invalid_grant"})
				return
			}
			given++
			saastest.Answer(w, 200, map[string]any{"access_token": fmt.Sprint("a", given), "refresh_token": fmt.Sprint("r", given), "token_type": "bearer", "expires_in": 1800})
			return
		}
		user, password, basic := r.BasicAuth()
		switch {
		case basic && user == "u" && password == "p", r.Header.Get("X-Api-Key") == "k", given > 0 && r.Header.Get("Authorization") == fmt.Sprint("Bearer a", given):
			fmt.Fprint(w, `{"items": []}`)
		default:
			w.WriteHeader(401)
		}
	}))
	defer server.Close()
	yaml := strings.Replace(smallService, "auth: [{bearer: token}]", "auth:\n  - {basic: [user, password]}\n  - {header: {name: X-Api-Key, from: key}}\n  - {oauth: {grant: refresh-token, token: /token, client-in: header}}", 1)
	openWith := func(creds string) *Source {
		return smallAt(t, server.URL, func(c *connect.Config) {
			c.Secret = fmt.Sprintf(`{"address": %q, %s}`, server.URL, creds)
			c.Allow = []string{"127.0.0.1"}
			c.Files = fstest.MapFS{"small.yaml": {Data: []byte(yaml)}}
		})
	}
	for _, creds := range []string{`"user": "u", "password": "p"`, `"key": "k"`} {
		rowsOf(t, openWith(creds), aThing)
	}
	readError(t, openWith(`"key": "wrong"`), aThing, avow.Forbidden, "not accepted")
	s := openWith(`"client_id": "app", "client_secret": "hush/hush", "refresh_token": "r0"`)
	rowsOf(t, s, aThing)
	s.c.tokens.drop("a1")
	if rowsOf(t, s, aThing); given != 2 {
		t.Errorf("%d tokens", given)
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(rate{requests: 2, per: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	for range 2 {
		if err := l.wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := l.wait(ctx); err == nil {
		t.Error("a third request began within the time")
	}
	if newLimiter(rate{}) != nil {
		t.Error("a bound that nobody asked for")
	}
}
