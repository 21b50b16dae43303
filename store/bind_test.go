package store

import "testing"

func TestRebind(t *testing.T) {
	for in, want := range map[string]string{
		"SELECT 1":                            "SELECT 1",
		"a = ? AND b = ?":                     "a = $1 AND b = $2",
		"a = '?' AND b = ?":                   "a = '?' AND b = $1",
		"a = 'it''s ?' AND b = ?":             "a = 'it''s ?' AND b = $1",
		"\"odd?\" = ? -- really?\n AND c = ?": "\"odd?\" = $1 -- really?\n AND c = $2",
		"/* ? */ ? 'never closed ?":           "/* ? */ $1 'never closed ?",
		"VALUES (?,?,?,?,?,?,?,?,?,?,?)":      "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
	} {
		if got := rebind(in); got != want {
			t.Errorf("rebind(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzRebind(f *testing.F) {
	f.Add("a = ? -- ?\n'?")
	f.Fuzz(func(t *testing.T, s string) {
		if got := rebind(s); len(got) < len(s) {
			t.Errorf("rebind(%q) lost text: %q", s, got)
		}
	})
}

// A list is filled up by a quarter at most, to one of few lengths.
func TestFewLengths(t *testing.T) {
	seen := map[int]bool{}
	for n := 1; n <= 256; n++ {
		got := fewLengths(n)
		if got < n || got-n > n/4 {
			t.Errorf("%d items are filled up to %d", n, got)
		}
		seen[got] = true
	}
	if len(seen) > 32 {
		t.Errorf("%d lengths", len(seen))
	}
}
