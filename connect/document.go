package connect

import "encoding/json"

// documentText is JSON with sorted keys; what cannot be written as JSON is no value.
func documentText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
