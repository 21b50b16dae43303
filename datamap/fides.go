package datamap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow/policy"
)

// FidesFile is a file in the dataset format of Fides.
type FidesFile struct {
	Name string
	Text []byte
}

// Imported is one system made of a dataset: a file for `systems/`.
type Imported struct {
	File string // `shop.yaml`
	Text []byte
}

// ImportFides writes a map from files in the dataset format of Fides, in both of
// its spellings (`fides_meta`, `fidesops_meta`). Everything that cannot be carried
// over, and everything that had to be assumed, is a warning with its place; what
// remains to be decided stands in the files such that Load says so. The error is
// policy.Problems for a file that is not such a text at all, or describes a collection
// twice.
func ImportFides(p *policy.Policy, files ...FidesFile) ([]Imported, policy.Problems, error) {
	im := &importer{policy: p, tables: map[string]*fidesTable{}}
	for _, f := range files {
		if err := im.read(f); err != nil {
			return nil, im.warnings, err
		}
	}
	if im.refused.Errors() {
		sortProblems(im.warnings)
		return nil, im.warnings, im.refused
	}
	im.assemble()
	out, err := im.write()
	sortProblems(im.warnings)
	return out, im.warnings, err
}

// fidesTable is a collection on its way into the map.
type fidesTable struct {
	file       string
	dataset    string
	name, says string
	at         policy.Pos
	key        []string
	identities []line
	references []line
	relations  []line
	columns    []line
	paths      map[string]string // of fields, without brackets → as the map writes them
	nested     bool
	owned      bool // by an identity or a reference
	erase      string
	system     []string // columns that are not personal
}

// line is a key with its value, as YAML.
type line struct{ key, value string }

type importer struct {
	policy   *policy.Policy
	warnings policy.Problems
	refused  policy.Problems // what no file can be made of
	datasets []*fidesSystem
	tables   map[string]*fidesTable // by dataset.collection
	edges    []fidesEdge
	file     string
}

type fidesSystem struct {
	fidesDataset
	file   string
	schema string
	after  []string
	tables []*fidesTable
}

// fidesEdge is a reference that waits until every table is known.
type fidesEdge struct {
	file   string
	from   *fidesTable
	column string
	ref    fidesReference
}

func (im *importer) warn(at policy.Pos, code, message, text, do string) {
	im.warnings = append(im.warnings, policy.Problem{File: im.file, Pos: at, Warning: true, Code: code, Message: message, Text: text, Suggest: do})
}

// read reads one file. What its keys do not know becomes a warning.
func (im *importer) read(f FidesFile) error {
	im.file = f.Name
	var root fidesRoot
	problems := policy.Decode(f.Name, f.Text, &root)
	if len(root.Dataset) == 0 {
		if !problems.Errors() {
			problems = append(problems, wholeFile(f.Name, "no-dataset", "the file holds no dataset", "give a file that begins with `dataset:`"))
		}
		return problems
	}
	for _, p := range problems {
		p.Warning = true
		p.Message += "; it is not carried over"
		im.warnings = append(im.warnings, p)
	}
	for i := range root.Dataset {
		im.dataset(&root.Dataset[i])
	}
	return nil
}

// dropped warns of what was written and has no place in the map.
func (im *importer) dropped(what map[string]ignored) {
	keys := make([]string, 0, len(what))
	for key, v := range what {
		if v.Line > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		im.warn(what[key].Pos, "not-carried-over", policy.Quote(key)+" is not carried over", key, droppedAdvice[key])
	}
}

// droppedAdvice says where what is not carried over stands in avow.
var droppedAdvice = map[string]string{
	"after":                "the order follows from the references",
	"erase_after":          "the order follows from the references; between systems write `erase-after`",
	"retention":            "the policy's retention says how long; tie it to a column under `retention`",
	"data_purposes":        "the policy's purposes say what data is for",
	"skip_processing":      "the table is in the map; remove it there if nothing personal is in it",
	"redact":               "names of columns are not redacted",
	"custom_request_field": "declare an identity of that kind instead",
	"database_name":        "the credentials name the database",
	"format_preservation":  "write `mask(email)` where an address is meant",
	"meta":                 "put what matters into a comment",
	"data_qualifier":       "",
	"tags":                 "put what matters into a comment",
}

// meta takes the newer spelling, or the older; both at once is reported.
func pick[T interface{ At() policy.Pos }](im *importer, now, old T) T {
	switch {
	case now.At().Line == 0:
		return old
	case old.At().Line > 0:
		im.warn(old.At(), "two-spellings", "`fidesops_meta` stands beside `fides_meta` and is not carried over", "fidesops_meta", "put all of it under `fides_meta`")
	}
	return now
}

func (im *importer) dataset(d *fidesDataset) {
	im.named("dataset", "fides_key", d.At(), d.Key)
	meta := pick(im, d.Meta, d.OldMeta)
	s := &fidesSystem{fidesDataset: *d, file: im.file, schema: meta.Namespace.Schema.Text}
	im.dropped(map[string]ignored{"organization_fides_key": d.Organization, "tags": d.Tags, "data_qualifier": d.Qualifier, "retention": d.Retention,
		"data_purposes": d.Purposes, "meta": d.OtherMeta, "description": d.Description,
		"resource_id": meta.ResourceID, "redact": meta.Redact, "database_name": meta.Namespace.Database})
	for _, w := range meta.After {
		s.after = append(s.after, systemOf(w.Text))
	}
	if name := systemOf(d.Key.Text); name != d.Key.Text {
		im.warn(d.Key.Pos, "renamed", policy.Quote(d.Key.Text)+" cannot be the name of a system", d.Key.Text, "it is called "+policy.Quote(name)+" now")
	}
	for i := range d.Collections {
		s.tables = append(s.tables, im.collection(s, &d.Collections[i]))
	}
	im.datasets = append(im.datasets, s)
}

// systemOf makes the name of a system of a dataset's.
func systemOf(key string) string {
	name := strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '-'
	}, key)
	if !isSystemName(name) {
		name = "x" + name[:min(len(name), 50)]
	}
	return name
}

func (im *importer) collection(s *fidesSystem, c *fidesCollection) *fidesTable {
	im.named("collection", "name", c.At(), c.Name)
	meta := pick(im, c.Meta, c.OldMeta)
	t := &fidesTable{file: im.file, dataset: s.Key.Text, name: c.Name.Text, at: c.At(), says: string(c.Description), paths: map[string]string{}}
	im.dropped(map[string]ignored{"data_qualifier": c.Qualifier, "retention": c.Retention, "data_purposes": c.Purposes,
		"after": meta.After, "erase_after": meta.EraseAfter, "skip_processing": meta.Skip, "partitioning": meta.Partitioning, "redact": meta.Redact})
	inherited := c.Categories
	if len(inherited) == 0 {
		inherited = s.Categories
	}
	for i := range c.Fields {
		im.field(t, &c.Fields[i], "", inherited)
	}
	t.erase = im.tableErase(t, meta.Masking)
	if len(t.system) > 0 {
		im.warn(t.at, "not-personal", "in "+policy.Quote(t.name)+" these have no personal category and are left out: "+all(t.system), t.name, "add those that hold personal data")
	}
	im.twice(s, t)
	im.tables[t.dataset+"."+t.name] = t
	return t
}

// named refuses what has no name, so that nothing can be made of it.
func (im *importer) named(what, key string, at policy.Pos, name Word) {
	if name.Text == "" {
		im.refused = append(im.refused, policy.Problem{File: im.file, Pos: at, Code: "no-name", Text: what, Message: "this " + what + " has no name", Suggest: "write it behind `" + key + ":`"})
	}
}

// twice refuses a collection that a dataset describes a second time.
func (im *importer) twice(s *fidesSystem, t *fidesTable) {
	i := slices.IndexFunc(s.tables, func(first *fidesTable) bool { return first.name == t.name })
	if i >= 0 {
		im.refused = append(im.refused, policy.Problem{File: im.file, Pos: t.at, Code: "twice", Text: t.name, Suggest: "put both into one",
			Message: policy.Quote(t.name) + " stands a second time; the first is on line " + strconv.Itoa(s.tables[i].at.Line)})
	}
}

func (im *importer) tableErase(t *fidesTable, m fidesStrategy) string {
	if m.Strategy.Text == "delete" {
		return "delete"
	}
	if m.Line > 0 {
		rule := im.strategy(m)
		if rule != "" {
			return rule
		}
	}
	if len(t.columns) > 0 {
		im.warn(t.at, "assumed", "a dataset does not say what erasing means in "+policy.Quote(t.name)+"; `clear` is assumed", t.name, "decide between `delete`, `clear`, `mask(…)` and `keep`")
	}
	return "clear"
}

// strategy is a way to mask in the words of the map; empty when there is none.
func (im *importer) strategy(m fidesStrategy) string {
	im.dropped(map[string]ignored{"length": m.With.Length, "algorithm": m.With.Algorithm, "mode": m.With.Mode, "format_preservation": m.With.Format})
	switch name := m.Strategy.Text; name {
	case "null_rewrite":
		return "clear"
	case "string_rewrite":
		if rule := `mask("` + m.With.Value.Text + `")`; maskPattern.MatchString(rule) && m.With.Value.Text != "" {
			return rule
		}
		im.warn(m.At(), "not-carried-over", "the text of `string_rewrite` is not carried over", name, "`mask(blank)` is written instead")
		return "mask(blank)"
	case "random_string_rewrite":
		return "mask(random)"
	case "hash", "hmac":
		return "mask(hash)"
	case "aes_encrypt":
		im.warn(m.At(), "not-carried-over", "`aes_encrypt` can be undone and is no erasure", name, "`mask(hash)` is written instead")
		return "mask(hash)"
	default:
		if name == "preserve" {
			im.warn(m.At(), "keep-why", "`preserve` gives no reason and no time", name, "the map refuses that: write `{keep: {because: …, for: …}}`")
			return "keep"
		}
		im.warn(m.At(), "not-carried-over", "the strategy "+policy.Quote(name)+" is not carried over", name, "what is kept needs a reason and a time: `{keep: {because: …, for: …}}`")
	}
	return ""
}

// field carries one field over, and what is nested in it.
func (im *importer) field(t *fidesTable, f *fidesField, above string, inherited []Word) {
	im.named("field", "name", f.At(), f.Name)
	meta := pick(im, f.Meta, f.OldMeta)
	name := above + f.Name.Text
	kind, array := strings.CutSuffix(meta.DataType.Text, "[]")
	if array {
		name += "[]"
	}
	im.dropped(map[string]ignored{"description": f.Description, "data_qualifier": f.Qualifier, "retention": f.Retention, "data_purposes": f.Purposes,
		"custom_request_field": meta.Custom, "redact": meta.Redact})
	t.paths[strings.ReplaceAll(name, "[]", "")] = name
	t.nested = t.nested || array || above != "" || len(f.Fields) > 0
	if meta.PrimaryKey.Yes {
		t.key = append(t.key, name)
	}
	if id := meta.Identity.Text; id != "" {
		t.identities = append(t.identities, line{name, scalar(identityKind(id))})
		t.owned = true
	}
	for _, r := range meta.References {
		im.edges = append(im.edges, fidesEdge{im.file, t, name, r})
	}
	categories := f.Categories
	if len(categories) == 0 {
		categories = inherited
	}
	if len(f.Fields) == 0 {
		im.column(t, f, meta, name, kind, categories)
	}
	for i := range f.Fields {
		im.field(t, &f.Fields[i], name+".", categories)
	}
}

// found is the data of a field without a personal category by which people are found all the same.
func (im *importer) found(t *fidesTable, name, identity string, at policy.Pos) []string {
	category := map[string]string{"email": "user.contact.email", "phone_number": "user.contact.phone_number", "phone": "user.contact.phone_number"}[identity]
	data, ok := im.category(category)
	if category == "" || !ok {
		return nil
	}
	im.warn(at, "assumed", policy.Quote(t.name+"."+name)+" has no personal category, and people are found by it: "+policy.Quote(data)+" is assumed", name, "name the category or field of the policy that it is")
	return []string{data}
}

func identityKind(label string) string {
	if label == "phone_number" {
		return "phone"
	}
	return strings.ReplaceAll(label, "_", "-")
}

// fidesTypes are the types of the format in the words of the map.
var fidesTypes = map[string]string{"string": "text", "integer": "integer", "float": "decimal", "boolean": "boolean", "object_id": "object-id", "object": "json"}

func (im *importer) column(t *fidesTable, f *fidesField, meta fidesFieldMeta, name, kind string, categories []Word) {
	data := im.categories(t, name, categories)
	if id := meta.Identity.Text; len(data) == 0 && !meta.PrimaryKey.Yes {
		data = im.found(t, name, id, meta.Identity.Pos)
	}
	if len(data) == 0 {
		t.system = append(t.system, name)
		return
	}
	if meta.PrimaryKey.Yes {
		im.warn(f.At(), "key-personal", policy.Quote(name)+" is part of the key and personal ("+list(data)+"): it is left out of `columns`, because a key cannot be cleared", name, "delete the rows, or add it with a reason to keep it")
		return
	}
	parts := []string{"is: " + inBrackets(data)}
	if meta.Masking.Line > 0 {
		if rule := im.strategy(meta.Masking); rule != "" {
			parts = append(parts, "erase: "+scalar(rule))
		}
	}
	if known := fidesTypes[kind]; known != "" {
		parts = append(parts, "type: "+known)
	} else if kind != "" {
		im.warn(meta.DataType.Pos, "not-carried-over", "the type "+policy.Quote(kind)+" is not carried over", kind, "")
	}
	if meta.Length.Set {
		parts = append(parts, fmt.Sprintf("max-length: %d", meta.Length.N))
	}
	if meta.ReadOnly.Yes {
		parts = append(parts, "read-only: yes")
		im.warn(meta.ReadOnly.Pos, "read-only", policy.Quote(name)+" cannot be written, so that it cannot be erased", name, "say why it is kept: `erase: {keep: {because: …, for: …}}`")
	}
	if meta.AllElements.Yes {
		parts = append(parts, "all-elements: yes")
	}
	t.columns = append(t.columns, line{name, "{" + strings.Join(parts, ", ") + "}"})
}
