package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
	"github.com/xuri/excelize/v2"
)

// What a file may say, line by line: the findings it must get, `line column code`.
func TestWhatIsRefused(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	const full = "email,consent.newsletter,consent.newsletter.at,consent.newsletter.evidence\n"
	for _, c := range []struct{ name, text, source, want string }{
		{"right", "email,contact.name\nann@mail.example,Ann\n", "you", ""},
		{"the field by its path", "contact.email\nann@mail.example\n", "you", ""},
		{"unknown column", "email,shoe-size\nann@mail.example,9\n", "you", "1 shoe-size unknown-column"},
		{"a slip of the pen", "emial\nann@mail.example\n", "you", "1 emial unknown-column"},
		{"all unknown columns at once", "email,a1,b1\n", "you", "1 a1 unknown-column, 1 b1 unknown-column"},
		{"never kept", "email,card.code\nann@mail.example,123\n", "you", "1 card.code unknown-column"},
		{"no consent to that", "email,consent.answer\nann@mail.example,yes\n", "you", "1 consent.answer unknown-column"},
		{"one thing twice", "email,contact.email\nann@mail.example,bob@mail.example\n", "you", "1 contact.email header"},
		{"no address", "email\nnobody\n", "you", "2 email value"},
		{"nobody", "email,contact.name\n,Ann\n", "you", "2 nobody"},
		{"a telephone without a country", "phone\n020 7946 0018\n", "you", "2 phone value"},
		{"a telephone with one beside it", "phone,region\n020 7946 0018,GB\n", "you", ""},
		{"a telephone with one before it", "region,phone\nGB,020 7946 0018\n", "you", ""},
		{"no country", "email,region\nann@mail.example,Moon\n", "you", "2 region value"},
		{"no kind", "email,kind\nann@mail.example,robot\n", "you", "2 kind value"},
		{"employer of an individual", "email,kind,employer\nann@mail.example,individual,Acme\n", "you", "2 employer value"},
		{"no birthday", "email,contact.birthday\nann@mail.example,31/12/90\n", "you", "2 contact.birthday value"},
		{"unseen characters", "email,contact.name\nann@mail.example,A\u202ena\n", "you", "2 contact.name value"},
		{"a formula", "email,contact.name\nann@mail.example,=1+1\n", "you", "2 contact.name formula"},
		{"not from this source", "email,account.number\nann@mail.example,7\n", "sellers", "2 account.number source"},
		{"about somebody else", "others.email\nfriend@mail.example\n", "friends", ""},
		{"two people on a line", "email,others.email\nann@mail.example,friend@mail.example\n", "you", "2 somebody-else, 2 others.email source"},
		{"a source that comes by itself", "email,source\nann@mail.example,browser\n", "", "2 source source"},
		{"a source by line", "email,source\nann@mail.example,you\nbob@mail.example,\n", "", "3 source source"},
		{"no such source", "email,source\nann@mail.example,sellars\n", "", "2 source source"},
		{"no source at all", "email\nann@mail.example\n", "", "1 source"},
		{"a special category without consent", "email,health.diet\nann@mail.example,none\n", "you", "2 health.diet special"},
		{"a special category with it", "email,health.diet,consent.meals,consent.meals.at,consent.meals.evidence\nann@mail.example,none,yes,2025-01-01,form\n", "you", ""},
		{"no ground without consent", "email,contact.birthday\nann@mail.example,1990-12-31\n", "you", "2 contact.birthday no-ground"},
		{"no answer", full + "ann@mail.example,perhaps,2025-01-01,form\n", "you", "2 consent.newsletter value"},
		{"no day", full + "ann@mail.example,yes,,form\n", "you", "2 consent.newsletter no-evidence"},
		{"no evidence", full + "ann@mail.example,yes,2025-01-01,\n", "you", "2 consent.newsletter no-evidence"},
		{"a day that is none", full + "ann@mail.example,yes,1/2/2025,form\n", "you", "2 consent.newsletter.at value, 2 consent.newsletter no-evidence"},
		{"a day to come", full + "ann@mail.example,yes,2030-01-01,form\n", "you", "2 consent.newsletter.at value, 2 consent.newsletter no-evidence"},
		{"withdrawn needs neither", full + "ann@mail.example,withdrawn,,\n", "you", ""},
		{"nothing said", full + "ann@mail.example,,,\n", "you", ""},
		{"an objection to what rests on consent", "email,objection.panel\nann@mail.example,yes\n", "you", "2 objection.panel no-such-stop"},
		{"an objection to a contract", "email,objection.deliver\nann@mail.example,yes\n", "you", "2 objection.deliver no-such-stop"},
		{"an unknown topic", "email,objection.topic:new\nann@mail.example,yes\n", "you", "1 objection.topic:new unknown-column"},
		{"a customer", "email,people.customer\nann@mail.example,yes\n", "you", ""},
		{"all that is wrong with a line", "email,kind,region\nx,robot,Moon\n", "you", "2 kind value, 2 region value, 2 email value"},
	} {
		r, err := h.desk.Check(bg, file(c.text), from(c.source))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := strings.Join(codes(r), ", "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		for _, f := range r.Findings {
			if f.What == "" || f.Do == "" || strings.Contains(f.What+f.Do, "ann@") {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
	}
}

func TestDidYouMean(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	r := h.dry("emial,consent.newsleter\na,b\n", from("you"))
	if len(r.Findings) != 2 || !strings.Contains(r.Findings[0].Do, `"email"`) || !strings.Contains(r.Findings[1].Do, `"consent.newsletter"`) || !r.Broken {
		t.Errorf("%+v", r.Findings)
	}
}

func TestWhatTheCallerSaysIsChecked(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for name, change := range map[string]func(*intake.Options){
		"source":    func(o *intake.Options) { o.Source = "sellars" },
		"automatic": func(o *intake.Options) { o.Source = "browser" },
		"for":       func(o *intake.Options) { o.For = []string{"world domination"} },
		"delimiter": func(o *intake.Options) { o.Delimiter = 'x' },
		"format":    func(o *intake.Options) { o.Format = "pdf" },
		"errors":    func(o *intake.Options) { o.Allowed = -1 },
	} {
		o := from("you")
		change(&o)
		if _, err := h.desk.Check(bg, file("email\nann@mail.example\n"), o); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := from("you")
	o.Policy = "other"
	if _, err := h.desk.Check(bg, file("email\n"), o); avow.KindOf(err) != avow.NotFound {
		t.Error(err)
	}
}

func TestColumnsAreRenamed(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	maps, err := intake.ReadMap(strings.NewReader("# from the old shop\nE-mail address = email\n a=b = contact.name\nShoe size = -\n"))
	h.Check(err)
	o := from("you")
	o.Map = maps
	r := h.dry("E-mail address,a=b,Shoe size\nann@mail.example,Ann,9\nnobody,,\n", o)
	if got := codes(r); !slices.Equal(got, []string{"3 E-mail address value"}) { // under the file's own name
		t.Error(got)
	}
	if got := codes(h.dry("email\nann@mail.example\n", o)); len(got) != 3 || got[0] != "1 header" {
		t.Errorf("a map for another file: %v", got)
	}
	for _, bad := range []string{"a b\n", "= email\n", "a = \n", "a = email\na = phone\n", "\xff = email\n"} {
		if _, err := intake.ReadMap(strings.NewReader(bad)); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAConsentWithoutEvidenceIsNone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := from("you")
		o.WithoutEvidence = true
		r := h.bring("email,email.verified,consent.newsletter\nann@mail.example,yes,yes\n", o)
		if got := codes(r); !slices.Equal(got, []string{"2 consent.newsletter consent-left"}) || h.send(ann, "newsletter") {
			t.Error(got)
		}
		if n := len(h.events(h.one(ann), ledger.ConsentGiven)); n != 0 {
			t.Error("it is recorded as a consent")
		}
	})
}

func TestWhatALineSays(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		text := "email,kind,employer,region,people.customer,consent.panel,consent.panel.at,consent.panel.evidence,objection.offers,phone\n" +
			"ann@mail.example,business,Acme Ltd,NL,yes,yes,2025-01-01T10:00:00Z,form,no,+442079460018\n" +
			"bob@mail.example,,,,,,,,yes,\n"
		o := from("you")
		o.For = []string{"answer"}
		h.bring(text, o)
		who := h.one(ann)
		if !h.allowed(who, "panel", "contact.email") {
			t.Error("one act is enough for the panel, and Ann gave it")
		}
		if h.send(bob, "offers") {
			t.Error("Bob's objection counts, whoever brings it")
		}
		h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
			s, err := h.Vault.Subject(tx, who)
			if err != nil || s.Kind != avow.Business {
				t.Error(s.Kind, err)
			}
			employees, err := h.Vault.Employees(tx, "acme ltd")
			if err != nil || !slices.Contains(employees, who) {
				t.Error(employees, err)
			}
			list, err := h.Vault.Values(tx, who)
			for _, v := range list {
				if v.Source != "you" || v.Version != 1 || !slices.Equal(v.Purposes, []string{"answer", "panel"}) || !strings.HasPrefix(v.Point, "import:") || v.Basis == avow.BasisNone {
					t.Errorf("%+v", v)
				}
			}
			return err
		}))
		if list := h.found(vault.Phone, "+442079460018"); len(list) != 1 || list[0].Subject != who {
			t.Error("her telephone does not find Ann", list)
		}
	})
}

// A consent lasts from the day it was given elsewhere, not from the day of the import.
func TestAnOldConsentIsOld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.bring(consented+"ann@mail.example,Ann,yes,2023-06-01,"+ground+",yes\nbob@mail.example,Bob,yes,2025-06-01,"+ground+",yes\n", from("you"))
		if h.send(ann, "newsletter") || !h.send(bob, "newsletter") {
			t.Error("the newsletter's consent lasts two years")
		}
	})
}

func TestTheReportIsKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := from("you")
		o.Allowed = 5
		r := h.stage("email,contact.name\nann@mail.example,Ann\nnobody,=cmd()\n,\n", o)
		all := func(yield func(intake.Finding) error) error { return h.desk.Findings(bg, r.ID, yield) }
		var table, lines strings.Builder
		h.Check(intake.WriteCSV(&table, all))
		h.Check(intake.WriteJSON(&lines, all))
		if strings.Count(table.String(), "\n") != 1+3 || !strings.HasPrefix(table.String(), "line,column,level,code,what,do\n3,email,error,value,") {
			t.Error(table.String())
		}
		for line := range strings.Lines(lines.String()) {
			var f intake.Finding
			if err := json.Unmarshal([]byte(line), &f); err != nil || f.Line < 3 {
				t.Error(line, err)
			}
		}
		if strings.Contains(table.String()+lines.String(), "cmd()") || strings.Contains(table.String(), "nobody,=") {
			t.Error("the report repeats a value")
		}
	})
}

// Days are numbers in a spreadsheet, and so are telephones.
func TestASpreadsheet(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		x := excelize.NewFile()
		for i, row := range [][]any{
			{"email", "email.verified", "phone", "region", "consent.newsletter", "consent.newsletter.at", "consent.newsletter.evidence"},
			{ann, true, 442079460018, "", "yes", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), "form"},
			{bob, true, "+31 20 624 1111", "", "yes", "2025-06-01", "form"},
		} {
			h.Check(x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
		}
		b, err := x.WriteToBuffer()
		h.Check(err)
		r, err := h.desk.Stage(bg, intake.File{Name: "people.xlsx", ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, from("you"))
		if avow.KindOf(err) != avow.Refused || !slices.Equal(codes(r), []string{"2 phone value"}) {
			t.Fatal(codes(r), err) // a number has lost its +
		}
		h.Check(x.SetCellValue("Sheet1", "C2", "+442079460018"))
		b, err = x.WriteToBuffer()
		h.Check(err)
		r, err = h.desk.Stage(bg, intake.File{Name: "people.xlsx", ReaderAt: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, from("you"))
		if err != nil || r.People != 2 {
			t.Fatal(err, codes(r))
		}
		h.flip(r.ID)
		h.settle(r.ID)
		if !h.send(ann, "newsletter") || !h.send(bob, "newsletter") {
			t.Error("their consents did not come in")
		}
		given := h.events(h.one(ann), ledger.ConsentGiven)
		if len(given) != 1 || !strings.Contains(given[0], "2025-06-01T00:00:00Z") {
			t.Error(given)
		}
	})
}
