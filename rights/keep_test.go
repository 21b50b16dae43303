package rights_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/vault"
)

const shop = `avow: v1
policy: shop
title: Privacy policy
effective: 2026-01-01
organisation: {name: Quay, contact: {email: privacy@quay.example}}
data:
  contact: {title: Contact details, fields: [name, email, phone, secret], identifies: [email], kept-as: {secret: hash}}
  orders: {title: Orders, fields: [items]}
sources: {you: {title: You, ways: [forms], yields: [contact, orders]}}
purpose-groups:
  all:
    title: All
    purposes:
      accounts: {title: Keep accounts, because: The law has us., basis: {individual: legal-obligation, business: legitimate-interests}, uses: [contact.name, orders]}
      delivery: {title: Deliver, because: You bought it., basis: contract, uses: [contact, orders]}
      debts: {title: Recover debts, because: Somebody must pay., basis: legitimate-interests, uses: contact, legal-claims: yes}
      study: {title: Study, because: We learn., basis: legitimate-interests, uses: [contact, orders]}
      news: {title: News, because: You like it., basis: consent, uses: contact, direct-marketing: yes, topic: news}
retention:
RULES
collect:
  order: {title: Order, source: you, needs: [contact.name, contact.email, contact.phone, contact.secret, orders.items], for: [accounts, delivery, debts, study, news]}
`

func shopWith(t *testing.T, rules string) *policy.Policy {
	t.Helper()
	p, problems := policy.Load("shop.yaml", []byte(strings.Replace(shop, "RULES", rules, 1)), nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

func TestMustKeep(t *testing.T) {
	const contact = "  contact: {until: 2 years after collection, then: erase}\n"
	given := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, rules, field, purposes string
		kind                         avow.SubjectKind
		later                        time.Duration
		want                         string // the purposes it stays for
	}{
		{name: "the law, a rule for it", rules: contact + "  invoices: {of: contact.name, for: accounts, until: 7 years after collection, then: erase}", field: "name", purposes: "accounts news", want: "accounts"},
		{name: "the law, no rule for it", rules: contact, field: "name", purposes: "news accounts", want: "accounts"},
		{name: "the law does not ask a business", rules: contact, field: "name", purposes: "accounts", kind: avow.Business},
		{name: "collected for something else", rules: contact + "  invoices: {of: contact.name, for: accounts, until: 7 years after collection, then: erase}", field: "name", purposes: "news study"},
		{name: "the law does not ask for this field", rules: contact + "  invoices: {of: [contact.name, contact.phone], for: accounts, until: 7 years after collection, then: erase}", field: "phone", purposes: "accounts"},
		{name: "a contract, a rule for it", rules: contact + "  orders: {of: contact.phone, for: delivery, until: 1 year after purchase, then: erase}", field: "phone", purposes: "delivery study", want: "delivery"},
		{name: "a contract, no rule for it", rules: contact, field: "phone", purposes: "delivery"},
		{name: "legal claims, a rule for them", rules: contact + "  claims: {of: contact.phone, for: debts, until: 3 years after purchase, then: erase}", field: "phone", purposes: "debts", want: "debts"},
		{name: "legal claims, no rule for them", rules: contact, field: "phone", purposes: "debts"},
		{name: "our interest, a rule for it", rules: contact + "  studies: {of: contact.phone, for: study, until: 3 years after collection, then: erase}", field: "phone", purposes: "study"},
		{name: "consent, a rule for it", rules: contact + "  letters: {of: contact.email, for: news, until: 3 years after collection, then: erase}", field: "email", purposes: "news"},
		{name: "no rule at all", rules: "  orders: {until: 1 year after purchase, then: erase}", field: "name", purposes: "accounts"},
		{name: "its last day", rules: contact, field: "name", purposes: "accounts", later: 2*365*24*time.Hour - time.Second, want: "accounts"},
		{name: "its time is over", rules: contact, field: "name", purposes: "accounts", later: 2 * 365 * 24 * time.Hour},
		{name: "nothing was recorded of why", rules: contact, field: "name"},
		{name: "two rules, two purposes", rules: "  invoices: {of: contact.name, for: accounts, until: 7 years after collection, then: erase}\n  orders: {of: contact.name, for: delivery, until: 1 year after purchase, then: erase}", field: "name",
			purposes: "accounts delivery", want: "accounts delivery"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := shopWith(t, c.rules)
			v := vault.Value{ID: avow.NewID(given), Category: "contact", Field: c.field, Policy: "shop", Version: 1, Purposes: strings.Fields(c.purposes), At: given}
			list, stay := rights.MustKeep(p, c.kind, []vault.Value{v}, given.Add(c.later))
			if got := strings.Join(stay[v.ID], " "); got != c.want || len(list) != min(1, len(c.want)) {
				t.Errorf("stays for %q, want %q; %+v", got, c.want, list)
			}
			for _, k := range list {
				if k.Because == "" || k.Until == "" || len(k.For) == 0 || k.Values != 1 || !slices.Equal(k.Fields, []string{"contact." + c.field}) {
					t.Errorf("the person is told too little: %+v", k)
				}
			}
		})
	}
}

func TestFits(t *testing.T) {
	p := shopWith(t, "  contact: {until: 2 years after collection, then: erase}")
	for _, c := range []struct {
		path, value, want string
		kind              avow.ErrorKind
	}{
		{path: "contact.name", value: "Ann", want: "Ann"},
		{path: "contact.phone", value: "+44 20 7946 0018", want: "+442079460018"},
		{path: "contact.phone", value: "ask my sister", kind: avow.Invalid},
		{path: "contact.email", value: "ann@new.example", kind: avow.Refused},
		{path: "contact.secret", value: "abc", kind: avow.Refused},
		{path: "gone.field", value: "as it was declared before", want: "as it was declared before"},
	} {
		got, err := rights.Fits(p, c.path, c.value)
		if got != c.want || avow.KindOf(err) != c.kind || (err == nil) != (c.want != "") {
			t.Errorf("%s = %q: %q, %v", c.path, c.value, got, err)
		}
		if err != nil && strings.Contains(err.Error(), c.value) {
			t.Errorf("%s: the error repeats the value: %v", c.path, err)
		}
	}
}

func TestRuns(t *testing.T) {
	for cell, want := range map[string]bool{
		"": false, "Ann": false, "=1+1": true, "+442079460018": false, "+44 20 7946": true, "-1": false, "-1+cmd": true, "@SUM(A1)": true,
		"\t=1": true, " =1": true, "\r\n@x": true, "a=1": false, "-": true,
	} {
		if got := pack.Runs(cell); got != want {
			t.Errorf("%q: %v, want %v", cell, got, want)
		}
	}
}
