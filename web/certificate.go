package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights/cases"
)

// certificateView is what a request came to, in names and counts.
type certificateView struct {
	*cases.Certificate
	Key      string
	Words    rightWords
	Done     []doneRow
	Not      []string // what could not be done
	Looked   int      // kinds of readings again, where the last of each found nothing
	Text     string
	Days     int    // how long it can be fetched
	Waits    string // why there is none
	HasProof bool
}

type doneRow struct {
	Where, What, Why string
	Columns          []string
	Rows             int
}

var actionWords = map[string]string{"delete": "deleted", "clear": "emptied", "mask": "made unreadable", "keep": "kept", "untie": "no longer tied to you", "update": "changed", "read": "read"}

// certificate shows a certificate. It holds nobody's value, so that its address may be kept.
func (s *Server) certificate(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("k")
	o, err := s.Requests.Certified(r.Context(), key)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := certificateView{Key: key, Words: rightsInWords[o.Right], Days: int(s.Requests.Keep.Hours() / 24)}
	cert, err := s.Requests.Certificate(r.Context(), o.ID)
	switch {
	case avow.KindOf(err) == avow.NotFound && err != nil:
		v.Waits = "There is no certificate yet: it is made when the request has been answered."
	case err != nil:
		s.fail(w, r, err)
		return
	default:
		v.fill(cert)
	}
	if _, err := s.Requests.Proof(r.Context(), o.ID); err == nil {
		v.HasProof = true
	}
	s.show(w, r, http.StatusOK, "certificate", page{Title: "Certificate of request " + o.Number, Here: "/privacy", NoIndex: true, Is: v})
}

func (v *certificateView) fill(cert *cases.Certificate) {
	v.Certificate, v.Text = cert, cert.Text()
	for _, s := range cert.Systems {
		for _, t := range s.Tables {
			if t.Rows == 0 || t.Action == "read" {
				continue
			}
			v.add(doneRow{Where: s.System + ", " + t.Table, What: firstOf(actionWords[t.Action], t.Action), Columns: slices.Clone(t.Columns), Why: why(t), Rows: t.Rows})
		}
	}
	for _, t := range append(slices.Clone(cert.Tasks), cert.Recipients...) {
		if t.State == "refused" {
			v.Not = append(v.Not, joined(t.What, t.Why))
		}
	}
	last := map[string]int{}
	for _, l := range cert.Checked {
		last[l.Kind] = l.Left
	}
	for _, left := range last {
		if left == 0 {
			v.Looked++
		}
	}
	if last["check"] > 0 { // the last time something was still there
		v.Looked = 0
	}
	for _, l := range cert.Checked {
		for _, g := range l.Not {
			where := g.System
			if g.Table != "" {
				where += ", " + g.Table
			}
			v.Not = append(v.Not, joined("No program could search the texts of "+where, g.Why))
		}
	}
}

// joined is a sentence with its reason, where there is one.
func joined(what, why string) string {
	if why == "" {
		return what
	}
	return strings.TrimSuffix(what, ".") + ": " + why
}

// add puts what was done the same way in one table on one line.
func (v *certificateView) add(row doneRow) {
	for i := range v.Done {
		if d := &v.Done[i]; d.Where == row.Where && d.What == row.What && d.Why == row.Why {
			for _, c := range row.Columns {
				if !slices.Contains(d.Columns, c) {
					d.Columns = append(d.Columns, c)
				}
			}
			d.Rows = max(d.Rows, row.Rows)
			return
		}
	}
	v.Done = append(v.Done, row)
}

// why is the reason of what is kept, and of what a system would not do.
func why(t cases.Touched) string {
	text := ""
	if t.Action == "keep" {
		text = t.Because
	}
	if t.Until != "" {
		text += " Until " + t.Until + "."
	}
	if t.Refused != "" {
		text += fmt.Sprintf(" The system refused it (%s); instead: %s.", t.Refused, t.Instead)
	}
	return text
}

// certificateFile hands over the certificate as it was hashed, or its receipt.
func (s *Server) certificateFile(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	o, err := s.Requests.Certified(r.Context(), r.PostForm.Get("k"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, b := "certificate", []byte(nil)
	if r.PostForm.Get("what") == "receipt" {
		name = "receipt"
		receipt, wrong := s.Requests.Proof(r.Context(), o.ID)
		if err = wrong; err == nil {
			b, err = json.MarshalIndent(receipt, "", "  ")
		}
	} else {
		var text string
		text, err = s.Requests.Raw(r.Context(), o.ID)
		if b = []byte(text); err == nil && text == "" {
			err = avow.Errorf(avow.NotFound, "There is no certificate yet.")
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.json"`, name, o.Number))
	h.Set("Cache-Control", "no-store")
	w.Write(b)
}
