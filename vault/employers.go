package vault

import (
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// SetEmployer records for whom a subject acts; an empty name records that it is not
// known any more. It is found again however it is spaced and in whichever case.
func (v *Vault) SetEmployer(tx *store.Tx, subject avow.ID, name string) error {
	written, err := employerName(name)
	if err != nil {
		return err
	}
	family, err := v.familyOrStaged(tx, subject)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM vault_employers WHERE subject IN ("+store.Marks(len(family))+")", list(family)...); err != nil || written == "" {
		return err
	}
	blind := v.employerBlind(written)
	sealed, err := v.Seal(tx, family[0], employerContext(family[0], blind), []byte(written))
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO vault_employers (subject, index_version, blind, sealed, at) VALUES (?, ?, ?, ?, ?)",
		family[0], indexVersion, blind, sealed, tx.Now())
	return err
}

// Employer is for whom a subject acts, as it was written last; empty when it is not known.
func (v *Vault) Employer(tx *store.Tx, subject avow.ID) (string, error) {
	family, err := v.familyOrStaged(tx, subject)
	if err != nil {
		return "", err
	}
	var owner avow.ID
	var blind, sealed []byte
	err = tx.QueryRow("SELECT subject, blind, sealed FROM vault_employers WHERE subject IN ("+store.Marks(len(family))+") ORDER BY at DESC, subject LIMIT 1",
		list(family)...).Scan(store.IntoID(&owner), &blind, &sealed)
	if avow.KindOf(err) == avow.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	plain, err := v.Open(tx, owner, employerContext(owner, blind), sealed)
	return string(plain), err
}

// Employees gives the subjects who act for an employer, sorted by id.
func (v *Vault) Employees(tx *store.Tx, employer string) ([]avow.ID, error) {
	written, err := employerName(employer)
	if err != nil || written == "" {
		return []avow.ID{}, err
	}
	return store.Collect(tx, scanID, `SELECT DISTINCT who FROM (
			SELECT COALESCE((SELECT a.subject FROM vault_aliases a WHERE a.old = e.subject), e.subject) AS who
			FROM vault_employers e WHERE e.index_version = ? AND e.blind = ?
		) AS found WHERE EXISTS (SELECT 1 FROM vault_subjects s WHERE s.id = who)
			OR EXISTS (SELECT 1 FROM vault_imported p JOIN vault_imports i ON i.id = p.import WHERE p.id = who AND i.flipped IS NOT NULL)
		ORDER BY who`, indexVersion, v.employerBlind(written))
}

// employerName is a name without needless blanks. What cannot be seen is refused, because it makes two names look alike.
func employerName(name string) (string, error) {
	if len(name) > 1024 {
		return "", avow.FieldErrorf("employer", "is longer than 1 KiB")
	}
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	if strings.ContainsFunc(name, hidden) {
		return "", avow.FieldErrorf("employer", "has characters that cannot be seen")
	}
	return name, nil
}

func (v *Vault) employerBlind(written string) []byte {
	return mac(v.index, parts([]byte("employer"), []byte(norm.NFC.String(cases.Fold().String(written)))))
}

func employerContext(subject avow.ID, blind []byte) []byte {
	return parts([]byte("vault_employers"), subject[:], blind)
}
