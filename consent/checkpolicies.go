package consent

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// edition names a published version.
type edition struct {
	policy string
	number int
}

// publication is a row of policy_versions, or what its event says.
type publication struct {
	hash      []byte
	source    []byte // of a row
	effective time.Time
	published time.Time
	event     ledger.Entry
}

// CheckPublished compares the published texts with the events that published them:
// whoever changes a promise in the database changes what everybody is held to. Check does
// it too; alone it also works where Open could not read a text any more.
func (r *Register) CheckPublished(ctx context.Context) (findings []Finding, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		findings = nil
		rows, err := publishedRows(tx)
		if err != nil {
			return err
		}
		events, broken, err := r.publishedEvents(tx)
		if err != nil {
			return err
		}
		for _, x := range broken {
			delete(rows, edition{x.Policy, x.Version}) // what was published is not known any more
			findings = append(findings, changed(x))
		}
		findings = append(findings, comparePublished(rows, events)...)
		return nil
	})
	return findings, err
}

func publishedRows(tx *store.Tx) (map[edition]publication, error) {
	rows := map[edition]publication{}
	err := store.Each(tx, func(r *store.Rows) error {
		var e edition
		var p publication
		err := r.Scan(&e.policy, &e.number, &p.hash, &p.source, store.IntoTime(&p.effective), store.IntoTime(&p.published))
		rows[e] = p
		return err
	}, `SELECT name, number, hash, source, effective, published FROM policy_versions`)
	return rows, err
}

// publishedEvents reads the events of publications; broken are those that are not what was recorded.
func (r *Register) publishedEvents(tx *store.Tx) (events map[edition]publication, broken []ledger.Entry, err error) {
	events = map[edition]publication{}
	for from := int64(0); ; {
		entries, err := r.ledger.OfNobody(tx, from, page)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range entries {
			from = x.Index + 1
			if x.Type != ledger.NoticePublished || x.Sealed == nil {
				continue
			}
			p, err := r.publishedBy(tx, x)
			switch {
			case err == nil:
				events[edition{x.Policy, x.Version}] = p
			case passing(err):
				return nil, nil, err
			default:
				broken = append(broken, x)
			}
		}
		if len(entries) < page {
			return events, broken, nil
		}
	}
}

func (r *Register) publishedBy(tx *store.Tx, x ledger.Entry) (p publication, err error) {
	full, err := r.ledger.Open(tx, x)
	if err != nil {
		return p, err
	}
	var body struct {
		Hash      []byte `json:"hash"`
		Effective string `json:"effective"`
	}
	if err := json.Unmarshal(full.Body, &body); err != nil {
		return p, err
	}
	p = publication{hash: body.Hash, published: x.At, event: x}
	p.effective, err = time.Parse(time.DateOnly, body.Effective)
	return p, err
}

func comparePublished(rows, events map[edition]publication) (findings []Finding) {
	for e, says := range events {
		row, there := rows[e]
		delete(rows, e)
		sum := sha256.Sum256(row.source)
		what := ""
		switch {
		case !there:
			what = "the database does not have it any more"
		case !bytes.Equal(sum[:], says.hash) || !bytes.Equal(row.hash, says.hash):
			what = "the text in the database is not the one that was published"
		case !row.effective.Equal(says.effective):
			what = fmt.Sprintf("the database says that it holds from %s; event %d says %s", row.effective.Format(time.DateOnly), says.event.Index,
				says.effective.Format(time.DateOnly))
		case !row.published.Equal(says.published):
			what = fmt.Sprintf("the database says that it was published on %s; event %d is of %s", moment(row.published), says.event.Index, moment(says.published))
		default:
			continue
		}
		findings = append(findings, Finding{says.event.Index, says.event.ID, fmt.Sprintf("version %d of policy %s: %s", e.number, e.policy, what)})
	}
	for e := range rows {
		findings = append(findings, Finding{-1, avow.ID{}, fmt.Sprintf("version %d of policy %s: the database has it; no event says that it was published", e.number, e.policy)})
	}
	slices.SortFunc(findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.What, b.What)) })
	return findings
}
