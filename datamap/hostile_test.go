package datamap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/policy"
)

// Files that are as large as they may be, of what takes longest to judge. They
// come back; what would take for ever is stopped by the test's own limit.
func TestLargeMapsComeBack(t *testing.T) {
	repeat := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i+1)
		}
		return b.String()
	}
	head := "system: a\nkind: sqlite\ncredentials: env:A\n"
	for name, file := range map[string]string{
		"unknown references": head + "tables:\n  t:\n    key: id\n    references:\n" + repeat(20_000, "      r%d: x%d.id\n"),
		"many tables":        head + "tables:\n" + repeat(6_000, "  t%d: {key: k%d}\n"),
		"unknown links":      head + "tables:\n  t:\n    relation:\n" + repeat(20_000, "      r%d.x%d: owns\n"),
		"a long chain": head + "tables:\n  t0: {key: id, identities: {n: number}, relation: owns, erase: delete}\n" +
			repeat(4_000, "  t%[2]d: {key: id, references: {up: t%[1]d.id}, relation: owns, erase: delete}\n"),
		"a long circle": head + "tables:\n" + repeat(1_500, "  t%[1]d: {references: {up: {to: t%[2]d.id, optional: yes}}}\n") + "  t1500: {references: {up: {to: t0.id, optional: yes}}}\n",
		"not personal":  head + "tables:\n" + repeat(2_000, "  t%d: {key: k%d}\n") + "not-personal:\n" + repeat(20_000, "- x%d-%d\n"),
		"dots":          head + "tables:\n  a: {references: {r: " + strings.Repeat("a.", 100) + "}}\n",
	} {
		m, err := Load(systems(map[string]string{"a.yaml": file}), testPolicy(t))
		if err != nil {
			if problems := err.(policy.Problems); len(problems) > maxProblems+1 {
				t.Errorf("%s: %d problems", name, len(problems))
			}
			continue
		}
		if o := m.Graph().Order(m.Systems[0]); len(o.Tables) != len(m.Tables()) {
			t.Errorf("%s: %d of %d tables are in the order", name, len(o.Tables), len(m.Tables()))
		}
	}
}

func TestTooManyAndTooLarge(t *testing.T) {
	many := map[string]string{}
	for i := range maxSystems + 1 {
		many[fmt.Sprintf("s%d.yaml", i)] = "system: a"
	}
	for want, files := range map[string]map[string]string{
		"more than 200 systems": many,
		"too large":             {"a.yaml": strings.Repeat("#", maxFile+1)},
		"the file is empty":     {"a.yaml": ""},
	} {
		_, err := Load(systems(files), testPolicy(t))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// However many warnings there are, a map without errors is read, and no error is hidden by them.
func TestManyWarnings(t *testing.T) {
	var b strings.Builder
	b.WriteString("system: shop\nkind: sqlite\ncredentials: env:A\ntables:\n")
	for i := range maxProblems + 10 {
		fmt.Fprintf(&b, "  t%d: {key: id, identities: {who: email}, relation: owns, erase: delete, columns: {who: contact.name}}\n", i)
	}
	m, err := LoadText("systems/shop.yaml", []byte(b.String()), testPolicy(t))
	if err != nil {
		t.Fatalf("a map without errors is not read: %v", err)
	}
	if last := m.Warnings[len(m.Warnings)-1]; len(m.Warnings) != maxProblems+1 || last.Code != "more-problems" || !strings.HasPrefix(last.Message, "10 more") {
		t.Errorf("%d warnings, the last of them %v", len(m.Warnings), last)
	}
	b.WriteString("  last: {key: id, identities: {who: email}, relation: owns, erase: delete, columns: {who: contact.nix}}\n")
	_, err = LoadText("systems/shop.yaml", []byte(b.String()), testPolicy(t))
	if p, ok := err.(policy.Problems); !ok || !strings.Contains(p.Error(), "`contact.nix`") || len(p) != maxProblems+1 {
		t.Errorf("the error behind the warnings is not said: %d problems", len(p))
	}
}
