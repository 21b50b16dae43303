package draft

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

const drafts = 12

// The same rows are drafted into the same bytes and the same judgements, however a map
// is walked.
func TestSameDraft(t *testing.T) {
	for name, open := range map[string]func() connect.Source{
		"corpus": func() connect.Source {
			return openCorpus(t, "sqlite", readCorpus(t, corpusFiles(t, "tuned")[0]))
		},
		"ties": func() connect.Source { return scripted(t, tiedSchema) },
	} {
		t.Run(name, func(t *testing.T) { sameDraft(t, open()) })
	}
}

func sameDraft(t *testing.T, src connect.Source) {
	t.Helper()
	var file, findings []byte
	for i := range drafts {
		r := draftOf(t, src, datamap.SQLite)
		is, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			file, findings = r.File, is
			continue
		}
		if !bytes.Equal(r.File, file) {
			t.Fatalf("draft %d is another file:\n%s\n---\n%s", i+1, r.File, file)
		}
		if !bytes.Equal(is, findings) {
			t.Fatalf("draft %d judges otherwise:\n%s\n---\n%s", i+1, is, findings)
		}
	}
}

// tiedSchema is made of what can be judged either way: a number of which about three in
// ten are keys of people, more fields in a document than are kept, and rows of two kinds.
const tiedSchema = `CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, extra JSON);
	CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total INTEGER, note TEXT);
	CREATE TABLE notes (id INTEGER PRIMARY KEY, subject_type TEXT, subject_id INTEGER, body TEXT);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
		INSERT INTO customers SELECT i, 'c' || i || '@example.com', (WITH RECURSIVE f(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM f WHERE k < 150)
			SELECT json_group_object(CASE k % 50 WHEN 7 THEN 'email' WHEN 9 THEN 'diagnosis' WHEN 11 THEN 'salary' ELSE 'field' END || '_' || k, 'v' || k) FROM f) FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 190)
		INSERT INTO orders SELECT i, i, i * 3, 'left at the door ' || i FROM n;
	INSERT INTO notes VALUES (1, 'order', 1, 'called twice'), (2, 'customer', 2, 'moved away'), (3, 'order', 3, 'paid in cash')`
