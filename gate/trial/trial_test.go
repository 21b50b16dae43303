package trial

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// Every decision test of the examples comes out as written, and none of the
// twenty decisions the gate was made for is missing among them.
func TestExamples(t *testing.T) {
	report, err := Run(os.DirFS("../../examples"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		t.Error(p)
	}
	found := map[string]bool{}
	for _, r := range report.Results {
		if !r.Passed {
			t.Errorf("%s:%d: %s: %s\n want %v, got %v: %s %s", r.File, r.Line, r.ID, r.Question, r.Want, r.Got, r.Sentence, r.MakeYes)
		}
		id, _, _ := strings.Cut(r.ID, "-")
		found[id] = true
	}
	for n := 1; n <= 20; n++ {
		if id := fmt.Sprint("G", n); !found[id] {
			t.Errorf("no case is %s or %s-…", id, id)
		}
	}
}

const onePolicy = `avow: v1
policy: shop
title: A shop
effective: 2026-01-01
organisation: {name: Shop, contact: {email: privacy@shop.example}}
people: {customer: {means: who bought, shown-by: event purchase}}
data: {contact: {title: Contact, fields: [name, email], identifies: [email]}}
sources: {you: {title: You, yields: [contact]}}
purpose-groups:
  all:
    title: All
    purposes:
      news: {title: News, because: You asked., basis: consent, uses: [contact], direct-marketing: true, topic: products}
      offers: {title: Offers, because: To sell., basis: [legitimate-interests, consent], uses: [contact], direct-marketing: true, topic: deals}
      debts: {title: Debts, because: To be paid., basis: legitimate-interests, uses: [contact], objection: weighed}
      gift: {title: Gift, because: Once., basis: contract, uses: [contact], once: yes}
      orders: {title: Orders, because: You ordered., basis: contract if customer, uses: [contact]}
recipients: {crm: {name: CRM, role: processor, receives: [contact], for: [news], in: GB}}
staff: {desk: {for: [orders], in: [GB]}}
agreements: {service: {with: firms, covers: all, wins: always, says: {orders: yes}}}
retention: {contact: {until: 1 year after collection, then: erase}}
collect: {form: {source: you, needs: [contact.email], for: [news], consent: [news]}}
cookies: {choice: {by: us, necessary: true, until: 6 months}}
signals: {dnt: no-cookies, gpc: opt-out}
regimes: [uk-gdpr]
`

func run(t *testing.T, tests string) Report {
	t.Helper()
	report, err := Run(fstest.MapFS{
		"shop/policy.yaml":      {Data: []byte(onePolicy)},
		"shop/policy_test.yaml": {Data: []byte(tests)},
		"shop/notes.txt":        {Data: []byte("not a test")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const people = `policy: policy.yaml
subjects:
  ann: {kind: individual, lives-in: GB, is: [customer], held: {contact: 1}, from: you, consented: [news]}
  bob: {kind: individual, lives-in: GB, held: {contact: [1]}, consented-under: {news: 1}, withdrew: [news]}
  cas: {lives-in: GB, held: {contact: 1}, objected: [deals]}
  dee: {lives-in: GB, held: {contact: 1}, objected: [debts], used-once: [gift]}
  eve: {lives-in: GB, held: {contact: 1}, objected: [debts], overridden: [debts]}
  fay: {lives-in: GB, held: {contact: 1}, kept-for: {contact.name: [orders]}}
  gus: {kind: business, lives-in: GB, held: {contact: 1}, agreement: service}
  hal: {lives-in: GB, held: {contact: 1}, restricted: yes}
cases:
`

// What a subject is said to have done stands behind the answers.
func TestCases(t *testing.T) {
	report := run(t, people+`
  - {id: consented, who: ann, act: send, purpose: news, data: [contact], to: crm, want: yes, because: CONSENT}
  - {id: withdrawn, who: bob, act: send, purpose: news, data: [contact.email], want: no, because: objected}
  - {id: topic, who: cas, purpose: offers, data: [contact], want: no, because: deals}
  - {id: other-topic, who: cas, purpose: news, data: [contact], want: no, because: no-consent}
  - {id: weighed, who: dee, purpose: debts, data: [contact], want: no, because: overridden}
  - {id: overridden, who: eve, purpose: debts, data: [contact], want: yes}
  - {id: once, who: dee, purpose: gift, data: [contact], want: no, because: done-once}
  - {id: kept-for, who: fay, purpose: debts, data: [contact.name], want: no, because: kept-for-others}
  - {id: kept-for-whole, who: fay, purpose: debts, data: [contact], want: yes}
  - {id: all, who: ann, by: desk, in: GB, purpose: orders, data: all, want: yes}
  - {id: abroad, who: ann, by: desk, in: US, purpose: orders, data: [contact], want: no, because: safeguard}
  - {id: agreement, who: gus, purpose: orders, data: [contact], want: yes, because: agreement}
  - {id: agreement-silent, who: gus, purpose: debts, data: [contact], want: no, because: agreement-silent}
  - {id: restricted, who: hal, purpose: debts, data: [contact], want: no, because: restricted}
  - {id: visitor, who: visitor, in: GB, as: business, act: collect, purpose: debts, data: [contact], want: yes}
  - {id: dnt, who: visitor, in: GB, cookie: choice, signals: [dnt, gpc], want: no, because: no-cookies}
  - {id: cookie, who: visitor, in: GB, cookie: choice, want: yes}
  - {id: before, who: ann, purpose: orders, data: [contact], on: 2025-01-01, want: no, because: no-version}
  - {id: never-heard-of, who: ann, purpose: credit-scoring, data: [contact], want: no, because: unknown-purpose}
  - {id: nobody-we-know, who: ann, act: disclose, purpose: orders, data: [contact], to: advertiser, want: no, because: unknown-recipient}
  - {id: no-such-role, who: ann, purpose: orders, data: [contact], by: astrologer, want: no, because: unknown-role}
  - {id: not-failing-means-nothing, who: ann, purpose: debts, data: [contact], want: no}
  - {id: another-reason, who: dee, purpose: debts, data: [contact], want: no, because: rainbow}
`)
	for _, p := range report.Problems {
		t.Error(p)
	}
	for _, r := range report.Results {
		wantPass := r.ID != "not-failing-means-nothing" && r.ID != "another-reason"
		if r.Passed != wantPass || r.Line == 0 || r.File != "shop/policy_test.yaml" {
			t.Errorf("%s:%d %s passed: %v. %s %s", r.File, r.Line, r.ID, r.Passed, r.Sentence, r.MakeYes)
		}
	}
	if len(report.Results) != 23 || report.Failed() != 2 || report.OK() {
		t.Errorf("%d results, %d failed, OK %v", len(report.Results), report.Failed(), report.OK())
	}
	if last := report.Results[22]; last.Because != "rainbow" {
		t.Errorf("the missing word is not told: %+v", last)
	}
}

// What is wrong in a test file is told with its place and never asked.
func TestProblems(t *testing.T) {
	for wrong, want := range map[string]string{
		"cases: [{who: ann, wants: yes}]":                                                                         `1:.*unknown key .wants.* did you mean .want`,
		"policy: policy.yaml\ncases: [{who: anne, purpose: news, want: yes}]":                                     `unknown subject .anne`,
		"cases: [{who: visitor, want: maybe}]":                                                                    `neither yes nor no`,
		"policy: policy.yaml\nversions: [no.yaml]\ncases: []":                                                     `no.yaml.* cannot be read`,
		"cases: [{who: visitor, want: yes}]":                                                                      `names no policy`,
		"policy: notes.txt\ncases: [{who: visitor, want: yes}]":                                                   `notes.txt:1`,
		"policy: [policy.yaml, 1]\ncases: []":                                                                     `one text is expected`,
		people + "  - {who: ann, purpose: newz, data: [contact], want: no}":                                       `unknown purpose .newz.*did you mean .news`,
		people + "  - {who: ann, want: no}":                                                                       `unknown purpose`,
		people + "  - {who: ann, purpose: news, data: [contacts], want: no}":                                      `unknown data .contacts.*did you mean .contact`,
		people + "  - {who: ann, purpose: news, to: crn, want: no}":                                               `unknown recipient .crn.*did you mean .crm`,
		people + "  - {who: ann, purpose: news, by: dusk, want: no}":                                              `unknown staff role .dusk.*did you mean .desk`,
		people + "  - {who: ann, purpose: news, cookie: choise, want: no}":                                        `unknown cookie .choise.*did you mean .choice`,
		people + "  - {who: ann, purpose: news, signals: [dns], want: no}":                                        `unknown signal .dns.*did you mean .dnt`,
		people + "  - {who: ann, purpose: news, in: [GB, FR], want: no}":                                          `one place`,
		people + "  - {id: x, who: ann, purpose: news, want: no}\n  - {id: x, who: ann, purpose: news, want: no}": `two cases`,
		subjects("held: {contact: 2}"):                                                                            `no version 2`,
		subjects("held: {contacts: 1}"):                                                                           `unknown data .contacts`,
		subjects("held: {contact: 1}, from: yoou"):                                                                `unknown source .yoou.*did you mean .you`,
		subjects("held: {contact: 1}, agreement: servise"):                                                        `unknown agreement .servise`,
		subjects("is: [costumer]"):                                                                                `unknown word for people .costumer.*did you mean .customer`,
		subjects("consented: [debts]"):                                                                            `nobody can consent`,
		subjects("consented: [news, offer]"):                                                                      `unknown purpose .offer`,
		subjects("consented-under: {news: 7}"):                                                                    `no version 7`,
		subjects("withdrew: [new]"):                                                                               `unknown purpose .new`,
		subjects("objected: [deal]"):                                                                              `unknown purpose or topic .deal.*did you mean .deals`,
		subjects("objected: [orders]"):                                                                            `stops nothing`,
		subjects("overridden: [orders]"):                                                                          `cannot be overridden`,
		subjects("overridden: [order]"):                                                                           `unknown purpose .order`,
		subjects("used-once: [orders]"):                                                                           `more than once`,
		subjects("used-once: [order]"):                                                                            `unknown purpose .order`,
		subjects("held: {contact: 1}, kept-for: {contact.name: [order]}"):                                         `unknown purpose .order`,
		"policy: policy.yaml\nsubjects: {visitor: {kind: individual}}\ncases: [{who: visitor, want: no}]":         `of whom nothing is known`,
	} {
		report := run(t, wrong)
		if got := report.Problems.Error(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s\n got  %s\n want %s", wrong, got, want)
		}
		if len(report.Results) != 0 || report.OK() {
			t.Errorf("%s: cases were run", wrong)
		}
	}
}

func subjects(one string) string {
	return "policy: policy.yaml\nsubjects:\n  ann: {" + one + "}\ncases: [{who: ann, purpose: debts, data: [contact], want: no}]"
}

// Nothing to run is not a success.
func TestNothingToRun(t *testing.T) {
	report, err := Run(fstest.MapFS{"policy.yaml": {Data: []byte(onePolicy)}})
	if err != nil || report.OK() {
		t.Errorf("got %+v, %v", report, err)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(people + "  - {who: ann, purpose: news, data: [contact], want: yes}")
	f.Add(subjects("held: {contact: [1, 1]}, kept-for: {contact.name: [orders]}"))
	f.Fuzz(func(t *testing.T, tests string) {
		report := run(t, tests)
		if len(report.Results) > 0 && report.Problems.Errors() {
			t.Error("cases were run beside problems")
		}
	})
}
