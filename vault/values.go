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
	if err := checkValue(value); err != nil {
		return avow.ID{}, err
	}
	s, err := v.present(tx, value.Subject)
	if err != nil {
		return avow.ID{}, err
	}
	k, err := v.key(tx, s.ID)
	if err != nil {
		return avow.ID{}, err
	}
	value.Subject, value.Claimed = s.ID, !s.Verified
	if value.At.IsZero() {
		value.At = tx.Now()
	}
	same := k.sameValue(value)
	id, err := v.givenAgain(tx, value, same)
	if err != nil || !id.IsZero() {
		return id, err
	}
	return v.insert(tx, k, value, same)
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

// givenAgain brings an equal value under the newer notice, and returns its id; the zero ID when there is none.
func (v *Vault) givenAgain(tx *store.Tx, value Value, same []byte) (avow.ID, error) {
	type row struct {
		id               avow.ID
		same             []byte
		policy, purposes string
	}
	rows, err := store.Collect(tx, func(r *store.Rows) (x row, err error) {
		return x, r.Scan(store.IntoID(&x.id), &x.same, &x.policy, &x.purposes)
	}, "SELECT id, same, policy, purposes FROM vault_values WHERE subject = ? AND category = ? AND field = ?", value.Subject, value.Category, value.Field)
	if err != nil {
		return avow.ID{}, err
	}
	for _, x := range rows {
		if string(x.same) != string(same) {
			continue
		}
		if x.policy == value.Policy {
			value.Purposes = union(strings.Fields(x.purposes), value.Purposes)
		}
		_, err := tx.Exec(`UPDATE vault_values SET source = ?, point = ?, policy = ?, version = ?, basis = ?, purposes = ?, claimed = ?, limited = ?, at = ?
			WHERE id = ?`, value.Source, value.Point, value.Policy, value.Version, value.Basis.String(),
			strings.Join(value.Purposes, " "), value.Claimed, value.Limited, value.At, x.id)
		return x.id, err
	}
	if len(rows) >= maxValues {
		return avow.ID{}, avow.Errorf(avow.TooMany, "%s.%s has been given too many different values", value.Category, value.Field)
	}
	return avow.ID{}, nil
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

func (v *Vault) insert(tx *store.Tx, k *dataKey, value Value, same []byte) (avow.ID, error) {
	value.ID = avow.NewID(tx.Now())
	sealed, err := v.seal(k, valueContext(value), []byte(value.Data))
	if err != nil {
		return avow.ID{}, err
	}
	return value.ID, tx.Insert("vault_values", valueColumns, valueRow(value, same, sealed))
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
