package saas

import "strings"

// path is a place in JSON: `paging.next.after`, `[0].errorCode`, `results[].to[]`.
// A part `[]` is every element of a list; what comes with it from above is reached by `^`.
type path []string

// readPath reads a path; false when it is none.
func readPath(text string) (path, bool) {
	if text == "" || text == "." {
		return path{}, true
	}
	var out path
	for part := range strings.SplitSeq(text, ".") {
		name, rest, list := strings.Cut(part, "[")
		if name != "" {
			out = append(out, name)
		}
		for rest != "" {
			index, more, ok := strings.Cut(rest, "]")
			if !ok || index != "" && !digits(index) || more != "" && more[0] != '[' {
				return nil, false
			}
			out = append(out, "["+index)
			rest = strings.TrimPrefix(more, "[")
		}
		if part == "" || list && !strings.HasSuffix(part, "]") || strings.ContainsAny(name, "]\x00") {
			return nil, false
		}
	}
	return out, len(out) <= 20
}

func digits(s string) bool {
	return s != "" && len(s) < 6 && strings.Trim(s, "0123456789") == ""
}

// of finds the one value at the place; nil when there is nothing.
func (p path) of(v any) any {
	for i, part := range p {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			if part == "[" {
				return p[i+1:].each(at)
			}
			v = element(at, part)
		default:
			return nil
		}
	}
	return v
}

// each is the values at the place in every element.
func (p path) each(list []any) []any {
	var out []any
	for _, item := range list {
		if found := p.of(item); found != nil {
			out = append(out, found)
		}
	}
	return out
}

func element(list []any, part string) any {
	if !strings.HasPrefix(part, "[") {
		return nil
	}
	i := 0
	for _, c := range part[1:] {
		i = i*10 + int(c-'0')
	}
	if i >= len(list) {
		return nil
	}
	return list[i]
}

// above is the key under which an element of a list in a list keeps what it stood in.
const above = "^"

// rows lists the rows at the place. Of a list in a list every row also has, under `^`,
// the element it stood in.
func (p path) rows(v any) []any {
	for i, part := range p {
		if part != "[" {
			v = path{part}.of(v)
			continue
		}
		list, _ := v.([]any)
		rest := p[i+1:]
		if len(rest) == 0 {
			return list
		}
		var out []any
		for _, item := range list {
			out = append(out, under(rest.rows(item), item)...)
		}
		return out
	}
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		return []any{v}
	}
	return nil
}

func under(rows []any, parent any) []any {
	out := make([]any, 0, len(rows))
	for _, row := range rows {
		whole := map[string]any{above: parent}
		if keys, ok := row.(map[string]any); ok {
			for k, v := range keys {
				whole[k] = v
			}
		}
		out = append(out, whole)
	}
	return out
}
