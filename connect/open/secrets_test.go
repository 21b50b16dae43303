package open

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// What must not be seen: the user and the password of every connection string here, as they are and as they
// are written into an address.
const (
	user     = "app-uzer"
	password = "hun/ter2@x"
	escaped  = "hun%2Fter2%40x"
)

var hidden = []string{"uzer", "ter2"}

// hostile is a server that answers whoever connects with what it is given, and hangs up.
func hostile(t *testing.T, answer func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return l.Addr().String()
}

const repeats = "no, " + user + ", not with " + password

// postgresRefuses reads the first message and answers with an error that repeats the login.
func postgresRefuses(code string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 4096))
		text := "SFATAL\x00VFATAL\x00C" + code + "\x00M" + repeats + "\x00D" + repeats + "\x00\x00"
		out := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(text)+4))
		conn.Write(append(out, text...))
	}
}

// mysqlRefuses answers with an error in the place of a greeting.
func mysqlRefuses(code uint16) func(net.Conn) {
	return func(conn net.Conn) {
		body := binary.LittleEndian.AppendUint16([]byte{0xff}, code)
		body = append(body, "#28000"+repeats...)
		conn.Write(append([]byte{byte(len(body)), 0, 0, 0}, body...))
		io.Copy(io.Discard, conn)
	}
}

// mongoRefuses greets, and answers every other command, the login among them, with an error that repeats the login.
func mongoRefuses(code int32) func(net.Conn) {
	return func(conn net.Conn) {
		for {
			head := make([]byte, 16)
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			rest := make([]byte, min(binary.LittleEndian.Uint32(head), 1<<20)-16)
			if _, err := io.ReadFull(conn, rest); err != nil {
				return
			}
			answer := bson.D{{Key: "ok", Value: 0}, {Key: "code", Value: code}, {Key: "errmsg", Value: repeats}}
			if text := strings.ToLower(string(rest)); strings.Contains(text, "ismaster") || strings.Contains(text, "hello") {
				answer = bson.D{{Key: "ok", Value: 1}, {Key: "isWritablePrimary", Value: true}, {Key: "maxWireVersion", Value: 21}, {Key: "minWireVersion", Value: 0}}
			}
			doc, err := bson.Marshal(answer)
			if err != nil {
				return
			}
			conn.Write(mongoMessage(head, doc))
		}
	}
}

// mongoMessage answers an OP_MSG with one, and an OP_QUERY (2004), which a greeting may be, with an OP_REPLY.
func mongoMessage(head, doc []byte) []byte {
	op, body := uint32(2013), make([]byte, 5)
	if binary.LittleEndian.Uint32(head[12:]) == 2004 {
		op, body = 1, make([]byte, 20)
		body[16] = 1 // one document
	}
	body = append(body, doc...)
	out := binary.LittleEndian.AppendUint32(nil, uint32(16+len(body)))
	out = append(out, 0, 0, 0, 0)
	out = append(out, head[4:8]...)
	return append(binary.LittleEndian.AppendUint32(out, op), body...)
}

func hangsUp(net.Conn) {}

// mumbles is babbles without the login: what a service says unasked, Go's client writes into the log of the program.
func mumbles(conn net.Conn) { fmt.Fprintf(conn, "%s\r\n", strings.Repeat("no, no, no, ", 100)) }

func babbles(conn net.Conn) { fmt.Fprintf(conn, "%s\r\n", strings.Repeat(repeats, 100)) }

// repeating is a service that repeats what it was sent, and the login, with a status.
func repeating(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", repeats)
		w.Header().Set("Location", "http://"+user+":"+escaped+"@elsewhere.invalid/")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"message": %q, "errorCode": %q, "error": %q}<Error><Code>%s</Code><Message>%s</Message></Error>`, repeats, repeats, r.Header.Get("Authorization"), repeats, repeats)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestNoErrorHoldsCredentials has every kind of system fail in every way there is to fail,
// also at servers that repeat what they were told: no error, down to its causes, and no log
// line of a driver, holds the user or the password.
func TestNoErrorHoldsCredentials(t *testing.T) {
	var logged lines
	before := log.Writer()
	log.SetOutput(&logged)
	defer log.SetOutput(before)
	type attempt struct{ name, kind, secret, at string }
	var attempts []attempt
	add := func(name, kind, secret string) { attempts = append(attempts, attempt{name, kind, secret, ""}) }
	for name, at := range map[string]string{
		"nobody listens": "127.0.0.1:1", "no such host": "no.such.host.invalid:1", "hangs up": hostile(t, hangsUp), "babbles": hostile(t, babbles),
		"refuses the password": hostile(t, postgresRefuses("28P01")), "refuses the login": hostile(t, postgresRefuses("28000")), "refuses all": hostile(t, postgresRefuses("XX000")),
		"no such database": hostile(t, postgresRefuses("3D000")), "syntax": hostile(t, postgresRefuses("42601")),
	} {
		add(name, "postgresql", "postgres://"+user+":"+escaped+"@"+at+"/shop?sslmode=disable")
		add(name+", TLS", "postgresql", "postgres://"+user+":"+escaped+"@"+at+"/shop?sslmode=verify-full")
		host, port, _ := net.SplitHostPort(at)
		add(name+", words", "postgresql", "host="+host+" port="+port+" user="+user+" password='"+password+"' dbname=shop")
	}
	for name, dsn := range map[string]string{
		"port": "postgres://" + user + ":" + escaped + "@127.0.0.1:ter2/shop", "escape": "postgres://" + user + ":%zz" + escaped + "@127.0.0.1/shop",
		"quote": "host=127.0.0.1 user=" + user + " password='" + password, "sslmode": "postgres://" + user + ":" + escaped + "@127.0.0.1/shop?sslmode=" + escaped,
		"number": "postgres://" + user + ":" + escaped + "@127.0.0.1/shop?connect_timeout=" + escaped, "files": "postgres://" + user + ":" + escaped + "@127.0.0.1/shop?sslmode=verify-full&sslrootcert=/" + escaped,
		"far": "postgres://" + user + ":" + escaped + "@db.example/shop?sslmode=disable", "nothing": escaped + user,
	} {
		add(name, "postgresql", dsn)
	}
	for name, at := range map[string]string{
		"nobody listens": "127.0.0.1:1", "no such host": "no.such.host.invalid:1", "hangs up": hostile(t, hangsUp), "babbles": hostile(t, babbles),
		"refuses the login": hostile(t, mysqlRefuses(1045)), "refuses all": hostile(t, mysqlRefuses(4999)), "no such database": hostile(t, mysqlRefuses(1049)), "value": hostile(t, mysqlRefuses(1366)), "duplicate": hostile(t, mysqlRefuses(1062)),
	} {
		add(name, "mysql", user+":"+password+"@tcp("+at+")/shop")
		add(name+", TLS", "mysql", user+":"+password+"@tcp("+at+")/shop?tls=true")
	}
	for name, dsn := range map[string]string{
		"bracket": user + ":" + password + "@tcp(127.0.0.1:3306", "network": user + ":" + password + "@ter2(127.0.0.1)/shop", "nothing": user + ":" + password + "@nowhere",
		"tls": user + ":" + password + "@tcp(127.0.0.1:3306)/shop?tls=" + escaped, "number": user + ":" + password + "@tcp(127.0.0.1:3306)/shop?timeout=" + escaped,
		"variable": user + ":" + password + "@tcp(127.0.0.1:1)/shop?" + escaped + "=1", "file": user + ":" + password + "@tcp(127.0.0.1:3306)/shop?ssl-ca=/" + password, "far": user + ":" + password + "@tcp(db.example:3306)/shop?tls=false",
		"address": "mysql://" + user + ":" + escaped + "@127.0.0.1:3306/shop",
	} {
		add(name, "mysql", dsn)
	}
	for name, at := range map[string]string{
		"nobody listens": "127.0.0.1:1", "no such host": "no.such.host.invalid:1", "hangs up": hostile(t, hangsUp), "babbles": hostile(t, babbles),
		"refuses the login": hostile(t, mongoRefuses(18)), "refuses all": hostile(t, mongoRefuses(4999)), "duplicate": hostile(t, mongoRefuses(11000)),
	} {
		add(name, "mongodb", "mongodb://"+user+":"+escaped+"@"+at+"/shop")
		add(name+", TLS", "mongodb", "mongodb://"+user+":"+escaped+"@"+at+"/shop?tls=true")
	}
	for name, uri := range map[string]string{
		"not escaped": "mongodb://" + user + ":" + password + "@127.0.0.1/shop", "escape": "mongodb://" + user + ":%zz" + escaped + "@127.0.0.1/shop", "scheme": "mongo://" + user + ":" + escaped + "@127.0.0.1/shop",
		"option": "mongodb://" + user + ":" + escaped + "@127.0.0.1/shop?authMechanism=" + escaped, "number": "mongodb://" + user + ":" + escaped + "@127.0.0.1/shop?connectTimeoutMS=" + escaped,
		"no database": "mongodb://" + user + ":" + escaped + "@127.0.0.1/", "file": "mongodb://" + user + ":" + escaped + "@127.0.0.1/shop?tlsCAFile=/" + escaped, "far": "mongodb://" + user + ":" + escaped + "@db.example/shop?tls=false",
		"names of a service": "mongodb+srv://" + user + ":" + escaped + "@no.such.host.invalid/shop",
	} {
		add(name, "mongodb", uri)
	}
	add("no such file", "sqlite", "/nowhere/"+user+"/ter2.db")
	add("not escaped", "sqlite", "file:%zz"+user+escaped)
	for name, address := range map[string]string{
		"nobody listens": "http://127.0.0.1:1", "userinfo": "https://" + user + ":" + escaped + "@127.0.0.1", "not escaped": "https://%zz" + escaped, "inside": "https://10.0.0.1:1",
		"no such host": "https://no.such.host.invalid", "hangs up": "http://" + hostile(t, hangsUp), "mumbles": "http://" + hostile(t, mumbles), "TLS to none": "https://" + hostile(t, babbles),
		"redirects": repeating(t, 302), "wrong": repeating(t, 400), "denied": repeating(t, 401), "forbidden": repeating(t, 403), "missing": repeating(t, 404), "busy": repeating(t, 429), "broken": repeating(t, 500), "nonsense": repeating(t, 200),
	} {
		for _, service := range []string{"hubspot", "salesforce"} {
			attempts = append(attempts, attempt{name + " " + service, "http", fmt.Sprintf(`{"address": %q, "token": %q, "domain": "x", "client-id": %q, "client-secret": %q}`, address, user+password, user, password), service})
		}
		keys := fmt.Sprintf(`{"access-key": %q, "secret-key": %q, "session-token": %q}`, user, password, password)
		attempts = append(attempts, attempt{name, "files", keys, "s3://exports?endpoint=" + url.QueryEscape(address)})
	}
	attempts = append(attempts,
		attempt{"not JSON", "http", "{" + user + password, "hubspot"}, attempt{"control character", "http", user + "\r\n" + password, "hubspot"}, attempt{"no such service", "http", password, "nowhere"},
		attempt{"not JSON", "files", "{" + user + password, "s3://exports?region=x"}, attempt{"userinfo", "files", "", "s3://" + user + ":" + escaped + "@exports?region=x"},
		attempt{"not escaped", "files", "", "s3://" + user + ":%zz" + escaped + "@exports"}, attempt{"no driver", "files", "", "gs://" + user + ":" + escaped + "@exports"},
		attempt{"no folder", "files", password, filepath.Join(t.TempDir(), "nowhere")}, attempt{"no kind", "oracle", password, ""}, attempt{"manual", "manual", password, ""})
	var group sync.WaitGroup
	for _, a := range attempts {
		group.Go(func() { // some wait for a server that is not there
			errs := failures(connect.Config{System: "shop", Kind: a.kind, Secret: a.secret, At: a.at, Allow: []string{"127.0.0.1", "no.such.host.invalid"}})
			if len(errs) == 0 {
				t.Errorf("%s, %s: nothing failed", a.kind, a.name)
			}
			for _, err := range errs {
				noneHidden(t, a.kind+", "+a.name, err)
			}
		})
	}
	group.Wait()
	for _, text := range hidden {
		if strings.Contains(logged.String(), text) {
			t.Errorf("a driver wrote a credential into the log: %s", logged.String())
		}
	}
}

// failures opens a system, does all that can be done with one, and gives what went wrong.
func failures(c connect.Config) (errs []error) {
	ctx := context.Background()
	keep := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	s, err := Source(ctx, c)
	if keep(err); err != nil {
		return errs
	}
	_, err = s.Describe(ctx)
	keep(err)
	asked := connect.In{Columns: []string{"id"}, Tuples: []connect.Tuple{{"1"}}}
	table := map[string]string{"http": "contacts", "files": "people.csv"}[c.Kind]
	if c.At == "salesforce" {
		table = "Contact"
	}
	keep(s.Read(ctx, connect.Read{Table: table, Columns: []string{"id"}, Any: []connect.In{asked}}, func(connect.Row) error { return nil }))
	_, err = s.Change(ctx, []connect.Change{{Kind: connect.Delete, Table: table, Key: []string{"id"}, Keys: asked.Tuples}})
	keep(err)
	keep(s.Close())
	return errs
}

// noneHidden looks for credentials in an error and all that it wraps, as it is written for people and for logs.
func noneHidden(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, form := range []string{err.Error(), fmt.Sprintf("%v", err), avow.MessageOf(err)} {
		for _, text := range hidden {
			if strings.Contains(form, text) {
				t.Errorf("%s: an error holds a credential: %s", name, form)
			}
		}
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, cause := range several.Unwrap() {
			noneHidden(t, name, cause)
		}
	}
	noneHidden(t, name, errors.Unwrap(err))
}

// lines is a log that several write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
