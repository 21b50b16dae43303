package notice

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/policy"
)

// written is the notice of a policy with these lines added, as Markdown.
func written(t *testing.T, lines string) string {
	t.Helper()
	src := `avow: v1
policy: small
title: A small policy
updated: 2026-03-01
organisation: {name: Somebody, contact: {email: info@somebody.example}}
data: {contact: {title: Contact, fields: [email], identifies: email}}
` + lines
	p, ps := policy.Load("small.yaml", []byte(src), nil)
	if p == nil {
		t.Fatal(ps)
	}
	return rendered(t, Markdown, p, Options{})
}

// A purpose that is printed in a second group stands where its author puts it.
func TestSecondListingsArePlaced(t *testing.T) {
	const groups = `purpose-groups:
  one:
    title: First
    purposes:
      a: {title: Aaa, basis: contract, uses: contact, also-listed-in: %s}
      b: {title: Bbb, basis: contract, uses: contact, also-listed-in: %s}
  two:
    title: Second
    purposes:
      c: {title: Ccc, basis: contract, uses: contact}
      d: {title: Ddd, basis: contract, uses: contact}
`
	for _, c := range []struct{ a, b, want string }{
		{"two", "[two]", "Ccc Ddd Aaa Bbb"},
		{"{two: {after: c}}", "two", "Ccc Aaa Ddd Bbb"},
		{"{two: {after: b}}", "{two: {after: c}}", "Ccc Bbb Aaa Ddd"},
		{"{two: {after: b}}", "{two: {after: a}}", "Ccc Ddd Aaa Bbb"},
	} {
		_, second, _ := strings.Cut(written(t, fmt.Sprintf(groups, c.a, c.b)), "# Second")
		at := map[int]string{}
		order := ""
		for _, title := range []string{"Aaa", "Bbb", "Ccc", "Ddd"} {
			at[strings.Index(second, title)] = title
		}
		for i := range second {
			if title, ok := at[i]; ok {
				order += " " + title
			}
		}
		if strings.TrimSpace(order) != c.want {
			t.Errorf("a in %s, b in %s: %s, want %s", c.a, c.b, order, c.want)
		}
	}
	if _, ps := policy.Load("f", []byte("avow: v1\npolicy: p\ntitle: P\neffective: 2026-01-01\norganisation: {name: S}\ndata: {contact: {title: C, fields: [email]}}\n"+fmt.Sprintf(groups, "{two: {after: x}}", "two")), nil); !strings.Contains(ps.Error(), "unknown purpose of the group `two` `x`") {
		t.Errorf("a place behind nothing: %v", ps)
	}
}

func TestWordsOfTheNotice(t *testing.T) {
	text := written(t, `stop: [e-mail]
purpose-groups:
  one:
    title: First
    purposes:
      a:
        title: Aaa
        basis: consent
        uses: contact
        to-send: {basis: consent, by: [e-mail], because: Only who asked gets mail.}
        opt-out: {Trade page: {url: "https://trade.example/no", serves: [US, CA]}}
recipients:
  papers: {name: Papers, role: controller, own-policy: yes, policy: "https://papers.example/privacy", receives: contact, for: a, in: NL}
schemes: {frame: {name: Frame, to: anywhere, safeguard: no, url: "https://frame.example"}}
security: {says: We keep it as our own.}
cookies: {seen: {by: us, necessary: yes, kind: embedded-link}}
`)
	for _, want := range []string{"e-mail", "Only who asked gets mail.", "(for people in the United States and Canada)", "https://trade.example/no",
		"https://papers.example/privacy", "It is about data sent anywhere in the world.", "https://frame.example", "We keep it as our own.", "Embedded link", "Last changed"} {
		if !strings.Contains(strings.ReplaceAll(text, `\`, ""), want) && !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			t.Errorf("the notice does not say %q", want)
		}
	}
	for _, not := range []string{"e mail", "sent to anywhere", "In force since"} {
		if strings.Contains(text, not) {
			t.Errorf("the notice says %q", not)
		}
	}
}
