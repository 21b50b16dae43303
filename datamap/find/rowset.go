package find

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	avow "github.com/avowhq/avow"
)

// list grows without copying what it holds, and without holding much more.
type list[T any] struct {
	chunks [][]T
	n      int
}

const (
	chunkBits = 13
	chunkSize = 1 << chunkBits
)

func (l *list[T]) push(v T) {
	c := l.n >> chunkBits
	if c == len(l.chunks) {
		var chunk []T
		if c > 0 {
			chunk = make([]T, 0, chunkSize)
		}
		l.chunks = append(l.chunks, chunk)
	}
	l.chunks[c] = append(l.chunks[c], v)
	l.n++
}

func (l *list[T]) at(i uint32) *T { return &l.chunks[i>>chunkBits][i&(chunkSize-1)] }

// arena holds bytes one behind the other, in pieces that never move.
type arena struct {
	chunks [][]byte
}

const (
	arenaBits  = 18
	arenaChunk = 1 << arenaBits
)

// add copies some parts to the end and gives their place.
func (a *arena) add(parts ...[]byte) (uint32, error) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	last := len(a.chunks) - 1
	if last < 0 || cap(a.chunks[last])-len(a.chunks[last]) < size || len(a.chunks[last]) >= arenaChunk {
		if last++; last >= 1<<(32-arenaBits) {
			return 0, avow.Errorf(avow.TooLarge, "more concerns these people than one search can hold; seek fewer people at once")
		}
		room := arenaChunk
		if last < 8 {
			room = 1 << (10 + last)
		}
		a.chunks = append(a.chunks, make([]byte, 0, max(room, size)))
	}
	at := uint32(last<<arenaBits | len(a.chunks[last]))
	for _, p := range parts {
		a.chunks[last] = append(a.chunks[last], p...)
	}
	return at, nil
}

// from is everything in a piece from a place on.
func (a *arena) from(at uint32) []byte { return a.chunks[at>>arenaBits][at&(arenaChunk-1):] }

// seed makes places in tables differ from run to run, so that nobody can choose rows
// that all fall on one.
type seed = maphash.Seed

// rowSet is the rows of one table, each once: the key, then the values that links stand
// on. Rows are named by numbers in the order they came.
type rowSet struct {
	bytes   arena
	records list[uint32] // row → its place
	slots   []uint32     // open addressing: rows
	marks   []uint8      // of the hash of each slot's key, 0 where there is none: what is looked at first
	seed    seed
	columns []classes // of the key: what its values are
}

func newRowSet(key int) *rowSet {
	return &rowSet{seed: maphash.MakeSeed(), columns: make([]classes, key)}
}

func (s *rowSet) len() uint32 { return uint32(s.records.n) }

// record is a row: its key, and what stands behind it, the next rows too.
func (s *rowSet) record(row uint32) (key, rest []byte) {
	b := s.bytes.from(*s.records.at(row))
	size, n := binary.Uvarint(b)
	b = b[n:]
	return b[:size], b[size:]
}

func (s *rowSet) key(row uint32) []byte {
	key, _ := s.record(row)
	return key
}

// find gives the row of a key.
func (s *rowSet) find(key []byte) (uint32, bool) {
	if len(s.slots) == 0 {
		return 0, false
	}
	at, _ := s.slot(key)
	return s.slots[at], s.marks[at] != 0
}

// slot is where a key stands, or would.
func (s *rowSet) slot(key []byte) (at uint64, mark uint8) {
	mask := uint64(len(s.slots) - 1)
	hash := maphash.Bytes(s.seed, key)
	mark = uint8(hash>>56) | 1
	for at = hash & mask; s.marks[at] != 0; at = (at + 1) & mask {
		if s.marks[at] == mark && bytes.Equal(s.key(s.slots[at]), key) {
			break
		}
	}
	return at, mark
}

// add takes a row that is not there yet.
func (s *rowSet) add(key, kept []byte) (uint32, error) {
	if (s.records.n+1)*4 > len(s.slots)*3 {
		s.grow()
	}
	var size [binary.MaxVarintLen64]byte
	at, err := s.bytes.add(binary.AppendUvarint(size[:0], uint64(len(key))), key, kept)
	if err != nil {
		return 0, err
	}
	s.note(key)
	s.put(key, uint32(s.records.n))
	s.records.push(at)
	return uint32(s.records.n) - 1, nil
}

func (s *rowSet) note(key []byte) {
	for i := range s.columns {
		s.columns[i] |= classOf(key[0])
		key = key[valueSize(key):]
	}
}

func (s *rowSet) put(key []byte, row uint32) {
	at, mark := s.slot(key)
	s.slots[at], s.marks[at] = row, mark
}

func (s *rowSet) grow() {
	n := max(16, 2*len(s.slots))
	s.slots, s.marks = make([]uint32, n), make([]uint8, n)
	for row := range s.len() {
		s.put(s.key(row), row)
	}
}

// finish gives back what only find needs.
func (s *rowSet) finish() { s.slots, s.marks = nil, nil }

// index finds the rows that have some values in some columns.
type index struct {
	columns []int   // of the record
	values  *rowSet // each value once
	first   list[uint32]
	entries list[entry]
}

type entry struct{ row, next uint32 } // next + 1; 0 at the end

func newIndex(columns []int) *index {
	return &index{columns: columns, values: newRowSet(len(columns))}
}

// add notes that a row has a value.
func (x *index) add(value []byte, row uint32) error {
	n, known := x.values.find(value)
	if !known {
		var err error
		if n, err = x.values.add(value, nil); err != nil {
			return err
		}
		x.first.push(0)
	}
	x.entries.push(entry{row, *x.first.at(n)})
	*x.first.at(n) = uint32(x.entries.n)
	return nil
}

// each gives the rows of a value, by its number, until one is refused.
func (x *index) each(value uint32, f func(row uint32) bool) bool {
	for at := *x.first.at(value); at != 0; {
		e := x.entries.at(at - 1)
		if !f(e.row) {
			return false
		}
		at = e.next
	}
	return true
}
