package consent

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// person is somebody whose hand is going to be taken, read with others of a batch.
type person struct {
	*vault.Looked
	said []choice
}

// readPeople locks and reads those who are there under their ids, as In does of one.
func (r *Register) readPeople(tx *store.Tx, ids []avow.ID) (map[avow.ID]person, error) {
	things := make([][]byte, len(ids))
	for i := range ids {
		things[i] = ids[i][:]
	}
	if err := tx.LockAll(lockName, things); err != nil { // first: what is read then stays so
		return nil, err
	}
	looked, err := r.vault.LookAll(tx, ids)
	if err != nil || len(looked) == 0 {
		return nil, err
	}
	people := make(map[avow.ID]person, len(looked))
	for id, l := range looked {
		people[id] = person{Looked: l}
	}
	return people, addChoices(tx, people, ids)
}

// addChoices reads what people have said, in three columns: reading one costs more than
// parting what it holds. Of whom a row cannot be read that way, hands read for themselves.
func addChoices(tx *store.Tx, people map[avow.ID]person, ids []avow.ID) error {
	marks, args := store.Among(ids)
	err := store.Each(tx, func(r *store.Rows) error {
		var id avow.ID
		var c choice
		var text string
		if err := r.Scan(store.IntoID(&id), store.IntoID(&c.event), &text); err != nil {
			return err
		}
		p, there := people[id]
		if !there {
			return nil
		}
		if !c.read(text) {
			delete(people, id)
			return nil
		}
		p.said = append(p.said, c)
		people[id] = p
		return nil
	}, `SELECT subject, event, concat_ws('	', policy, kind, name, generation, state, seq, at, version, ends)
		FROM consent_choices WHERE subject IN (`+marks+`)`, args...)
	for _, p := range people {
		slices.SortFunc(p.said, inOrder)
	}
	return err
}

// read reads the columns of a row but for its event; false when it is not what this room writes.
func (c *choice) read(text string) bool {
	p := strings.Split(text, "\t")
	if len(p) != 8 && len(p) != 9 { // a consent without an end has no ninth
		return false
	}
	ok := true
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		ok = ok && err == nil
		return n
	}
	c.policy, c.kind, c.name, c.state = p[0], p[1], p[2], p[4]
	c.generation, c.seq, c.version = int(number(p[3])), number(p[5]), int(number(p[7]))
	c.at = time.UnixMicro(number(p[6])).UTC()
	if len(p) == 9 {
		c.ends = time.UnixMicro(number(p[8])).UTC()
	}
	return ok
}

// holder is whom an address finds, read with others of a batch.
type holder struct {
	found  []vault.Found
	people map[avow.ID]person // of many addresses
}

// readHolders finds and reads whoever is heard by addresses.
func (r *Register) readHolders(tx *store.Tx, asked []vault.Blind) (map[vault.Blind]holder, error) {
	found, err := r.vault.FindAll(tx, asked)
	if err != nil {
		return nil, err
	}
	var ids []avow.ID
	for b, list := range found {
		found[b] = vault.Heard(list)
		for _, f := range found[b] {
			ids = append(ids, f.Subject)
		}
	}
	people, err := r.readPeople(tx, ids)
	holders := make(map[vault.Blind]holder, len(found))
	for b, list := range found {
		holders[b] = holder{list, people}
	}
	return holders, err
}
