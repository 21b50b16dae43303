package saas

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/saas/saastest"
)

// records is a service of its own for the conformance suite: it keeps tables with typed
// fields, finds rows by the SOQL of the other tests or gives all of them, in pages, and
// changes them in batches.
type records struct {
	mu     sync.Mutex
	tables map[string]*recordTable
	asked  int64
}

type recordTable struct {
	types map[string]string
	key   []string
	rows  map[string]map[string]any // by key
	order []string
}

const recordPage = 500

func (rs *records) serve(w http.ResponseWriter, r *http.Request) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.asked++
	if r.Header.Get("X-Api-Key") != "k3y" {
		saastest.Answer(w, 401, map[string]any{"code": "NO_KEY"})
		return
	}
	var in struct {
		Q    string
		Page int
		Rows []struct{ Key, Set map[string]any }
	}
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if r.Method == "POST" && d.Decode(&in) != nil {
		saastest.Answer(w, 400, map[string]any{"code": "NO_JSON"})
		return
	}
	at := strings.Split(r.URL.Path, "/")
	t := rs.tables[at[2]]
	switch {
	case t == nil:
		saastest.Answer(w, 404, map[string]any{"code": "NO_TABLE"})
	case r.Method == "GET":
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		t.give(w, func(map[string]any) bool { return true }, from)
	case at[3] == "query":
		q, err := saastest.ReadSOQL(in.Q, func(string) map[string]string { return t.types })
		if err != nil {
			saastest.Answer(w, 400, map[string]any{"code": err.Code})
			return
		}
		t.give(w, q.Where, in.Page)
	default:
		var results []any
		for _, row := range in.Rows {
			results = append(results, t.change(at[3], row.Key, row.Set))
		}
		saastest.Answer(w, 200, map[string]any{"results": results})
	}
}

func (t *recordTable) give(w http.ResponseWriter, where func(map[string]any) bool, from int) {
	found, i := []any{}, from
	for ; i < len(t.order) && len(found) < recordPage; i++ {
		if row := t.rows[t.order[i]]; row != nil && where(row) {
			found = append(found, row)
		}
	}
	out := map[string]any{"rows": found}
	if i < len(t.order) {
		out["next"] = i
	}
	saastest.Answer(w, 200, out)
}

func (t *recordTable) change(what string, key, set map[string]any) map[string]any {
	name := t.keyText(key)
	row := t.rows[name]
	if row == nil {
		return map[string]any{"ok": false, "code": "GONE"}
	}
	if what == "delete" {
		delete(t.rows, name)
	}
	for k, v := range set {
		row[k] = v
	}
	return map[string]any{"ok": true}
}

func (t *recordTable) keyText(row map[string]any) string {
	parts := make([]string, len(t.key))
	for i, k := range t.key {
		parts[i] = plain(row[k])
	}
	return joined(parts)
}

// soqlTypes are the types of fields as SOQL has them.
var soqlTypes = map[connect.Kind]string{connect.Integer: "int", connect.DecimalKind: "double", connect.Boolean: "boolean", connect.DateKind: "date", connect.TimeKind: "datetime"}

// descriptionOf describes the service with some tables. Without find it has no request
// that finds rows, and all are looked through.
func descriptionOf(find bool, tables []connecttest.Table) string {
	var out strings.Builder
	out.WriteString("service: records\naddress: http://records.invalid\nauth: {header: {name: X-Api-Key, from: key}}\nlimits: {budget: 100000, together: 8}\nerrors: {code: code}\ntables:\n")
	for _, t := range tables {
		fmt.Fprintf(&out, "  %s:\n    key: [%s]\n    columns:\n", t.Name, strings.Join(t.Key, ", "))
		for _, c := range t.Columns {
			fmt.Fprintf(&out, "      %s: {type: %s, length: %d}\n", c.Name, c.Kind, max(c.Length, 1))
		}
		if find {
			out.WriteString("    find: [{by: any, compares: exact, post: '/t/{table}/query', body: {q: 'SELECT {columns} FROM {table} WHERE {match|soql}'}, batch: 5000, rows: rows, page: {cursor: next, into: body.page}}]\n")
		}
		out.WriteString("    list: {get: '/t/{table}', query: {columns: '{columns}'}, rows: rows, page: {cursor: next, into: query.from}, scan: true}\n")
		var key []string
		for _, k := range t.Key {
			key = append(key, k+": '{key."+k+"}'")
		}
		item := "{$each: rows, $item: {key: {" + strings.Join(key, ", ") + "}"
		out.WriteString("    update: {post: '/t/{table}/update', batch: 2000, body: {rows: " + item + ", set: '{changes}'}}}, results: {each: results, ok: ok, code: code, done: GONE}}\n")
		out.WriteString("    delete: {post: '/t/{table}/delete', batch: 2000, body: {rows: " + item + "}}}, results: {each: results, ok: ok, code: code, done: GONE}}\n")
	}
	return out.String()
}

func makeRecords(find bool) func(testing.TB, ...connecttest.Table) connect.Source {
	return func(tb testing.TB, tables ...connecttest.Table) connect.Source {
		rs := &records{tables: map[string]*recordTable{}}
		for _, t := range tables {
			rs.tables[t.Name] = fill(tb, t)
		}
		server := httptest.NewServer(http.HandlerFunc(rs.serve))
		tb.Cleanup(server.Close)
		s, err := open(connect.Config{System: "records", Kind: "http", At: "systems/records.yaml", Region: "GB", Allow: []string{"127.0.0.0/8"},
			Secret: fmt.Sprintf(`{"address": %q, "key": "k3y"}`, server.URL), Files: fstest.MapFS{"systems/records.yaml": {Data: []byte(descriptionOf(find, tables))}}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Close() })
		return s
	}
}

func fill(tb testing.TB, t connecttest.Table) *recordTable {
	out := &recordTable{types: map[string]string{}, key: t.Key, rows: map[string]map[string]any{}}
	for _, c := range t.Columns {
		out.types[c.Name] = soqlTypes[c.Kind]
		if out.types[c.Name] == "" {
			out.types[c.Name] = "string"
		}
	}
	for _, values := range t.Rows {
		row := map[string]any{}
		for i, c := range t.Columns {
			v, err := toJSON(&column{kind: c.Kind}, values[i], nil)
			if err != nil {
				tb.Fatal(err)
			}
			if n, ok := v.(int64); ok {
				v = json.Number(strconv.FormatInt(n, 10))
			}
			row[c.Name] = v
		}
		key := out.keyText(row)
		out.rows[key], out.order = row, append(out.order, key)
	}
	if slices.Contains(out.order, "") {
		tb.Fatal("a row without a key")
	}
	return out
}

func TestConformance(t *testing.T) {
	connecttest.Run(t,
		connecttest.System{Name: "found by queries", Make: makeRecords(true), NoNames: true},
		connecttest.System{Name: "looked through", Make: makeRecords(false), NoNames: true})
}
