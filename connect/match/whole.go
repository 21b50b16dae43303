package match

import "github.com/avowhq/avow/connect"

// Fields is what a document holds, as text by path, for connect.Whole: each field, of a list
// all elements a line each, and under a path with `{}` behind it the names of the fields,
// which can be somebody's address where a document has a key for each person.
func Fields(d map[string]any) map[string]any {
	out := map[string]any{}
	gather(out, "", d)
	return out
}

func gather(out map[string]any, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for name, each := range v {
			line(out, path+"{}", name)
			gather(out, under(path, name), each)
		}
	case []any:
		for _, each := range v {
			gather(out, path+"[]", each)
		}
	case []byte:
		line(out, path, string(v))
	default:
		line(out, path, connect.Text(v))
	}
}

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func line(out map[string]any, path, text string) {
	if was, ok := out[path].(string); ok {
		text = was + "\n" + text
	}
	out[path] = text
}
