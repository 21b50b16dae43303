package connect

import "strings"

// TableName is what a table is called here: its name, with its schema in front where one is
// given. Of both, what has a dot in it stands in double quotes: `"a.b"` is one table, and
// `a.b` is the table b of the schema a.
func TableName(schema, name string) string {
	if schema == "" {
		return quotePart(name)
	}
	return quotePart(schema) + "." + quotePart(name)
}

// SplitTable takes apart what TableName made; no schema where none stands in front.
func SplitTable(name string) (schema, table string) {
	start := 0
	for at := 0; at < len(name); {
		if end := quotedEnd(name, at); at == start && end > 0 {
			at = end
			continue
		}
		if name[at] == '.' {
			start = at + 1
		}
		at++
	}
	if start > 0 {
		schema = unquotePart(name[:start-1])
	}
	return schema, unquotePart(name[start:])
}

func quotePart(part string) string {
	if !strings.Contains(part, ".") && !strings.HasPrefix(part, `"`) {
		return part
	}
	return `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
}

func unquotePart(part string) string {
	if end := quotedEnd(part, 0); end == 0 || end < len(part) {
		return part
	}
	return strings.ReplaceAll(part[1:len(part)-1], `""`, `"`)
}

// quotedEnd is where a part in quotes ends that begins at a place; 0 where none does.
func quotedEnd(name string, at int) int {
	if at >= len(name) || name[at] != '"' {
		return 0
	}
	for i := at + 1; i < len(name); i++ {
		switch {
		case name[i] != '"':
		case i+1 < len(name) && name[i+1] == '"':
			i++
		case i+1 == len(name) || name[i+1] == '.':
			return i + 1
		default:
			return 0
		}
	}
	return 0
}
