package sqldb

import (
	"slices"
	"testing"
)

// What a text says plainly is read, and nothing else is taken for it.
func TestWritesOfATrigger(t *testing.T) {
	for text, want := range map[string][]string{
		`BEGIN INSERT INTO archive VALUES (OLD.*); RETURN OLD; END`:                                {"archive"},
		`insert or replace into "Old People" (id) select 1`:                                        {"Old People"},
		`INSERT INTO "a.b" VALUES (1); INSERT INTO a.b VALUES (1); INSERT INTO a.b DEFAULT VALUES`: {`"a.b"`, "a.b"},
		`UPDATE ONLY stats AS s SET n = n + 1; UPDATE "x"."y" SET a = 1`:                           {"stats", "x.y"},
		`INSERT /* into nowhere */ INTO -- here
		  kept VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 2`: {"kept"},
		`MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)`: {"t"},
		`CREATE RULE r AS ON UPDATE TO people DO ALSO INSERT INTO log VALUES (1)`:                                        {"log"},
		`SELECT 1 INTO x FROM people FOR UPDATE; PERFORM f() FROM q FOR UPDATE OF q; RAISE EXCEPTION 'INSERT INTO lie'`:  nil,
		`EXECUTE 'INSERT INTO ' || quote_ident(TG_ARGV[0]); IF TG_OP = 'UPDATE' THEN NEW.at = now(); END IF`:             nil,
		`INSERT INTO`: nil, `UPDATE`: nil, `UPDATE x`: nil, `INSERT INTO 'x`: nil,
	} {
		if got := (lexer{text: text}).writes(); !slices.Equal(got, want) {
			t.Errorf("%s writes to %q, not %q", text, got, want)
		}
	}
	if got := (lexer{text: "BEGIN UPDATE LOW_PRIORITY `b``a` SET n = \"UPDATE y SET\"; REPLACE INTO c VALUES (1); END", mysql: true}).writes(); !slices.Equal(got, []string{"b`a", "c"}) {
		t.Errorf("MySQL's writes to %q", got)
	}
}
