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
	var looked map[avow.ID]*vault.Looked
	var said map[avow.ID][]choice
	err := tx.Together(func(tx *store.Tx) (err error) {
		looked, err = r.vault.LookAll(tx, ids)
		return err
	}, func(tx *store.Tx) (err error) {
		said, err = saidBy(tx, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	people := make(map[avow.ID]person, len(looked))
	for id, l := range looked {
		list := said[id]
		if slices.ContainsFunc(list, choice.unread) {
			continue
		}
		slices.SortFunc(list, inOrder)
		people[id] = person{l, list}
	}
	return people, nil
}

// saidBy reads what people have said, in three columns: reading one costs more than
// parting what it holds. A row that cannot be read that way is an unread choice: hands read for themselves then.
func saidBy(tx *store.Tx, ids []avow.ID) (map[avow.ID][]choice, error) {
	said := make(map[avow.ID][]choice, len(ids))
	marks, args := store.Among(ids)
	return said, store.Each(tx, func(r *store.Rows) error {
		var id avow.ID
		var c choice
		var text string
		if err := r.Scan(store.IntoID(&id), store.IntoID(&c.event), &text); err != nil {
			return err
		}
		if !c.read(text) {
			c = choice{}
		}
		said[id] = append(said[id], c)
		return nil
	}, `SELECT subject, event, concat_ws('	', policy, kind, name, generation, state, seq, at, version, ends)
		FROM consent_choices WHERE subject IN (`+marks+`)`, args...)
}

// unread reports whether this stands for a row that could not be read; every one that could has a kind.
func (c choice) unread() bool { return c.kind == "" }

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
