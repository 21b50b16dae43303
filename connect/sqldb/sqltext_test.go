package sqldb

import (
	"slices"
	"strings"
	"testing"
)

func TestChecksAreCut(t *testing.T) {
	for _, c := range []struct {
		mysql bool
		text  string
		want  []string
	}{
		{false, `CREATE TABLE t (a INT CHECK (a > 0), b TEXT)`, []string{"|a > 0"}},
		{false, `CREATE TABLE t (a INT, CONSTRAINT pos CHECK(a>0), CONSTRAINT "of ""b""" CHECK ( b <> ')' ))`, []string{"pos|a>0", `of "b"|b <> ')'`}},
		{false, "CREATE TABLE [check] ([a)] INT /* CHECK (no) */ CHECK -- not ) this\n ([a)] > 0 /* ) */), `b` DEFAULT ('CHECK (x)'))", []string{"|[a)] > 0 /* ) */"}},
		{false, `create table t (a check ((a) in (1, 2)) not null check (a in (select 1)), check (1) )`, []string{"|(a) in (1, 2)", "|a in (select 1)", "|1"}},
		{false, `CREATE TABLE "check (" (a DEFAULT (CASE WHEN 1 THEN 'check' END), b AS (a || 'x') CHECK (b IS NOT NULL)) STRICT`, []string{"|b IS NOT NULL"}},
		{false, `CREATE TABLE t (a INT)`, nil},
		{false, `CREATE TABLE t (a TEXT CHECK (a = 'it''s \'))`, []string{`|a = 'it''s \'`}},
		{true, "CREATE TABLE `t` (\n  `a` int CHECK (`a` > 0),\n  `b` varchar(9) DEFAULT 'CHECK (' COMMENT 'CHECK (`a`)',\n  CONSTRAINT `c``d` CHECK ((`b` <> 'it\\'s )')),\n  CONSTRAINT `off` CHECK ((`a` > 1)) /*!80016 NOT ENFORCED */\n) ENGINE=InnoDB",
			[]string{"|`a` > 0", "c`d|(`b` <> 'it\\'s )')"}},
		{true, "CREATE TABLE `t` (`a` varchar(9) CHECK (`a` like _utf8mb4'%@%' and `a` <> \"x)\"))", []string{"|`a` like _utf8mb4'%@%' and `a` <> \"x)\""}},
	} {
		cuts, err := lexer{c.text, c.mysql}.checks()
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		var got []string
		for _, each := range cuts {
			got = append(got, each.name+"|"+each.expr)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s\ngives %q, want %q", c.text, got, c.want)
		}
	}
	for _, text := range []string{"CREATE TABLE t (a CHECK (a", "CREATE TABLE t (a CHECK)", "CREATE TABLE t (a TEXT DEFAULT 'x, CHECK (a))", "CREATE TABLE t ([a CHECK (a))"} {
		if cuts, err := (lexer{text: text}).checks(); err == nil {
			t.Errorf("%s gives %v, and no error", text, cuts)
		}
	}
}

func TestWhatRulesSpeakOf(t *testing.T) {
	columns := []*column{{}, {}, {}}
	for i, name := range []string{"Email", "length", "age of"} {
		columns[i].Name = name
	}
	names, words := lexer{text: `length(EMAIL) > 3 AND "age of" >= 18.5 AND t.email IN ('a', 'it''s') OR "text" = "length"`}.speaksOf(columns)
	if strings.Join(names, ",") != "Email,length,age of" || strings.Join(words, ",") != "3,18.5,a,it's" {
		t.Errorf("%q %q", names, words)
	}
	if _, words := (lexer{text: `a in ('x\'y')`, mysql: true}).speaksOf(nil); !slices.Equal(words, []string{"x'y"}) {
		t.Errorf("%q", words)
	}
}

// FuzzChecks: whatever stands in a catalog, what is cut out of it is closed in itself.
func FuzzChecks(f *testing.F) {
	f.Add("CREATE TABLE t (a INT CHECK (a > (0)), CONSTRAINT b CHECK ('it''s )' <> \"x\"))", false)
	f.Add("CREATE TABLE `t` (`a` int CHECK (`a` <> 'it\\'s') /*!80016 NOT ENFORCED */, [x] -- y\n)", true)
	f.Fuzz(func(t *testing.T, text string, mysql bool) {
		l := lexer{text, mysql}
		tokens, err := l.tokens()
		at := 0
		for _, x := range tokens {
			if x.start < at || x.end <= x.start || x.end > len(text) {
				t.Fatalf("%q: a token from %d to %d", text, x.start, x.end)
			}
			at = x.end
			l.plain(x)
		}
		cuts, err2 := l.checks()
		if err != nil && err2 == nil {
			t.Errorf("%q has no tokens, and rules", text)
		}
		for _, c := range cuts {
			inner := lexer{"(" + c.expr + "\n)", mysql}
			tokens, err := inner.tokens()
			if err != nil || inner.closing(tokens, 0) != len(tokens)-1 {
				t.Errorf("%q: %q is not closed", text, c.expr)
			}
			inner.speaksOf(nil)
		}
	})
}
