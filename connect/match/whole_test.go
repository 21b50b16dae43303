package match

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Everything a document holds is somewhere in its fields: names, elements, bytes.
func TestFields(t *testing.T) {
	got := Fields(map[string]any{
		"_id": int64(7), "name": "Ann", "none": nil, "raw": []byte("a text"),
		"profile": map[string]any{"phones": []any{"1", "2", []any{"3"}}, "old": []any{map[string]any{"city": "Whitby"}, map[string]any{"city": "York"}}},
		"by":      map[string]any{"ann@x.example": true},
	})
	names := got["{}"].(string)
	delete(got, "{}")
	want := map[string]any{"_id": "7", "name": "Ann", "raw": "a text", "profile.phones[]": "1\n2", "profile.phones[][]": "3",
		"profile.old[].city": "Whitby\nYork", "profile.old[]{}": "city\ncity", "by{}": "ann@x.example", "by.ann@x.example": "true"}
	if inside := got["profile{}"]; inside != "phones\nold" && inside != "old\nphones" {
		t.Errorf("the names in profile are %q", inside)
	}
	delete(got, "profile{}")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(names) != len("_id\nname\nnone\nraw\nprofile\nby") {
		t.Errorf("the names are %q", names)
	}
}
