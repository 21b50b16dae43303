package vault

import (
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

const (
	maxData   = 64 << 10 // bytes of one value
	maxValues = 100      // live values of one field of one subject
)

// Value is one thing known of a subject, and how it came to be known.
type Value struct {
	ID       avow.ID
	Subject  avow.ID
	Category string
	Field    string
	Source   string // of the policy: where it came from
	Point    string // the collection point, or the import
	Policy   string
	Version  int // of the notice it was last collected under
	Basis    avow.Basis
	Purposes []string // what it was collected for
	Claimed  bool     // given while no identity of the subject was verified
	Limited  bool     // an erasure left it for its Purposes alone (see KeepOnly)
	At       time.Time
	Data     string // at most 64 KiB; empty in what Holdings gives
}

// Field names a field of a data category. An empty Field.Field is the whole category.
type Field struct{ Category, Field string }

// Put keeps a value. It never replaces a different one: what was given before
// stays beside it until it is corrected or erased. The same value given again is
// one value, under the notice it was given under last, collected for what it was and for what
// it is now where both are of one policy. It returns the value's id.
func (v *Vault) Put(tx *store.Tx, value Value) (avow.ID, error) {
	s, err := v.present(tx, value.Subject)
	if err != nil {
		return avow.ID{}, err
	}
	ids, err := v.PutAll(tx, s, []Value{value})
	if err != nil {
		return avow.ID{}, err
	}
	return ids[0], nil
}

// PutAll is Put of several values of a subject who was looked up in this transaction, in few statements.
func (v *Vault) PutAll(tx *store.Tx, s Subject, values []Value) ([]avow.ID, error) {
	for _, value := range values {
		if err := checkValue(value); err != nil {
			return nil, err
		}
	}
	k, err := v.key(tx, s.ID)
	if err != nil {
		return nil, err
	}
	held, err := heldAlready(tx, s.ID, values)
	if err != nil {
		return nil, err
	}
	p := putting{v: v, tx: tx, k: k, held: held}
	ids := make([]avow.ID, len(values))
	for i, value := range values {
		value.Subject, value.Claimed = s.ID, !s.Verified
		if value.At.IsZero() {
			value.At = tx.Now()
		}
		if ids[i], err = p.put(value); err != nil {
			return nil, err
		}
	}
	return ids, p.fresh.insert(tx)
}

// present gives a subject, or somebody staged: whoever has the id of one staged it.
func (v *Vault) present(tx *store.Tx, id avow.ID) (Subject, error) {
	s, err := v.Subject(tx, id)
	if avow.KindOf(err) == avow.NotFound {
		return v.Staged(tx, id)
	}
	return s, err
}

func checkValue(value Value) error {
	if len(value.Data) > maxData {
		return avow.Errorf(avow.TooLarge, "%s.%s is longer than 64 KiB", value.Category, value.Field)
	}
	for _, name := range append([]string{value.Category, value.Field, value.Source, value.Point, value.Policy}, value.Purposes...) {
		if len(name) > 200 || strings.ContainsAny(name, " \t\r\n") {
			return avow.FieldErrorf(value.Category+"."+value.Field, "is recorded under a name that no policy can have")
		}
	}
	if value.Category == "" || value.Field == "" {
		return avow.Errorf(avow.Invalid, "a value needs its category and its field")
	}
	return nil
}

// heldValue is what is held already, as far as it matters to who gives something.
type heldValue struct {
	id               avow.ID
	same             []byte
	policy, purposes string
}

// heldAlready reads what is held of somebody in the fields of some values.
func heldAlready(tx *store.Tx, subject avow.ID, values []Value) (map[Field][]heldValue, error) {
	held := map[Field][]heldValue{}
	query, args := "SELECT category, field, id, same, policy, purposes FROM vault_values WHERE subject = ?", []any{subject}
	if len(values) == 1 {
		query, args = query+" AND category = ? AND field = ?", append(args, values[0].Category, values[0].Field)
	}
	return held, store.Each(tx, func(r *store.Rows) error {
		var f Field
		var x heldValue
		err := r.Scan(&f.Category, &f.Field, store.IntoID(&x.id), &x.same, &x.policy, &x.purposes)
		held[f] = append(held[f], x)
		return err
	}, query, args...)
}

// putting is values of one subject on their way in.
type putting struct {
	v     *Vault
	tx    *store.Tx
	k     *dataKey
	held  map[Field][]heldValue
	fresh rows
}

// put brings an equal value that is there under the newer notice, or takes a new one in. It gives the id of either.
func (p *putting) put(value Value) (avow.ID, error) {
	f, same := Field{value.Category, value.Field}, p.k.sameValue(value)
	for i := range p.held[f] {
		if x := &p.held[f][i]; string(x.same) == string(same) {
			return x.id, p.again(x, value)
		}
	}
	if len(p.held[f]) >= maxValues {
		return avow.ID{}, avow.Errorf(avow.TooMany, "%s.%s has been given too many different values", value.Category, value.Field)
	}
	value.ID = avow.NewID(p.tx.Now())
	sealed, err := p.v.seal(p.k, valueContext(value), []byte(value.Data))
	if err != nil {
		return avow.ID{}, err
	}
	p.fresh.table, p.fresh.columns = "vault_values", valueColumns
	p.fresh.add(valueRow(value, same, sealed)...)
	p.held[f] = append(p.held[f], heldValue{value.ID, same, value.Policy, strings.Join(value.Purposes, " ")})
	return value.ID, nil
}

func (p *putting) again(x *heldValue, value Value) error {
	if err := p.fresh.insert(p.tx); err != nil { // it may be among them
		return err
	}
	p.fresh.args = nil
	if x.policy == value.Policy {
		value.Purposes = union(strings.Fields(x.purposes), value.Purposes)
	}
	x.policy, x.purposes = value.Policy, strings.Join(value.Purposes, " ")
	_, err := p.tx.Exec(`UPDATE vault_values SET source = ?, point = ?, policy = ?, version = ?, basis = ?, purposes = ?, claimed = ?, limited = ?, at = ?
		WHERE id = ?`, value.Source, value.Point, value.Policy, value.Version, value.Basis.String(),
		x.purposes, value.Claimed, value.Limited, value.At, x.id)
	return err
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

const valueColumns = "id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, same, sealed"

func valueRow(value Value, same, sealed []byte) []any {
	return []any{value.ID, value.Subject, value.Category, value.Field, value.Source, value.Point, value.Policy, value.Version,
		value.Basis.String(), strings.Join(value.Purposes, " "), value.Claimed, value.Limited, value.At, same, sealed}
}

// sameValue is the same for equal data of one field of one person.
func (k *dataKey) sameValue(value Value) []byte {
	return k.digest([]byte(value.Category), []byte(value.Field), []byte(value.Data))
}

// Values gives what is known of a subject, opened, in the order of category, field and time.
func (v *Vault) Values(tx *store.Tx, subject avow.ID) ([]Value, error) {
	values, sealed, err := v.rows(tx, subject)
	if err != nil {
		return nil, err
	}
	for i := range values {
		plain, err := v.Open(tx, values[i].Subject, valueContext(values[i]), sealed[i])
		if err != nil {
			return nil, err
		}
		values[i].Data = string(plain)
	}
	return values, nil
}

// Holdings gives what kinds of data are held of a subject, where they came from and
// under which words, without opening any: Data is empty.
func (v *Vault) Holdings(tx *store.Tx, subject avow.ID) ([]Value, error) {
	values, _, err := v.rows(tx, subject)
	return values, err
}

func (v *Vault) rows(tx *store.Tx, subject avow.ID) ([]Value, [][]byte, error) {
	family, err := v.familyOrStaged(tx, subject)
	if err != nil {
		return nil, nil, err
	}
	var sealed [][]byte
	values, err := store.Collect(tx, func(r *store.Rows) (Value, error) {
		value, box, err := scanValue(r)
		sealed = append(sealed, box)
		return value, err
	}, `SELECT id, subject, category, field, source, point, policy, version, basis, purposes, claimed, limited, at, sealed
		FROM vault_values WHERE subject IN (`+store.Marks(len(family))+`) ORDER BY category, field, at, id`, list(family)...)
	return values, sealed, err
}

func scanValue(r *store.Rows) (value Value, sealed []byte, err error) {
	var basis, purposes string
	err = r.Scan(store.IntoID(&value.ID), store.IntoID(&value.Subject), &value.Category, &value.Field, &value.Source, &value.Point,
		&value.Policy, &value.Version, &basis, &purposes, &value.Claimed, &value.Limited, store.IntoTime(&value.At), &sealed)
	if err != nil {
		return value, nil, err
	}
	value.Purposes = strings.Fields(purposes)
	if basis != avow.BasisNone.String() {
		value.Basis, err = avow.ParseBasis(basis)
	}
	return value, sealed, err
}

// Correct puts one value in the place of all that a field had (gdpr:16). How it
// was collected is as the new value says.
func (v *Vault) Correct(tx *store.Tx, value Value) (avow.ID, error) {
	if _, err := v.Erase(tx, value.Subject, Field{value.Category, value.Field}); err != nil {
		return avow.ID{}, err
	}
	return v.Put(tx, value)
}

// Erase removes the values of the fields named, or all values when none is named,
// and returns how many there were. The subject stays. The file's free space is
// overwritten at once; store.DB.Scrub takes them out of the journal too.
func (v *Vault) Erase(tx *store.Tx, subject avow.ID, fields ...Field) (int, error) {
	family, err := v.familyOrStaged(tx, subject)
	if err != nil {
		return 0, err
	}
	if len(fields) == 0 {
		fields = []Field{{}}
	}
	total := 0
	for _, f := range fields {
		n, err := tx.Exec(`DELETE FROM vault_values WHERE subject IN (`+store.Marks(len(family))+`)
			AND (? = '' OR category = ?) AND (? = '' OR field = ?)`,
			append(list(family), f.Category, f.Category, f.Field, f.Field)...)
		if err != nil {
			return 0, err
		}
		total += int(n)
	}
	return total, nil
}

func list(ids []avow.ID) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

func valueContext(value Value) []byte {
	return parts([]byte("vault_values"), value.ID[:], value.Subject[:], []byte(value.Category), []byte(value.Field))
}
