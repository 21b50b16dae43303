package datamap

import (
	"strings"

	"github.com/avowhq/avow/policy"
)

// How the types that read themselves are written, for the reference and for editors.

type object = map[string]any

func textOf(pattern string) object {
	o := object{"type": "string"}
	if pattern != "" {
		o["pattern"] = pattern
	}
	return o
}

func anyOf(schemas ...object) object { return object{"anyOf": schemas} }

func define(name string) object { return object{"$ref": "#/$defs/" + name} }

// Form is how a name is written.
func (Word) Form() policy.Form {
	return policy.Form{Name: "word", Called: "a name", Says: "a name, as the database or you wrote it",
		Schema: object{"type": []string{"string", "number"}, "maxLength": maxWord}}
}

// Form is how the columns a rule counts from are written.
func (Moments) Form() policy.Form {
	return policy.Form{Name: "moments", Called: "a moment",
		Says: "a column; or `orders.bought_at`, a column of a table that refers to this one; or where the rule counts from several events, one for each that is known: `{last-contact: last_seen_at, purchase: orders.bought_at}`",
		More: "An end that is the `latest` of several has come when each of them has; the `earliest` when one has. While a column is empty, or an event has no column, nobody knows when its period ends: it has not.\n\n" +
			"Of `orders.bought_at` the latest in all rows of `orders` counts that refer to the row (and meet the `when` of the reference and of `orders`). Nobody knows it of a row that nothing refers to, nor while it is empty in a row that does. " +
			"Where several references lead here, the reference is named: `orders.buyer.bought_at`. Such moments are read in databases; in files, documents and services the rule is listed as not carried out.\n\n",
		Schema: anyOf(define("word"), object{"type": "object", "additionalProperties": define("word")}), With: []any{Word{}}}
}

// Form is how credentials are pointed at.
func (Credentials) Form() policy.Form {
	return policy.Form{Name: "credentials", Called: "a place of credentials",
		Says:   "`env:NAME` for a variable, `file:/path` for a file, `secret:name` for one of the secrets the program is given; never what opens the system itself",
		Schema: textOf(credentialPattern.String())}
}

// Form is how it is said what a database is asked for.
func (Taken) Form() policy.Form {
	one := object{"enum": []string{"keys", "references"}}
	return policy.Form{Name: "taken", Called: "what the database says", Says: "`keys`, `references` or both: `[keys, references]`",
		Schema: anyOf(one, object{"type": "array", "items": one})}
}

var relationSchema = object{"enum": []string{"owns", "shares", "mentions"}}

// Form is how a relation is written.
func (RelationEntry) Form() policy.Form {
	return policy.Form{Name: "relation", Called: "a relation", Says: "`owns`, `shares` or `mentions`", Schema: relationSchema,
		More: "- `owns`: the row is about this person. It is shown and erased.\n" +
			"- `shares`: it belongs to several people. It is shown; erasing takes this person's columns and link out of it, and the row when the last of them leaves.\n" +
			"- `mentions`: it is about somebody else. It is shown without what is theirs, and never erased through this person.\n\n"}
}

// Form is how the relations of a table are written.
func (Relations) Form() policy.Form {
	return policy.Form{Name: "relations", Called: "a table's relation",
		Says:   "one [relation](#how-a-relation-is-written) for every way, or one for each: `{itself: owns, invited_by: mentions}`, where `itself` is the identity in the row, `name` a reference of this table and `table.name` one of another that points here",
		Schema: anyOf(relationSchema, object{"type": "object", "additionalProperties": relationSchema})}
}

// Form is how a condition is written.
func (Condition) Form() policy.Form {
	return policy.Form{Name: "condition", Called: "a condition",
		Says:   "columns and values with `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `is empty`, joined by `and`, `or`, `not` and brackets: `kind = 'person' and not (email is empty)`; texts stand in single quotes, names with spaces in double ones",
		Schema: object{"type": "string", "maxLength": maxCondition}}
}

// Form is how a rule of erasing is written.
func (Rule) Form() policy.Form {
	return policy.Form{Name: "rule", Called: "a rule of erasing",
		Says: "`delete`, `clear`, `mask(how)`, or `{keep: {because: …, for: …}}`",
		More: "- `delete`: the row goes.\n- `clear`: the value goes, the row stays.\n- `mask(how)`: another value takes its place; how is one of `" +
			strings.Join(maskWays, "`, `") + "`, or a text in quotes: `mask(\"removed\")`.\n" +
			"- `keep`: it stays, for a reason that is told to the person, until a rule of the policy's retention or a period ends (gdpr:17(3)).\n\n",
		Schema: anyOf(object{"enum": []string{"delete", "clear"}}, textOf(`^mask\(`),
			object{"type": "object", "properties": object{"keep": define("keep-for")}, "required": []string{"keep"}, "additionalProperties": false}),
		With: []any{KeepFor{}}}
}

// Form is how an end of keeping is written.
func (KeepUntil) Form() policy.Form {
	return policy.Form{Name: "keep-until", Called: "an end of keeping",
		Says:   "the name of a rule of the policy's `retention`, a period with the column it counts from (`7 years after issued_at`), or `end of legal duty`",
		Schema: textOf("")}
}

// Short is what may stand for a column.
func (Column) Short() any { return policy.DataRefs(nil) }

// Short is what may stand for an identity.
func (Identity) Short() any { return Word{} }

// Short is what may stand for a reference.
func (Reference) Short() any { return []Word(nil) }

// Short is what may stand for a restriction.
func (Restriction) Short() any { return Word{} }
