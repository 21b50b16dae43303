package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// stop is a row of consent_suppressed: something that is remembered of an address.
type stop struct{ address, policy, kind, name string }

// remembered is what an event says of a stop.
type remembered struct {
	at    time.Time
	cause ledger.Entry
}

// checkSuppressed compares what is remembered of addresses with the events that say so.
func (r *Register) checkSuppressed(ctx context.Context) (findings []Finding, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		findings = nil
		want, broken, err := r.refoldSuppressed(tx)
		if err != nil {
			return err
		}
		findings = append(findings, broken...)
		err = store.Each(tx, func(rows *store.Rows) error {
			var s stop
			var address []byte
			var at time.Time
			err := rows.Scan(&address, &s.policy, &s.kind, &s.name, store.IntoTime(&at))
			s.address = string(address)
			says, ok := want[s]
			delete(want, s)
			switch {
			case !ok:
				findings = append(findings, Finding{-1, avow.ID{}, s.title() + ": the database remembers it; no event says so"})
			case !says.at.Equal(at):
				findings = append(findings, Finding{says.cause.Index, says.cause.ID, fmt.Sprintf("%s: the database remembers it since %s; event %d says %s",
					s.title(), moment(at), says.cause.Index, moment(says.at))})
			}
			return err
		}, `SELECT address, policy, kind, name, at FROM consent_suppressed`)
		for s, says := range want {
			findings = append(findings, Finding{says.cause.Index, says.cause.ID, fmt.Sprintf("%s: event %d says that it is remembered; the database has no row of it",
				s.title(), says.cause.Index)})
		}
		slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.What, b.What) })
		return err
	})
	return findings, err
}

func (s stop) title() string {
	return "what is remembered of an address, " + choice{policy: s.policy, kind: s.kind, name: s.name}.title()
}

// refoldSuppressed folds the events about nobody, page by page; broken are those that are not what was recorded.
func (r *Register) refoldSuppressed(tx *store.Tx) (want map[stop]remembered, broken []Finding, err error) {
	want = map[stop]remembered{}
	for from := int64(0); ; {
		entries, err := r.ledger.OfNobody(tx, from, page)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range entries {
			from = x.Index + 1
			if x.Sealed == nil || x.Type != Suppressed && x.Type != SuppressionEnded && x.Type != ledger.Objected {
				continue
			}
			wrong, err := r.rememberedBy(tx, x, want)
			if err != nil {
				return nil, nil, err
			}
			broken = append(broken, wrong...)
		}
		if len(entries) < page {
			return want, broken, nil
		}
	}
}

// rememberedBy folds one of them.
func (r *Register) rememberedBy(tx *store.Tx, x ledger.Entry, want map[stop]remembered) (wrong []Finding, err error) {
	e := event{kind: x.Type, at: x.At, policy: x.Policy, version: x.Version}
	full, err := r.ledger.Open(tx, x)
	if err == nil {
		err = e.read(full.Body)
	}
	switch {
	case passing(err):
		return nil, err
	case err != nil:
		return []Finding{changed(x)}, nil
	case len(e.says.Address) == 0:
		return nil, nil
	}
	if x.Type == ledger.Objected {
		t := thing{Policy: x.Policy, Kind: kindTopic, Name: e.says.Topic}
		if e.says.Purpose != "" {
			_, u, err := book(r.Version).purpose(e, e.says.Purpose)
			if err != nil {
				return []Finding{unfollowed(x.Index, x.ID, err)}, nil
			}
			t.Kind, t.Name = kindPurpose, u.Name
		}
		e.says.Things = []thing{t}
	}
	for _, t := range e.says.Things {
		s := stop{string(e.says.Address), t.Policy, t.Kind, t.Name}
		switch _, known := want[s]; {
		case x.Type == SuppressionEnded:
			delete(want, s)
		case !known && t.At.IsZero():
			want[s] = remembered{x.At, x}
		case !known:
			want[s] = remembered{t.At, x}
		}
	}
	return nil, nil
}
