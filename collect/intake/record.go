package intake

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// record is the row of an import.
type record struct {
	Report
	id      avow.ID
	hash    []byte
	options string
	line    int
	seen    int64
	ended   time.Time
}

const recordColumns = `id, hash, file, policy, version, source, options, by_whom, state, line, lines, accepted, people, errors, notices, allowed, codes, seen,
	begun, flipped, ended`

func scanRecord(r *store.Rows) (x record, err error) {
	var codes string
	err = r.Scan(store.IntoID(&x.id), &x.hash, &x.File, &x.Policy, &x.Version, &x.Source, &x.options, &x.By, &x.State, &x.line, &x.Lines, &x.Accepted,
		&x.People, &x.Errors, &x.Notices, &x.Allowed, &codes, &x.seen, store.IntoTime(&x.Started), store.IntoTime(&x.Flipped), store.IntoTime(&x.ended))
	if err == nil {
		err = json.Unmarshal([]byte(codes), &x.Codes)
	}
	return x, err
}

func (x *record) insert(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO intake_imports (`+recordColumns+`) VALUES (`+store.Marks(21)+`)`,
		x.id, x.hash, x.File, x.Policy, x.Version, x.Source, x.options, x.By, string(x.State), x.line, x.Lines, x.Accepted,
		x.People, x.Errors, x.Notices, x.Allowed, "{}", x.seen, x.Started, x.Flipped, x.ended)
	return err
}

// advance counts a chunk in.
func (x *record) advance(c *chunk, k *keeper, then State) {
	x.State = then
	x.line = max(x.line, c.last)
	x.Lines += c.lines.Lines
	x.Accepted += c.lines.Accepted - k.refused
	x.Errors += c.lines.Errors + k.refused
	x.People += k.made
	x.Codes = maps.Clone(x.Codes)
	for _, list := range [][]Finding{c.findings, k.findings} {
		for _, f := range list {
			x.Codes[f.Code]++
			if f.Level == Notice {
				x.Notices++
			}
		}
	}
}

// save writes how far an import is. It was at a line before, or somebody else works on it.
func (x *record) save(tx *store.Tx, before int) error {
	codes, err := json.Marshal(x.Codes)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE intake_imports SET state = ?, line = ?, lines = ?, accepted = ?, people = ?, errors = ?, notices = ?, codes = ?
		WHERE id = ? AND line = ? AND state = ?`,
		string(x.State), x.line, x.Lines, x.Accepted, x.People, x.Errors, x.Notices, string(codes), x.id, before, string(Staging))
	if err == nil && n == 0 {
		err = avow.Errorf(avow.Conflict, "somebody else is staging or discarding this import; look how far it is")
	}
	return err
}

func (x *record) report() *Report {
	r := x.Report
	r.ID, r.Hash = x.id, hexOf(x.hash)
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	return &r
}

// find reads an import; NotFound when there is none.
func find(tx *store.Tx, id avow.ID) (record, error) {
	list, err := store.Collect(tx, scanRecord, `SELECT `+recordColumns+` FROM intake_imports WHERE id = ?`, id)
	if err == nil && len(list) == 0 {
		err = avow.Errorf(avow.NotFound, "there is no such import")
	}
	if err != nil {
		return record{}, err
	}
	return list[0], nil
}

// Report tells how an import stands, with its first findings.
func (d *Desk) Report(ctx context.Context, id avow.ID) (*Report, error) {
	var r *Report
	err := d.db.Read(ctx, func(tx *store.Tx) error {
		x, err := find(tx, id)
		if err != nil {
			return err
		}
		r = x.report()
		r.Findings, err = store.Collect(tx, scanFinding, `SELECT `+findingColumns+` FROM intake_findings WHERE import = ? ORDER BY line, nr LIMIT ?`, id, shownFindings)
		return err
	})
	return r, err
}

// List gives the imports there were, the newest first, without their findings.
func (d *Desk) List(ctx context.Context) (list []*Report, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		list = []*Report{}
		return store.Each(tx, func(r *store.Rows) error {
			x, err := scanRecord(r)
			list = append(list, x.report())
			return err
		}, `SELECT `+recordColumns+` FROM intake_imports ORDER BY begun DESC, id DESC LIMIT 1000`)
	})
	return list, err
}

const findingColumns = `line, col, level, code, what, advice`

func scanFinding(r *store.Rows) (f Finding, err error) {
	return f, r.Scan(&f.Line, &f.Column, &f.Level, &f.Code, &f.What, &f.Do)
}

// Findings gives all that is kept of what was found in a staged file, line by line: up to 100,000 findings.
func (d *Desk) Findings(ctx context.Context, id avow.ID, yield func(Finding) error) error {
	return d.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := find(tx, id); err != nil {
			return err
		}
		return store.Each(tx, func(r *store.Rows) error {
			f, err := scanFinding(r)
			if err != nil {
				return err
			}
			return yield(f)
		}, `SELECT `+findingColumns+` FROM intake_findings WHERE import = ? ORDER BY line, nr`, id)
	})
}

// writeFindings keeps a chunk's findings while there is room.
func writeFindings(tx *store.Tx, imp record, list []Finding) error {
	had := 0
	for _, n := range imp.Codes {
		had += n
	}
	nr := map[int]int{}
	in := rows{into: `intake_findings (import, line, nr, col, level, code, what, advice)`, columns: 8}
	for _, f := range list[:max(0, min(len(list), keptFindings-had))] {
		nr[f.Line]++
		in.add(imp.id, f.Line, nr[f.Line], f.Column, string(f.Level), string(f.Code), f.What, f.Do)
	}
	return in.write(tx)
}

// rows gathers rows of a table, for statements of some hundred each.
type rows struct {
	into    string
	columns int
	args    []any
}

func (r *rows) add(args ...any) { r.args = append(r.args, args...) }

// perStatement keeps a statement under the placeholders both databases take.
const perStatement = 4000

func (r *rows) write(tx *store.Tx) error {
	step := perStatement / r.columns * r.columns
	for from := 0; from < len(r.args); from += step {
		args := r.args[from:min(from+step, len(r.args))]
		if _, err := tx.Exec(`INSERT INTO `+r.into+` VALUES `+valuesOf(len(args)/r.columns, r.columns)+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	return nil
}

func scanID(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }
