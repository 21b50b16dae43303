package gate

import (
	"fmt"
	"testing"
)

// A dictionary finds every word in it and no other, of any length and however alike.
func TestDictionary(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 8, 33, 300} {
		words := map[string]int{}
		for i := range n {
			words[[]string{fmt.Sprint(i), fmt.Sprintf("purpose-%03d-of-ours", i), fmt.Sprintf("%08d", i), fmt.Sprintf("the-same-ends-%03d-and-the-same-ends", i)}[i%4]] = i
		}
		d := dictionaryOf(words)
		seen := 0
		d.each(func(word string, number int) {
			if seen++; words[word] != number {
				t.Errorf("%q stands for %d, want %d", word, number, words[word])
			}
		})
		if seen != n {
			t.Errorf("%d words, want %d", seen, n)
		}
		for word, want := range words {
			if got := d.find(word); got != want {
				t.Errorf("of %d words %q is %d, want %d", n, word, got, want)
			}
		}
		for _, word := range []string{"", "x", "purpose-", "purpose-999-of-ours", "a word nobody has put there", "the-same-ends-999-and-the-same-ends", "abc", "adc"} {
			if d.find(word) >= 0 {
				t.Errorf("of %d words %q is found", n, word)
			}
		}
	}
}
