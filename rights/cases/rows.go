package cases

import (
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

const columns = `id, number, asked, policy, version, region, regimes, door, state, stage, round, paused, outcome, subject, same, merged_into,
	opened_by, vouched_by, approved_by, refused_by, received, verified, changed, closed, due, secret, certificate, event`

func scan(r interface{ Scan(...any) error }) (c record, err error) {
	var asked, region, regimes, door, state, at string
	err = r.Scan(store.IntoID(&c.ID), &c.Number, &asked, &c.Policy, &c.Version, &region, &regimes, &door, &state, &at, &c.round, &c.paused, &c.Outcome,
		store.IntoID(&c.Subject), &c.same, store.IntoID(&c.Into), &c.openedBy, &c.vouchedBy, &c.approvedBy, &c.refuseBy,
		store.IntoTime(&c.Received), store.IntoTime(&c.Verified), store.IntoTime(&c.Changed), store.IntoTime(&c.Closed), store.IntoTime(&c.Due),
		&c.sealed, &c.certificate, store.IntoID(&c.event))
	c.Right, c.Region, c.Door, c.State, c.stage = law.Right(asked), avow.Region(region), Door(door), State(state), stage(at)
	for _, g := range strings.Fields(regimes) {
		c.Regimes = append(c.Regimes, avow.Regime(g))
	}
	return c, err
}

func (c *record) regimes() string {
	var names []string
	for _, g := range c.Regimes {
		names = append(names, string(g))
	}
	return strings.Join(names, " ")
}

var noRequest = avow.Errorf(avow.NotFound, "there is no such request")

func read(tx *store.Tx, id avow.ID) (record, error) {
	c, err := scan(tx.QueryRow(`SELECT `+columns+` FROM rights_cases WHERE id = ?`, id))
	if avow.KindOf(err) == avow.NotFound {
		return c, noRequest
	}
	return c, err
}

// lock reads a request that nobody else changes until the transaction ends.
func lock(tx *store.Tx, id avow.ID) (record, error) {
	if err := tx.Lock("rights case", id[:]); err != nil {
		return record{}, err
	}
	return read(tx, id)
}

// list reads the requests for which a condition holds.
func list(tx *store.Tx, where string, args ...any) ([]record, error) {
	return store.Collect(tx, func(r *store.Rows) (record, error) { return scan(r) }, `SELECT `+columns+` FROM rights_cases WHERE `+where, args...)
}

func insert(tx *store.Tx, c *record) error {
	return tx.Insert("rights_cases", columns, []any{c.ID, c.Number, string(c.Right), c.Policy, c.Version, string(c.Region), c.regimes(), string(c.Door), string(c.State),
		string(c.stage), c.round, c.paused, c.Outcome, c.Subject, c.same, c.Into, c.openedBy, c.vouchedBy, c.approvedBy, c.refuseBy,
		c.Received, c.Verified, c.Changed, c.Closed, c.Due, c.sealed, c.certificate, c.event})
}

// save writes what can change of a request.
func save(tx *store.Tx, c *record) error {
	_, err := tx.Exec(`UPDATE rights_cases SET state = ?, stage = ?, round = ?, paused = ?, outcome = ?, subject = ?, same = ?, merged_into = ?,
		vouched_by = ?, approved_by = ?, refused_by = ?, verified = ?, changed = ?, closed = ?, due = ?, secret = ?, certificate = ?, event = ? WHERE id = ?`,
		string(c.State), string(c.stage), c.round, c.paused, c.Outcome, c.Subject, c.same, c.Into, c.vouchedBy, c.approvedBy, c.refuseBy,
		c.Verified, c.Changed, c.Closed, c.Due, c.sealed, c.certificate, c.event, c.ID)
	return err
}
