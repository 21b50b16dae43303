package files_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
)

var letters = []string{
	"From ann@harbour.example Mon Nov  2 10:00:00 2026\r\nMessage-ID: <one@harbour.example>\r\nFrom: =?utf-8?q?J=C3=B6rg?= <joerg@harbour.example>\r\nTo: Ann <Ann@harbour.example>,\r\n bob@harbour.example\r\nCc: cyd@harbour.example\r\n" +
		"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nDate: Mon, 02 Nov 2026 11:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"Hell=F6\r\n>From me\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"bill.pdf\"\r\n\r\nxx\r\n--b--\r\n\r\n",
	"From x\nMessage-ID: <two@harbour.example>\nFrom: bob@harbour.example\nTo: undisclosed-recipients:;\nSubject: two\n\nHi\nFrom here on it is text\n\n",
	"From x\nFrom: broken <dee@harbour.example\nTo: a b c, eve@harbour.example\n\nno id\n",
}

func TestMail(t *testing.T) {
	s, _ := folder(t, map[string]string{"in.mbox": strings.Join(letters, "")})
	columns := []string{"id", "from[]", "to", "cc[]", "subject", "date", "body", "attachments[]", "sender"}
	var got []connect.Row
	if err := s.Read(t.Context(), connect.Read{Table: "in.mbox", Columns: columns}, func(r connect.Row) error { got = append(got, r); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Fatalf("%d messages", len(got))
	}
	want := connect.Row{"one@harbour.example", []any{"joerg@harbour.example"}, []any{"Ann@harbour.example", "bob@harbour.example"}, []any{"cyd@harbour.example"}, "Grüße",
		time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), "Hellö\r\n>From me", []any{"bill.pdf"}, "Jörg <joerg@harbour.example>"}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%#v", got[0])
	}
	if got[1][6] != "Hi\nFrom here on it is text\n\n" {
		t.Errorf("%#v", got[1])
	}
	if id, _ := got[2][0].(string); !strings.HasPrefix(id, "sha256:") {
		t.Errorf("%#v", got[2])
	}
	find := func(column, address string) int {
		in := connecttest.In(column, address)
		in.Compare = connect.Email
		return len(connecttest.All(t, s, connect.Read{Table: "in.mbox", Columns: []string{"id"}, Any: []connect.In{in}}))
	}
	for _, c := range []struct {
		column, address string
		n               int
	}{{"to[]", "ann@HARBOUR.example", 1}, {"to", "bob@harbour.example", 1}, {"cc[]", "cyd@harbour.example", 1}, {"from[]", "dee@harbour.example", 1}, {"to[]", "eve@harbour.example", 1}, {"to[]", "joerg@harbour.example", 0}} {
		if n := find(c.column, c.address); n != c.n {
			t.Errorf("%s %s: %d", c.column, c.address, n)
		}
	}
}

// Nobody is missed in a message for its odd form: headers that come twice, a part in an encoding that nobody knows, a long text.
func TestMailOddForms(t *testing.T) {
	odd := "Message-ID: <one@harbour.example>\nFrom: bob@harbour.example\nTo: ann@harbour.example\nTo: \"Visitor, Cyd\" <cyd@harbour.example>\nCc:\nCc: broken <dee@harbour.example\n" +
		"Subject: hello\nSubject: for eve@harbour.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=x-nobody-knows\n\nfox@harbour.example\n" +
		"--b\nContent-Type: text/plain\n\n" + strings.Repeat("word after word\n", 90_000) + "gus@harbour.example\n--b\nContent-Type: text/html\n\nhal@harbour.example\n--b--\n"
	s, _ := folder(t, map[string]string{"box/cur/1:2,S": odd, "box/new/.keep": ""})
	for column, address := range map[string]string{"to[]": "cyd@harbour.example", "cc[]": "dee@harbour.example"} {
		if got := connecttest.All(t, s, connect.Read{Table: "box", Columns: []string{"id"}, Any: []connect.In{connecttest.In(column, address)}}); len(got) != 1 {
			t.Errorf("%s is not found in %s", address, column)
		}
	}
	text := fmt.Sprint(connecttest.All(t, s, connect.Read{Table: "box", Columns: []string{connect.Whole}, Any: []connect.In{connecttest.In("to[]", "ann@harbour.example")}}))
	for _, name := range []string{"ann", "bob", "cyd", "dee", "eve", "fox", "gus", "hal"} {
		if !strings.Contains(text, name+"@harbour.example") {
			t.Errorf("%s is passed over", name)
		}
	}
}

// When the last message is gone the maildir is still there, and has its fields.
func TestMaildirWithoutMessages(t *testing.T) {
	_, dir := folder(t, map[string]string{"Mail/cur/1.host:2,S": letters[0], "people.csv": "id,email\n1,ann@harbour.example\n"})
	s, err := files.Open(t.Context(), connect.Config{System: "exports", Kind: "files", At: dir, Tables: []string{"Mail", "people.csv", "Nowhere"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, gone := range []string{"", "Mail/cur/1.host:2,S"} {
		if err := os.RemoveAll(filepath.Join(dir, cmp.Or(gone, "none"))); err != nil {
			t.Fatal(err)
		}
		schema, err := s.Describe(t.Context())
		if err != nil || schema.Table("Mail") == nil || schema.Table("Mail").Column("subject") == nil || schema.Table("Nowhere") != nil || len(schema.Tables) != 2 {
			t.Errorf("without %q: %+v, %v", gone, schema, err)
		}
	}
}

// A message is removed as a file. That it is read or flagged meanwhile changes its name, not its id.
func TestMaildir(t *testing.T) {
	_, one, _ := strings.Cut(letters[0], "\n")
	_, two, _ := strings.Cut(letters[1], "\n")
	s, dir := folder(t, map[string]string{"Mail/cur/1.host:2,S": one, "Mail/new/2.host": two, "Mail/tmp/3.host": one, "Mail/cur/.hidden": "x", "Other/new/1.host": one})
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table := schema.Table("Mail")
	if table == nil || !reflect.DeepEqual(table.Key, []string{"id"}) || table.Lacks[connect.OpUpdate] == "" || table.Lacks[connect.OpDelete] != "" {
		t.Fatalf("%+v", table)
	}
	got := connecttest.All(t, s, connect.Read{Table: "Mail", Columns: []string{"id", "message-id", "file"}})
	if connecttest.Texts(got, 0) != "1.host 2.host" || connecttest.Texts(got, 1) != "one@harbour.example two@harbour.example" {
		t.Errorf("%v", got)
	}
	if err := os.Rename(filepath.Join(dir, "Mail/cur/1.host:2,S"), filepath.Join(dir, "Mail/cur/1.host:2,RS")); err != nil {
		t.Fatal(err)
	}
	c := by("id", "1.host", "2.host")
	c.Table, c.Guard = "Mail", []connect.In{connecttest.In("to[]", "bob@harbour.example")}
	for again := range 2 {
		if result := connecttest.Do(t, s, c); result[0].Changed != int64(1-again) {
			t.Errorf("%d were removed", result[0].Changed)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "Mail/cur/1.host:2,RS")); !os.IsNotExist(err) {
		t.Error("the message is there")
	}
	if text(t, dir, "Mail/new/2.host") != two || text(t, dir, "Other/new/1.host") != one {
		t.Error("another message is not")
	}
	c = by("id", "2.host")
	c.Table = "Mail"
	connecttest.Do(t, s, c)
	if got := connecttest.All(t, s, connect.Read{Table: "Mail", Columns: []string{"id"}}); len(got) != 0 {
		t.Errorf("an empty maildir: %v", got)
	}
}
