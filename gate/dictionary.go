package gate

import "math/bits"

// A dictionary finds the number a word stands for. It is made once and then only
// read, which lets it be several times quicker than a map: looking the words up
// is a third of the time of a question in words.
type dictionary struct {
	entries []entry // a power of two of them, at most half full
	shift   int
}

type entry struct {
	ends
	number int
	word   string
}

// ends are a word's length and its first and last bytes: all of it up to sixteen.
type ends struct {
	length      int // -1: the entry is not taken
	first, last uint64
}

func endsOf(word string) ends {
	switch n := len(word); {
	case n >= 8:
		return ends{n, eight(word), eight(word[n-8:])}
	case n >= 4:
		return ends{n, four(word), four(word[n-4:])}
	case n > 0:
		return ends{n, uint64(word[0]), uint64(word[n/2])<<8 | uint64(word[n-1])}
	}
	return ends{}
}

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func four(s string) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}

func dictionaryOf(words map[string]int) dictionary {
	size := 1 << bits.Len(uint(2*len(words)))
	d := dictionary{make([]entry, size), 64 - bits.Len(uint(size-1))}
	for i := range d.entries {
		d.entries[i].length = -1
	}
	for word, number := range words {
		e := endsOf(word)
		i := d.home(e)
		for d.entries[i].length >= 0 {
			i = (i + 1) & (size - 1)
		}
		d.entries[i] = entry{e, number, word}
	}
	return d
}

func (d *dictionary) home(e ends) int {
	return int((e.first ^ bits.RotateLeft64(e.last, 23) ^ uint64(e.length)) * 0x9e3779b97f4a7c15 >> d.shift)
}

// find gives the number of a word; -1 when it is not there.
func (d *dictionary) find(word string) int {
	want := endsOf(word)
	for i := d.home(want); ; i = (i + 1) & (len(d.entries) - 1) {
		e := &d.entries[i]
		if e.first == want.first && e.last == want.last && e.length == want.length && (len(word) <= 16 || e.word == word) {
			return e.number
		}
		if e.length < 0 {
			return -1
		}
	}
}

func (d *dictionary) each(f func(word string, number int)) {
	for i := range d.entries {
		if e := &d.entries[i]; e.length >= 0 {
			f(e.word, e.number)
		}
	}
}
