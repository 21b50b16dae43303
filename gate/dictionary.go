package gate

import "math/bits"

// A dictionary finds what a word stands for. It is made once and then only read,
// which lets it be several times quicker than a map: half the time of a question
// in words is looking the words up.
type dictionary[V any] struct {
	entries []entry[V] // a power of two of them, at most half full
	shift   int
}

type entry[V any] struct {
	word  string
	value V
	taken bool
}

func dictionaryOf[V any](words map[string]V) dictionary[V] {
	size := 1 << bits.Len(uint(2*len(words)))
	d := dictionary[V]{make([]entry[V], size), 64 - bits.Len(uint(size-1))}
	for word, value := range words {
		i := d.home(word)
		for d.entries[i].taken {
			i = (i + 1) & (size - 1)
		}
		d.entries[i] = entry[V]{word, value, true}
	}
	return d
}

// home mixes the length and the ends of a word: names differ there or hardly at all.
func (d *dictionary[V]) home(word string) int {
	n := len(word)
	h := uint64(n)
	if n >= 8 {
		h ^= eight(word) ^ bits.RotateLeft64(eight(word[n-8:]), 23)
	} else {
		for i := range n {
			h = h<<8 | uint64(word[i])
		}
	}
	return int(h * 0x9e3779b97f4a7c15 >> d.shift)
}

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// find gives what a word stands for; nil when it is not there.
func (d *dictionary[V]) find(word string) *V {
	for i := d.home(word); ; i = (i + 1) & (len(d.entries) - 1) {
		e := &d.entries[i]
		if e.word == word && e.taken {
			return &e.value
		}
		if !e.taken {
			return nil
		}
	}
}

func (d *dictionary[V]) each(f func(word string, value *V)) {
	for i := range d.entries {
		if e := &d.entries[i]; e.taken {
			f(e.word, &e.value)
		}
	}
}
