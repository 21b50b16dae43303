package consent

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
)

var day = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

func versions(t *testing.T) []*policy.Policy {
	t.Helper()
	var list []*policy.Policy
	var before *policy.Policy
	for _, name := range []string{"v1.yaml", "v2.yaml"} {
		src, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		p, problems := policy.Load(name, src, before)
		if p == nil {
			t.Fatal(problems)
		}
		list, before = append(list, p), p
	}
	return list
}

// lanes names what is set: `newsletter/2` is a consent lane with its generation,
// `-offers` an objection lane to marketing, `~debts` one to the rest, `!refer` one to once.
func lanes(p *policy.Policy, st gate.State) map[string]bool {
	out := map[string]bool{}
	for i, l := range p.Consents {
		if st.Consented(i) {
			out[p.Purposes[l.Purpose].Name+"/"+string(rune('0'+l.Generation))] = true
		}
	}
	for i, l := range p.Objections {
		mark := "~"
		if l.Topic != "" {
			mark = "-"
		}
		if l.Once {
			mark = "!"
		}
		if st.Objected(i) {
			out[mark+p.Purposes[l.Purpose].Name] = true
		}
	}
	return out
}

func row(kind, name, state string, seq int64) choice {
	return choice{policy: "site", kind: kind, name: name, state: state, seq: seq}
}

func consentRow(name, state string, generation int, seq int64) choice {
	c := row(kindConsent, name, state, seq)
	c.generation = generation
	return c
}

func ending(c choice, at time.Time) choice { c.ends = at; return c }

func TestFold(t *testing.T) {
	series := versions(t)
	last := series[len(series)-1]
	for name, c := range map[string]struct {
		said []choice
		want []string
	}{
		"nothing said":                       {nil, nil},
		"a consent":                          {[]choice{consentRow("newsletter", given, 2, 1)}, []string{"newsletter/2"}},
		"a consent to the narrower form":     {[]choice{consentRow("newsletter", given, 1, 1)}, []string{"newsletter/1"}},
		"a generation nobody opened":         {[]choice{consentRow("newsletter", given, 7, 1)}, nil},
		"one that waits":                     {[]choice{consentRow("newsletter", unconfirmed, 2, 1)}, nil},
		"one taken back":                     {[]choice{consentRow("newsletter", withdrawn, 2, 1)}, nil},
		"one that ran out":                   {[]choice{ending(consentRow("newsletter", given, 2, 1), day)}, nil},
		"one that runs out later":            {[]choice{ending(consentRow("newsletter", given, 2, 1), day.Add(1))}, []string{"newsletter/2"}},
		"a purpose of another policy":        {[]choice{{policy: "other", kind: kindConsent, name: "newsletter", generation: 2, state: given, seq: 1}}, nil},
		"a purpose that never was":           {[]choice{consentRow("shoes", given, 1, 1)}, nil},
		"an objection to a purpose":          {[]choice{row(kindPurpose, "debts", set, 1)}, []string{"~debts"}},
		"an objection that was weighed":      {[]choice{row(kindPurpose, "debts", overridden, 1)}, nil},
		"marketing is not weighed":           {[]choice{row(kindPurpose, "offers", overridden, 1)}, []string{"-offers"}},
		"what stops is not weighed":          {[]choice{row(kindPurpose, "answer", overridden, 1)}, []string{"~answer"}},
		"an objection that ended":            {[]choice{row(kindPurpose, "debts", ended, 1)}, nil},
		"an objection remembered":            {[]choice{row(kindPurpose, "debts", recalled, 1)}, []string{"~debts"}},
		"a topic":                            {[]choice{row(kindTopic, "products", set, 1)}, []string{"-offers"}},
		"a topic that never was":             {[]choice{row(kindTopic, "shoes", set, 1)}, nil},
		"a withdrawal stops marketing":       {[]choice{consentRow("offers", withdrawn, 1, 1), row(kindMarketing, "offers", set, 2)}, []string{"-offers"}},
		"and nothing else of it":             {[]choice{row(kindMarketing, "debts", set, 1)}, nil},
		"consent after an objection":         {[]choice{row(kindTopic, "products", set, 1), consentRow("offers", given, 1, 2)}, []string{"offers/1"}},
		"consent before an objection":        {[]choice{consentRow("offers", given, 1, 1), row(kindTopic, "products", set, 2)}, []string{"offers/1", "-offers"}},
		"consent that waits lifts nothing":   {[]choice{row(kindTopic, "products", set, 1), consentRow("offers", unconfirmed, 1, 2)}, []string{"-offers"}},
		"consent that ran out lifts nothing": {[]choice{row(kindTopic, "products", set, 1), ending(consentRow("offers", given, 1, 2), day)}, []string{"-offers"}},
		"consent lifts no other objection":   {[]choice{row(kindPurpose, "debts", set, 1), consentRow("offers", given, 1, 2)}, []string{"~debts", "offers/1"}},
		"done once":                          {[]choice{row(kindOnce, "refer", set, 1)}, []string{"!refer"}},
		"an objection is not once":           {[]choice{row(kindPurpose, "refer", set, 1)}, []string{"~refer"}},
	} {
		st := fold(series, vault.Subject{}, nil, c.said, day, 0)
		got := lanes(last, st)
		for _, lane := range c.want {
			if !got[lane] {
				t.Errorf("%s: %s is not set", name, lane)
			}
			delete(got, lane)
		}
		for lane := range got {
			t.Errorf("%s: %s is set", name, lane)
		}
	}
}

func TestFoldThePerson(t *testing.T) {
	series := versions(t)
	who := vault.Subject{ID: avow.NewID(day), Kind: avow.Business}
	said := []choice{
		{kind: kindRegion, name: "NL", state: set}, {kind: kindRestriction, state: set},
		row(kindFact, "customer", set, 1), row(kindFact, "shoe-wearer", set, 2),
		ending(consentRow("newsletter", given, 2, 3), day.AddDate(0, 2, 0)), ending(consentRow("offers", given, 1, 4), day.AddDate(0, 1, 0)),
	}
	st := fold(series, who, nil, said, day, 42)
	if st.Subject != who.ID || st.Kind != avow.Business || st.Region != "NL" || !st.Restricted || st.Facts != 1 || st.Seen != 42 {
		t.Errorf("folded to %+v", st)
	}
	if !st.Until.Equal(day.AddDate(0, 1, 0)) {
		t.Errorf("time changes this at %v", st.Until)
	}
}

func TestHoldings(t *testing.T) {
	series := versions(t)
	value := func(path string, version int, source string, purposes ...string) vault.Value {
		return vault.Value{Category: "contact", Field: path, Policy: "site", Version: version, Source: source, Purposes: purposes}
	}
	values := []vault.Value{
		value("email", 1, "you", "newsletter"), value("name", 1, "you", "newsletter"),
		value("name", 1, "you", "accounts"), value("address", 1, "you", "accounts"), value("address", 1, "you", "payments", "accounts"),
		value("email", 2, "you"), value("email", 2, "nowhere"), value("shoe", 2, "you"),
		{Category: "contact", Field: "email", Policy: "other", Version: 1, Source: "you"},
	}
	list := holdings(series, values)
	type short struct {
		version, source, fields int
		only                    bool
	}
	var got []short
	for _, h := range list {
		got = append(got, short{h.Version, h.Source, h.Fields.Len(), !h.OnlyFor.Empty()})
		if h.Agreement != -1 {
			t.Error("nothing is held under an agreement")
		}
	}
	// Of version 1 what is for all (email, name, address) and what is for the accounts (name,
	// address); of version 2 what came from nowhere known, and what came from the person.
	want := []short{{1, 0, 3, false}, {1, 0, 2, true}, {2, -1, 1, false}, {2, 0, 1, false}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("holdings %+v, want %+v", got, want)
	}
	for range 20 { // in any order the same: states alike share a profile
		rand.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		if again := holdings(series, values); !reflect.DeepEqual(again, list) {
			t.Errorf("in another order: %+v", again)
		}
	}
}

func TestAfter(t *testing.T) {
	from := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		n    int
		unit policy.Unit
		want string
	}{
		{12, policy.Hours, "2026-02-01T00:00:00Z"}, {1, policy.Days, "2026-02-01T12:00:00Z"}, {2, policy.Weeks, "2026-02-14T12:00:00Z"},
		{1, policy.Months, "2026-02-28T12:00:00Z"}, {2, policy.Years, "2028-01-31T12:00:00Z"},
	} {
		if got := after(from, policy.Period{N: c.n, Unit: c.unit}).Format(time.RFC3339); got != c.want {
			t.Errorf("%d %s after: %s, want %s", c.n, c.unit, got, c.want)
		}
	}
}
