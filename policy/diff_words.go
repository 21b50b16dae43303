package policy

import (
	"cmp"
	"reflect"
	"strings"
)

// words reports what differs and was not said otherwise: each part of the file is
// compared whole, places aside.
func (d *diff) words() {
	for _, c := range d.changes {
		d.said[c.Key] = true
	}
	a, b := reflect.ValueOf(d.old.Document).Elem(), reflect.ValueOf(d.now.Document).Elem()
	for i := range a.NumField() {
		key, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("key"), ",")
		switch key {
		case "", "avow", "updated", "effective":
			continue
		}
		d.part(key, a.Field(i), b.Field(i))
	}
}

// part goes down to the smallest named parts that differ, and reports those of
// which nothing was said.
func (d *diff) part(key string, a, b reflect.Value) {
	switch {
	case sameWords(a, b):
	case isEntries(a.Type()):
		d.entries(key, a, b)
	case holdsParts(a.Type()):
		d.parts(key, a, b)
	case !d.mentioned(key):
		d.add(Restates, key, "the words of "+quote(key)+" changed")
	}
}

// parts compares a part that holds named parts and words of its own.
func (d *diff) parts(key string, a, b reflect.Value) {
	own := false
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("key"), ",")
		switch {
		case sameWords(a.Field(i), b.Field(i)):
		case !isEntries(a.Field(i).Type()):
			own = true
		case name == "":
			d.entries(key, a.Field(i), b.Field(i))
		default:
			d.entries(key+"."+name, a.Field(i), b.Field(i))
		}
	}
	if own && !d.said[key] {
		d.add(Restates, key, "the words of "+quote(key)+" changed")
	}
}

// entries compares two mappings name by name.
func (d *diff) entries(key string, a, b reflect.Value) {
	differ := false
	for i := range b.Len() {
		name := b.Index(i).FieldByName("Key").String()
		was, known := entryOf(a, name)
		is := b.Index(i).FieldByName("Is")
		switch {
		case !known:
			differ = true
			d.unlessSaid(key+"."+name, quote(name)+" is new")
		case !sameWords(was, is):
			differ = true
			d.part(key+"."+name, was, is)
		}
	}
	for i := range a.Len() {
		name := a.Index(i).FieldByName("Key").String()
		if _, known := entryOf(b, name); !known {
			differ = true
			d.unlessSaid(key+"."+name, quote(name)+" is gone")
		}
	}
	if !differ && !sameWords(a, b) {
		d.add(Restates, key, "the order of "+quote(key)+" changed")
	}
}

func (d *diff) unlessSaid(key, what string) {
	if !d.mentioned(key) {
		d.add(Restates, key, what)
	}
}

func entryOf(entries reflect.Value, name string) (reflect.Value, bool) {
	for i := range entries.Len() {
		if entries.Index(i).FieldByName("Key").String() == name {
			return entries.Index(i).FieldByName("Is"), true
		}
	}
	return reflect.Value{}, false
}

// mentioned reports whether a change was said at the key, below it, or, for a new
// name in a list of names, at the list.
func (d *diff) mentioned(key string) bool {
	parent := key[:max(strings.LastIndex(key, "."), 0)]
	if d.said[key] || d.said[parent] {
		return true
	}
	for k := range d.said {
		if strings.HasPrefix(k, key+".") || strings.HasPrefix(k, key+"[") {
			return true
		}
	}
	return false
}

// holdsParts reports whether a part has named parts in it that are more than a text.
func holdsParts(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i).Type; isEntries(f) {
			is, _ := f.Elem().FieldByName("Is")
			if is.Type.Kind() == reflect.Struct && is.Type != textType && is.Type != pageType {
				return true
			}
		}
	}
	return false
}

var (
	textType = reflect.TypeFor[Text]()
	pageType = reflect.TypeFor[Page]()
)

// isEntries reports whether a type is a mapping from names.
func isEntries(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Struct {
		return false
	}
	_, key := t.Elem().FieldByName("Key")
	_, is := t.Elem().FieldByName("Is")
	return key && is
}

func sameFields(a, b reflect.Value) bool {
	for i := range a.NumField() {
		if !sameWords(a.Field(i), b.Field(i)) {
			return false
		}
	}
	return true
}

var posType = reflect.TypeFor[Pos]()

// sameWords reports whether two parts of a document say the same, wherever they stand.
func sameWords(a, b reflect.Value) bool {
	if a.Type() == posType {
		return true
	}
	switch a.Kind() {
	case reflect.Struct:
		return sameFields(a, b)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameWords(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// lineOf finds the line of a key by walking the document along it; 0 when it is not there.
func (d *Document) lineOf(key string) int { return walk(reflect.ValueOf(d).Elem(), key, 0) }

// walk follows a key down from a part that stands at a line. Names may hold dots,
// so that every way to split the key is tried.
func walk(v reflect.Value, key string, line int) int {
	switch {
	case key == "":
		return line
	case isEntries(v.Type()):
		for i := range v.Len() {
			e := v.Index(i)
			if rest, ok := below(key, e.FieldByName("Key").String()); ok {
				if found := walk(e.FieldByName("Is"), rest, e.FieldByName("Pos").Interface().(Pos).Line); found > 0 {
					return found
				}
			}
		}
	case v.Kind() == reflect.Struct:
		return walkFields(v, key, line)
	}
	return 0
}

func walkFields(v reflect.Value, key string, line int) int {
	for i := range v.NumField() {
		name, form, _ := strings.Cut(v.Type().Field(i).Tag.Get("key"), ",")
		rest, ok := below(key, name)
		if form == "rest" {
			rest, ok = key, true
		}
		if !ok {
			continue
		}
		if found := walk(v.Field(i), rest, cmp.Or(lineIn(v.Field(i)), line)); found > 0 {
			return found
		}
	}
	return 0
}

// below gives what follows a name at the beginning of a key.
func below(key, name string) (string, bool) {
	if key == name {
		return "", true
	}
	return strings.CutPrefix(key, name+".")
}

// lineIn is the first line a part says it stands in.
func lineIn(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == posType {
			return v.Interface().(Pos).Line
		}
		if p := v.FieldByName("Pos"); p.IsValid() {
			return lineIn(p)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			return lineIn(v.Index(0))
		}
	}
	return 0
}
