package store

// Behind writes rows behind the closures that hand them in: those of a whole batch in
// a few statements, before its commit. Whoever reads or writes the rows it is about
// calls Flush first, so that nobody in the transaction sees them as they were.
type Behind[T any] struct{ stage *Stage[T] }

// NewBehind registers what writes, in the order in which it was handed in. Like a closure it may run again.
func NewBehind[T any](db *DB, write func(tx *Tx, items []T) error) *Behind[T] {
	s := newStage(db, Late, write)
	s.early = true
	return &Behind[T]{s.register()}
}

// Add hands an item in. A closure that fails takes its items with it.
func (b *Behind[T]) Add(tx *Tx, item T) { b.stage.Add(tx, item) }

// Pending finds the latest item that is still to be written.
func (b *Behind[T]) Pending(tx *Tx, wanted func(T) bool) (T, bool) {
	return b.stage.Pending(tx, wanted)
}

// Flush writes what was handed in so far, by this closure and by those that share its
// batch. In a batch without savepoints a closure that fails afterwards has the batch run
// again with them, as after any change; with them nothing of others is waiting (see catchUp).
func (b *Behind[T]) Flush(tx *Tx) error { return b.stage.flush(tx) }

func (s *Stage[T]) flush(tx *Tx) error {
	items := tx.b.items[s]
	if len(items) == 0 && len(tx.staged) == 0 {
		return nil
	}
	delete(tx.b.items, s)
	rest := tx.staged[:0]
	for _, h := range tx.staged {
		if h.to == stage(s) {
			items = append(items, h.item)
		} else {
			rest = append(rest, h)
		}
	}
	tx.staged = rest
	if len(items) == 0 {
		return nil
	}
	return tx.fail(s.run(tx, items))
}

// catchUp has a closure that has a savepoint write within it what it handed in to be
// written behind: what fails there, or is undone, is its own.
func (tx *Tx) catchUp() error {
	for _, s := range tx.b.db.stageList() {
		if s.writesEarly() {
			if err := s.flush(tx); err != nil {
				return err
			}
		}
	}
	return nil
}
