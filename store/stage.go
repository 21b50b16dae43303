package store

import "slices"

// Orders in which stages run at the end of a batch.
const (
	Early = iota // what must be on disk before the data is
	Late
	Last // the head of the ledger: locked last, so held for the shortest time
)

// Stage deals once a batch with what its closures handed in: one statement for
// many rows, one lock taken late. Only closures that succeeded count.
type Stage[T any] struct {
	db    *DB
	order int
	early bool // of a Behind
	fn    func(tx *Tx, items []T) error
}

type stage interface {
	run(tx *Tx, items []any) error
	flush(tx *Tx) error
	writesEarly() bool
	at() int
}

// NewStage registers fn to run before the commit of every batch in which something
// was handed in. An error from it fails the batch; the closures are then tried one
// by one. Like a closure, it may run again, and its tx is its own.
func NewStage[T any](db *DB, order int, fn func(tx *Tx, items []T) error) *Stage[T] {
	return newStage(db, order, fn).register()
}

func newStage[T any](db *DB, order int, fn func(tx *Tx, items []T) error) *Stage[T] {
	return &Stage[T]{db: db, order: order, fn: fn}
}

func (s *Stage[T]) register() *Stage[T] {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.db.stages = append(slices.Clone(s.db.stages), s)
	slices.SortStableFunc(s.db.stages, func(a, b stage) int { return a.at() - b.at() })
	return s
}

// Add hands an item in, in order. A closure that fails takes its items with it.
func (s *Stage[T]) Add(tx *Tx, item T) {
	tx.staged = append(tx.staged, handed{s, item})
}

// Pending finds the latest item handed in so far, by this closure or by those that share its batch.
func (s *Stage[T]) Pending(tx *Tx, wanted func(T) bool) (T, bool) {
	for _, h := range slices.Backward(tx.staged) {
		if v, ok := h.item.(T); ok && h.to == stage(s) && wanted(v) {
			return v, true
		}
	}
	for _, item := range slices.Backward(tx.b.items[s]) {
		if v := item.(T); wanted(v) {
			return v, true
		}
	}
	var none T
	return none, false
}

func (s *Stage[T]) at() int { return s.order }

func (s *Stage[T]) writesEarly() bool { return s.early }

func (s *Stage[T]) run(tx *Tx, items []any) error {
	typed := make([]T, len(items))
	for i, item := range items {
		typed[i] = item.(T)
	}
	return s.fn(tx, typed)
}

func (db *DB) stageList() []stage {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.stages
}
