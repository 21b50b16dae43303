package connect

import (
	"math"
	"testing"
	"time"
)

func TestWritable(t *testing.T) {
	far := time.Date(12026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, v := range map[string]any{
		`["NaN","+Inf",1.5]`:             []any{math.NaN(), math.Inf(1), 1.5},
		`{"a":{"b":["-Inf"]}}`:           map[string]any{"a": map[string]any{"b": []any{math.Inf(-1)}}},
		`{"at":"12026-01-02T03:04:05Z"}`: map[string]any{"at": far},
	} {
		if got := Text(v); got != want {
			t.Errorf("Text gives %s, not %s", got, want)
		}
	}
	if Writable(math.NaN()) != "NaN" || Writable(far) != "12026-01-02T03:04:05Z" || Writable(1.5) != 1.5 {
		t.Error("plain values are not written as they should be")
	}
}
