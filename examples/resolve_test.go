package examples_test

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/avowhq/avow/policy"
)

// found is one part of a document that a path leads to.
type found struct {
	path string
	part reflect.Value
}

// resolve finds every part of a document that a path leads to and that was
// written. A path is keys joined by dots, `*` for any; after an optional ` = `
// stands the text a part must have.
func resolve(doc *policy.Document, path string) []found {
	path, want, valued := strings.Cut(path, " = ")
	at := []found{{part: reflect.ValueOf(doc).Elem()}}
	for _, key := range strings.Split(path, ".") {
		var next []found
		for _, f := range at {
			for _, n := range step(f.part, key) {
				n.path = strings.TrimPrefix(f.path+"."+n.path, ".")
				next = append(next, n)
			}
		}
		at = next
	}
	var out []found
	for _, f := range at {
		if text := words(f.part); written(f.part) && (!valued || text == want) {
			out = append(out, f)
		}
	}
	return out
}

// step goes one key further. The lists of a document are reached by `*` or by
// number, its promises by their kind, and a text in several languages is one part.
func step(v reflect.Value, key string) []found {
	switch part := v.Interface().(type) {
	case []policy.Never:
		return promises(part, key)
	case policy.Never:
		return step(reflect.ValueOf(stated(part)), key)
	case policy.Bases:
		return choose(key, map[string]any{"individual": part.Individual, "business": part.Business})
	case policy.Combine:
		return step(reflect.ValueOf(part.With), key)
	case policy.Listings:
		return listings(part, key)
	case policy.Listing:
		return choose(key, map[string]any{"after": part.After})
	case policy.Text:
		return step(reflect.ValueOf(part.In), key)
	case policy.Until:
		return ends(part, key)
	case policy.CombineWith:
		return step(reflect.ValueOf(part.With), key)
	}
	switch v.Kind() {
	case reflect.Slice:
		return items(v, key)
	case reflect.Struct:
		return keys(v, key)
	}
	return nil
}

// ends goes into an end that has several.
func ends(u policy.Until, key string) []found {
	switch {
	case key == "latest" && u.Form == policy.UntilLatest, key == "earliest" && u.Form == policy.UntilEarliest:
		return []found{{key, reflect.ValueOf(u.Of)}}
	case key == "moves-to" && u.Form == policy.UntilMoved:
		return []found{{key, reflect.ValueOf(u.To)}}
	}
	return step(reflect.ValueOf(u.Cases), key)
}

func promises(list []policy.Never, key string) []found {
	var out []found
	for _, n := range list {
		if key == "*" || key == string(n.Kind) {
			out = append(out, found{string(n.Kind), reflect.ValueOf(n)})
		}
	}
	return out
}

// stated is what a promise is about, as texts.
func stated(n policy.Never) []string {
	var out []string
	for _, d := range n.Data {
		out = append(out, words(reflect.ValueOf(d)))
	}
	for _, r := range n.What {
		out = append(out, r.Name)
	}
	return out
}

func listings(list policy.Listings, key string) []found {
	var out []found
	for _, l := range list {
		if key == "*" || key == l.Group {
			out = append(out, found{l.Group, reflect.ValueOf(l)})
		}
	}
	return out
}

func choose(key string, parts map[string]any) []found {
	if part, ok := parts[key]; ok {
		return []found{{key, reflect.ValueOf(part)}}
	}
	return nil
}

func items(v reflect.Value, key string) []found {
	var out []found
	for i := range v.Len() {
		item, name := v.Index(i), fmt.Sprint(i)
		if isEntry(item) {
			name, item = item.FieldByName("Key").String(), item.FieldByName("Is")
		}
		if key == "*" || key == name {
			out = append(out, found{name, item})
		}
	}
	return out
}

func isEntry(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.FieldByName("Key").IsValid() && v.FieldByName("Is").IsValid()
}

// keys finds a key of a struct: by its tag, inside what is written in line, and
// among the names the author chose. `*` stands for those alone.
func keys(v reflect.Value, key string) []found {
	var out []found
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("key"), ",")
		switch {
		case name == key && name != "":
			return []found{{key, v.Field(i)}}
		case option == "inline":
			out = append(out, keys(v.Field(i), key)...)
		case option == "rest":
			out = append(out, items(v.Field(i), key)...)
		}
	}
	return out
}

// written reports whether a part stands in the file.
func written(v reflect.Value) bool {
	switch part := v.Interface().(type) {
	case policy.Flag:
		return part.Set
	case policy.Number:
		return part.Set
	}
	return !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0)
}

// words is a part as text, where it is short enough to have one.
func words(v reflect.Value) string {
	switch part := v.Interface().(type) {
	case string:
		return part
	case policy.Text:
		return part.Plain
	case policy.Ref:
		return part.Name
	case policy.RegimeRef:
		return string(part.Regime)
	case policy.DataRef:
		return dataWords(part)
	case policy.Flag:
		return map[bool]string{true: "yes", false: "no"}[part.Yes]
	case policy.Date:
		return dateWords(part)
	case policy.Places:
		return placeWords(part)
	case policy.BasisTerm:
		return basisWords(part)
	case policy.Safe:
		return strings.Join(names(part.AnyOf), " ")
	case policy.Until:
		return untilWords(part)
	case policy.Combine:
		return map[bool]string{true: "all-sources"}[part.All]
	}
	if v.Kind() == reflect.Slice && v.Len() == 1 {
		return words(v.Index(0))
	}
	return ""
}

func dataWords(d policy.DataRef) string {
	switch {
	case d.All:
		return "all"
	case d.Needed:
		return "only-what-is-needed"
	case d.Field != "":
		return d.Category + "." + d.Field
	}
	return d.Category
}

func dateWords(d policy.Date) string {
	if d.Day == 0 {
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

func placeWords(p policy.Places) string {
	switch {
	case p.EveryoneElse:
		return "everyone-else"
	case p.Anywhere:
		return "anywhere"
	case p.Words != "":
		return p.Words
	}
	var out []string
	for _, r := range p.Regions {
		out = append(out, string(r))
	}
	return strings.Join(out, " ")
}

func basisWords(b policy.BasisTerm) string {
	text := b.Basis.String()
	if b.Law != "" {
		text = b.Law
	}
	if len(b.If) > 0 {
		text += " if " + strings.Join(names(b.If), " or ")
	}
	return text
}

func names(refs policy.Refs) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Name)
	}
	return out
}

func groups(list policy.Listings) []string {
	var out []string
	for _, l := range list {
		out = append(out, l.Group)
	}
	return out
}

func untilWords(u policy.Until) string {
	switch u.Form {
	case policy.UntilSchedule:
		return "as the schedule says"
	case policy.UntilNeeded:
		return "no longer needed for its purposes or by law"
	case policy.UntilNotStated:
		return "not-stated"
	case policy.UntilForEver:
		return "for ever"
	case policy.UntilPeriod:
		return fmt.Sprintf("%d %s after %s", u.Period.N, u.Period.Unit, u.After)
	}
	return u.Event
}
