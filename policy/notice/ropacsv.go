package notice

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow/policy"
)

// ROPACSV writes the record as a table: one line for each activity, cells with
// several entries separated by "; ". A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func ROPACSV(w io.Writer, p *policy.Policy, o Options) error {
	b := newBuilder(p, o)
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{{"record", "controller", "contact", "officer", "group", "purpose", "people", "data", "basis_individual", "basis_business",
		"recipients", "transfers", "time_limits", "security", "policy", "version", "effective"}}
	for _, a := range b.activities() {
		rows = append(rows, b.csvRow("controller", a))
	}
	for _, e := range b.d.Agreements {
		rows = append(rows, b.csvRow("processor", activity{group: b.say("ropa.processor").String(), purpose: b.text(e.Is.Covers),
			people: []Inline{b.say("ropa.on-behalf", b.text(e.Is.With))}, transfers: lines(b.transferRule())}))
	}
	for _, r := range rows {
		for i := range r {
			r[i] = csvSafe(r[i])
		}
		if err := out.Write(r); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (b *builder) csvRow(record string, a activity) []string {
	o := b.d.Organisation
	flat := func(list []Inline) string { return b.semicolons(list).String() }
	contact := b.semicolons(lines(plain(o.Contact.Email), plain(o.Contact.Phone), b.text(o.Contact.Post)))
	officer := b.semicolons(lines(plain(o.Officer.Name), plain(o.Officer.Email), plain(o.Officer.Phone)))
	sec := b.d.Security
	measures := slices.Concat(b.texts(sec.Administrative), b.texts(sec.Technical), b.texts(sec.Physical))
	return []string{record, b.text(o.Name).String(), contact.String(), officer.String(), a.group, a.purpose.String(), flat(a.people), flat(a.data),
		flat(a.individual), flat(a.business), flat(a.recipients), flat(a.transfers), flat(a.limits), flat(measures),
		b.p.Name, itoa(b.p.Number), b.p.Effective.Format(time.DateOnly)}
}

// csvSafe keeps spreadsheets from running a cell as a formula.
func csvSafe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
