package policy

import (
	"reflect"

	"github.com/avowhq/avow"
)

// object is a JSON object.
type object = map[string]any

// form is how a value that reads itself may be written: for the schema, and for
// people.
type form struct {
	name   string // in the schema's definitions
	called string // in the reference
	says   string // for people
	schema object
	more   string         // what the reference adds
	with   []reflect.Type // whose definitions the schema refers to
}

// Formed is a type of another room that reads itself and says how it is written.
type Formed interface{ Form() Form }

// Form is how a value is written.
type Form struct {
	Name   string         // in the schema's definitions
	Called string         // in the reference: `a rule`
	Says   string         // what may be written, for people
	More   string         // what the reference adds, in Markdown
	Schema map[string]any // JSON Schema
	With   []any          // values of the types whose definitions Schema refers to, as #/$defs/ and their form's name
}

// Shortened is a struct of another room in whose place a value of another type may stand.
type Shortened interface{ Short() any }

// shortOf is what may stand in the place of a group of keys.
func shortOf(t reflect.Type) (reflect.Type, bool) {
	if s, ok := reflect.Zero(t).Interface().(Shortened); ok {
		return reflect.TypeOf(s.Short()), true
	}
	return nil, false
}

func formedBy(t reflect.Type) (form, bool) {
	formed, ok := reflect.Zero(t).Interface().(Formed)
	if !ok {
		return form{}, false
	}
	f := formed.Form()
	out := form{name: f.Name, called: f.Called, says: f.Says, schema: f.Schema, more: f.More}
	for _, v := range f.With {
		out.with = append(out.with, reflect.TypeOf(v))
	}
	return out, true
}

func written(name, called, says string, schema object) form {
	return form{name: name, called: called, says: says, schema: schema}
}

// formOf is the form of a type that reads itself.
func formOf(t reflect.Type) (form, bool) {
	switch reflect.Zero(t).Interface().(type) {
	case Text:
		return written("text", "a text", "a text, or one for each language: `{en: …, nl: …}`", textSchema()), true
	case Words:
		return written("texts", "a list of texts", "a text or a list of texts", listOf(ref("text"))), true
	case Ref:
		return written("name", "a name", "a name", nameSchema()), true
	case Refs:
		return written("names", "a list of names", "a name or a list of names", listOf(ref("name"))), true
	case DataRef:
		return written("data", "data", "data", dataSchema()), true
	case DataRefs:
		return written("data-list", "data", "a category (`contact`), a field (`contact.email`), `all`, `only-what-is-needed`, or a list of them", listOf(ref("data"))), true
	case Places:
		return written("places", "a place", "a country or region (`NL`, `US-CA`, `EU`, `South Africa`), `anywhere`, `everyone-else`, a list, or a description in small letters", listOf(object{"type": "string", "minLength": 2})), true
	case Flag:
		return written("yes-or-no", "yes or no", "`yes` or `no`", object{"enum": []any{"yes", "no", "true", "false", true, false}}), true
	case Date:
		return written("date", "a date", "a day (`2026-11-30`) or a month (`2026-11`)", object{"type": "string", "pattern": `^\d{4}-\d{2}(-\d{2})?$`}), true
	case Number:
		return written("number", "a number", "a whole number", oneOfSchemas(object{"type": "integer", "minimum": 0}, object{"type": "string", "pattern": `^\d+$`})), true
	}
	return moreForms(t)
}

func moreForms(t reflect.Type) (form, bool) {
	switch reflect.Zero(t).Interface().(type) {
	case Period:
		return written("period", "a period", "a number of `hours`, `days`, `weeks`, `months` or `years`, such as `30 days` or `within 1 month`",
			object{"type": "string", "pattern": `^(within )?\d{1,5} (hour|day|week|month|year)s?$`}), true
	case RegimeRef:
		return written("law", "a law", "the short name of a law", object{"enum": anys(regimeNames())}), true
	case Bases:
		return written("bases", "a lawful basis", "a lawful basis; a list, any one of which will do; or both kinds of people apart: `{individual: …, business: …}`", basesSchema()), true
	case Until:
		return written("end", "an end", "a period with the event it counts from (`30 days after collection`), an event, `{latest: […]}`, `{earliest: […]}`, an end for each case, `{moves-to: …}`, `as the schedule says`, `end of legal duty`, `no longer needed for its purposes or by law`, `for ever` or `not-stated`", untilSchema()), true
	case Safe:
		return written("safeguard-chosen", "a safeguard", "a safeguard by name, a list, `{any-of: […]}` or `not-stated`; built in are `adequacy`, `standard-clauses`, `binding-rules`, `certification` and `gdpr:49`",
			oneOfSchemas(ref("names"), closed(object{"any-of": ref("names")}, "any-of"))), true
	case Combine:
		return written("combination", "a combination", "`all-sources`, or data and what it may be brought together with: `{contact: with vendors}`",
			oneOfSchemas(object{"const": "all-sources"}, object{"type": "object", "additionalProperties": listOf(object{"type": "string"})})), true
	case Listings:
		return written("listings", "groups of purposes", "the name of a group, a list of them, or each with the purpose it is printed behind: `{contract: {after: debts}}`",
			oneOfSchemas(ref("names"), object{"type": "object", "minProperties": 1, "additionalProperties": closed(object{"after": ref("name")}, "after")})), true
	case Page:
		return written("page", "a page", "the address of a page, or `{url: …, serves: [US]}` where it is for people of some places",
			oneOfSchemas(scalarSchema(), closed(object{"url": scalarSchema(), "serves": ref("places")}, "url"))), true
	case Never:
		return written("promise", "a promise", "a promise, with what it is about: "+oneOf(neverKinds()), neverSchema()), true
	}
	return formedBy(t)
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func oneOfSchemas(schemas ...object) object { return object{"anyOf": schemas} }

// listOf is one of something, or a list of it.
func listOf(one object) object {
	return oneOfSchemas(one, object{"type": "array", "items": one})
}

// closed is an object with these keys and no others.
func closed(properties object, required ...string) object {
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func anys(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// textSchema admits what other readers of YAML take for numbers and booleans:
// here it is text.
func textSchema() object {
	return oneOfSchemas(scalarSchema(), object{"type": "object", "minProperties": 1,
		"propertyNames": object{"pattern": languageTag.String()}, "additionalProperties": scalarSchema()})
}

func scalarSchema() object { return object{"type": []string{"string", "number", "boolean"}} }

func nameSchema() object {
	return object{"type": []string{"string", "number"}, "maxLength": maxName, "pattern": `^[\p{L}\p{N}][\p{L}\p{N}_.:()\-]*$`}
}

func dataSchema() object {
	const name = `[\p{L}\p{N}][\p{L}\p{N}_\-]*`
	return object{"type": "string", "pattern": `^` + name + `(\.` + name + `)?$`}
}

// basesSchema has the bases as words so that editors can offer them.
func basesSchema() object {
	term := oneOfSchemas(
		object{"enum": anys(avow.Bases())},
		object{"type": "string", "pattern": `^[a-z][a-z-]+ if \S+( or \S+)*$`, "description": "a basis for some people alone: `contract if party or asked-first`"},
		object{"type": "string", "pattern": ` where the law asks for it, otherwise `},
		object{"type": "string", "pattern": articlePattern.String(), "description": "an article of law"},
		closed(object{"law": object{"type": "string"}, "if": ref("names")}, "law"),
		closed(object{"where-law-asks": ref("bases"), "otherwise": ref("bases")}, "where-law-asks", "otherwise"))
	kinds := closed(object{"individual": listOf(term), "business": listOf(term)}, "individual", "business")
	return oneOfSchemas(listOf(term), kinds)
}

func untilSchema() object {
	several := object{"type": "array", "minItems": 2, "items": ref("end")}
	return oneOfSchemas(
		object{"type": "string"},
		closed(object{"latest": several}, "latest"),
		closed(object{"earliest": several}, "earliest"),
		closed(object{"moves-to": ref("name")}, "moves-to"),
		object{"type": "object", "minProperties": 1, "additionalProperties": ref("end"),
			"propertyNames": object{"not": object{"enum": []string{"latest", "earliest", "moves-to"}}}})
}

func neverSchema() object {
	properties := object{}
	var alone []string
	for _, kind := range neverKinds() {
		properties[kind] = ref("data-list")
		switch neverTakes[NeverKind(kind)] {
		case neverAlone:
			alone = append(alone, kind)
			properties[kind] = ref("names")
		case neverNames:
			properties[kind] = ref("names")
		case neverPlaces:
			properties[kind] = ref("places")
		case neverPurpose:
			properties[kind] = oneOfSchemas(ref("names"), object{"type": "object", "maxProperties": 1, "additionalProperties": ref("data-list")})
		}
	}
	about := closed(properties)
	about["minProperties"], about["maxProperties"] = 1, 1
	return oneOfSchemas(object{"enum": anys(alone)}, about)
}
