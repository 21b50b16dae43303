package collect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/store/storetest"
)

// Each wrong submission is refused whole, with the field and what to do.
func TestRefused(t *testing.T) {
	const ann = "ann@mail.example"
	many := collecttest.Submission("contact", "contact.email", ann)
	for i := range 70 {
		many.Fields[fmt.Sprint("x", i)] = "y"
	}
	with := func(s collect.Submission, f func(*collect.Submission)) collect.Submission { f(&s); return s }
	cases := map[string]struct {
		s     collect.Submission
		kind  avow.ErrorKind
		field string // stands in what the person reads
	}{
		"an undeclared field":          {collecttest.Submission("newsletter", "contact.email", ann, "shoe-size", "38"), avow.Invalid, "shoe-size"},
		"a field of another point":     {collecttest.Submission("newsletter", "contact.email", ann, "messages.text", "Hi"), avow.Invalid, "messages.text"},
		"a needed field left out":      {collecttest.Submission("newsletter", "contact.name", "Ann"), avow.Invalid, "contact.email"},
		"a needed field left empty":    {collecttest.Submission("newsletter", "contact.email", "  "), avow.Invalid, "contact.email"},
		"no e-mail address":            {collecttest.Submission("newsletter", "contact.email", "ann at mail"), avow.Invalid, "contact.email"},
		"two addresses":                {collecttest.Submission("newsletter", "contact.email", ann+", bob@mail.example"), avow.Invalid, "contact.email"},
		"a header in an address":       {collecttest.Submission("newsletter", "contact.email", ann+"\r\nBcc: bob@mail.example"), avow.Invalid, "contact.email"},
		"no telephone number":          {collecttest.Submission("newsletter", "contact.email", ann, "contact.phone", "ring me"), avow.Invalid, "contact.phone"},
		"a number without its country": {collecttest.Submission("newsletter", "contact.email", ann, "contact.phone", "020 7946 0018"), avow.Invalid, "contact.phone"},
		"a long name":                  {collecttest.Submission("newsletter", "contact.email", ann, "contact.name", strings.Repeat("é", 201)), avow.Invalid, "contact.name"},
		"a name of two lines":          {collecttest.Submission("newsletter", "contact.email", ann, "contact.name", "Ann\nVisitor"), avow.Invalid, "contact.name"},
		"a long text":                  {collecttest.Submission("contact", "contact.email", ann, "messages.text", strings.Repeat("a", 2001)), avow.Invalid, "messages.text"},
		"unreadable characters":        {collecttest.Submission("contact", "contact.email", ann, "messages.text", "a\x00b"), avow.Invalid, "messages.text"},
		"broken UTF-8":                 {collecttest.Submission("contact", "contact.email", ann, "messages.text", "a\xffb"), avow.Invalid, "messages.text"},
		"a turned text":                {collecttest.Submission("newsletter", "contact.email", ann, "contact.name", "nnA\u202e"), avow.Invalid, "contact.name"},
		"too many fields":              {many, avow.TooLarge, "64 fields"},
		"too much":                     {collecttest.Submission("contact", "contact.email", ann, "messages.text", strings.Repeat("a", 70<<10)), avow.TooLarge, "64 KiB"},
		"a consent not asked for here": {with(newsletter(ann), func(s *collect.Submission) { s.Consents = []string{"meals"} }), avow.Invalid, "consent.meals"},
		"a consent to nothing":         {with(newsletter(ann), func(s *collect.Submission) { s.Consents = []string{"shoes"} }), avow.Invalid, "consent.shoes"},
		"only consent, and none":       {newsletter(ann), avow.Invalid, "consent.newsletter"},
		"no age":                       {with(collecttest.Submission("dinner", "contact.email", ann), func(s *collect.Submission) { s.Consents = []string{"meals"} }), avow.Invalid, "age"},
		"too young":                    {with(collecttest.Submission("dinner", "contact.email", ann), func(s *collect.Submission) { s.Consents, s.Age = []string{"meals"}, 15 }), avow.Invalid, "below 16"},
		"special data without consent": {with(collecttest.Submission("dinner", "contact.email", ann, "health.diet", "no nuts"), func(s *collect.Submission) { s.Age = 30 }), avow.Invalid, "health.diet"},
		"an unconfirmed statement":     {collecttest.Submission("refer", "others.email", "fred@mail.example"), avow.Invalid, "confirm.0"},
		"an unknown point":             {collecttest.Submission("shoes", "contact.email", ann), avow.NotFound, "shoes"},
		"an unknown policy":            {collect.Submission{Policy: "shoes", Point: "newsletter"}, avow.NotFound, "shoes"},
		"an unknown region":            {with(newsletter(ann, "newsletter"), func(s *collect.Submission) { s.Region = "Atlantis" }), avow.Invalid, "region"},
		"a token nobody made":          {with(newsletter(ann, "newsletter"), func(s *collect.Submission) { s.FormToken = "AAAA" }), avow.Invalid, "open it again"},
		"a field as a category":        {collecttest.Submission("newsletter", "contact.email", ann, "contact", "x"), avow.Invalid, "contact"},
		"a very long name of a field":  {collecttest.Submission("newsletter", "contact.email", ann, strings.Repeat("x", 500), "y"), avow.Invalid, "xxx…"},
		"markup in a name of a field":  {collecttest.Submission("newsletter", "contact.email", ann, "<script>", "y"), avow.Invalid, "<script>"},
		"a field in another case":      {collecttest.Submission("newsletter", "contact.email", ann, "Contact.Name", "y"), avow.Invalid, "Contact.Name"},
		"nothing at all":               {collecttest.Submission("newsletter"), avow.Invalid, "contact.email"},
	}
	each(t, func(h *house) {
		before := h.size()
		for name, c := range cases {
			r, err := h.Forms.Accept(bg, c.s)
			if avow.KindOf(err) != c.kind || !strings.Contains(avow.MessageOf(err), c.field) {
				h.TB.Errorf("%s: %+v, %v; want %v about %q", name, r, err, c.kind, c.field)
			}
			if err != nil && strings.Contains(err.Error(), "ann@") {
				h.TB.Errorf("%s: the error repeats the address: %v", name, err)
			}
		}
		if h.size() != before || len(h.Found(ann)) != 0 {
			h.TB.Error("something of a refused submission was kept")
		}
	})
}

func TestReadForm(t *testing.T) {
	s, err := collect.Read("dinner", map[string][]string{
		"policy": {"site"}, "form-token": {"T"}, "website": {"spam"}, "age": {" 17 "}, "lives-in": {"NL"}, "language": {"nl"},
		"consent.meals": {"yes"}, "consent.other": {"no"}, "confirm.0": {"on"}, "confirm.1": {""}, "contact.email": {"ann@mail.example"}, "health.diet": {""},
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Policy != "site" || s.FormToken != "T" || s.Trap != "spam" || s.Age != 17 || s.Region != "NL" || s.Language != "nl" ||
		len(s.Consents) != 1 || s.Consents[0] != "meals" || len(s.Confirmed) != 1 || s.Confirmed[0] != "0" || len(s.Fields) != 2 {
		t.Errorf("read as %+v", s)
	}
	for name, form := range map[string]map[string][]string{
		"a field twice":      {"contact.email": {"a", "b"}},
		"an age in words":    {"age": {"seventeen"}},
		"a box of something": {"consent.meals": {"perhaps"}},
	} {
		if _, err := collect.Read("dinner", form); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	big := map[string][]string{}
	for i := range 200 {
		big[fmt.Sprint(i)] = []string{"x"}
	}
	if _, err := collect.Read("dinner", big); avow.KindOf(err) != avow.TooLarge {
		t.Errorf("200 fields: %v", err)
	}
}

// Whatever is sent, it is taken or refused with a kind a face can show, and never both.
func FuzzAccept(f *testing.F) {
	f.Add("newsletter", "contact.email", "ann@mail.example", "newsletter", "")
	f.Add("refer", "others.email", "fred@mail.example", "", "AAAA")
	f.Add("contact", "messages.text", "\x00", "x", "🜁")
	h := newHouse(f, storetest.SQLite(f))
	f.Fuzz(func(t *testing.T, point, field, value, consent, token string) {
		h.TB = t
		s := collecttest.Submission(point, field, value, "contact.email", "ann@mail.example")
		s.Consents, s.FormToken = []string{consent}, token
		before := h.size()
		_, err := h.Forms.Accept(bg, s)
		if err != nil && (avow.KindOf(err) == avow.Internal || h.size() != before) {
			t.Errorf("%v, and %d events", err, h.size()-before)
		}
	})
}
