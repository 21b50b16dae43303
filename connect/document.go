package connect

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// documentText is JSON with sorted keys.
func documentText(v any) string {
	text, err := json.Marshal(Writable(v))
	if err != nil {
		return ""
	}
	return string(text)
}

// Writable is a value as JSON can hold it: what databases know and JSON does not (a number
// without end, a moment after the year 9999) is a text.
func Writable(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	case time.Time:
		if y := v.UTC().Year(); y < 0 || y > 9999 {
			return Text(v)
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, each := range v {
			out[name] = Writable(each)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			out[i] = Writable(each)
		}
		return out
	}
	return v
}
