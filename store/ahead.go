package store

// Ahead reads at the start of a batch what its closures are known to look up: a few
// statements for all of them, where each would need as many for itself. It reads in the
// closures' own transaction, so what it gives is what they would read, and it gives it
// only until a closure of the batch has changed something by a statement; what stages hold back, the room that hands it in
// knows of. On PostgreSQL, what must not change meanwhile is locked by it first (see
// Tx.LockAll), and stays so until the transaction ends.
type Ahead[K comparable, V any] struct {
	read func(tx *Tx, keys []K) (map[K]V, error)
}

// NewAhead makes an Ahead of what reads. Keys it leaves out of the map, closures look
// up for themselves. Like a closure it may run more than once, and it changes nothing.
func NewAhead[K comparable, V any](read func(tx *Tx, keys []K) (map[K]V, error)) *Ahead[K, V] {
	return &Ahead[K, V]{read}
}

// Need is something that a closure will look up. The zero Need is nothing.
type Need struct {
	of  ahead
	key any
}

type ahead interface {
	readFor(tx *Tx, needs []Need) (any, error)
}

// Need is that a closure will look a key up.
func (a *Ahead[K, V]) Need(key K) Need { return Need{a, key} }

// Find gives what was read ahead of a key; false when a closure has to look for itself.
func (a *Ahead[K, V]) Find(tx *Tx, key K) (v V, ok bool) {
	if tx.b.changed || tx.ended {
		return v, false
	}
	if read, there := tx.b.ahead[a].(map[K]V); there {
		v, ok = read[key]
	}
	return v, ok
}

func (a *Ahead[K, V]) readFor(tx *Tx, needs []Need) (any, error) {
	seen := make(map[K]bool, len(needs))
	keys := make([]K, 0, len(needs))
	for _, n := range needs {
		if k := n.key.(K); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return a.read(tx, keys)
}

// worthAhead is how many closures must need something before it is read ahead.
const worthAhead = 2

// lookAhead reads what the closures of a batch need.
func (b *batch) lookAhead(jobs []*job) error {
	if len(jobs) < worthAhead {
		return nil
	}
	b.ahead = map[ahead]any{}
	needs := map[ahead][]Need{}
	for _, j := range jobs {
		if j.need.of != nil {
			needs[j.need.of] = append(needs[j.need.of], j.need)
		}
	}
	for of, list := range needs {
		if len(list) < worthAhead {
			continue
		}
		err := b.between(func(tx *Tx) (err error) {
			b.ahead[of], err = of.readFor(tx, list)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
