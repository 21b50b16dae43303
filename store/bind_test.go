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
