package policy

// names is the name → index tables of a policy, extended by each version.
type names struct {
	fields, purposes, recipients, roles, facts map[string]int
	categories                                 map[string]FieldSet // of this version, with parts
}

// Problem is one thing wrong with a file. Its text form is
// `file:line:column: error: message`, followed by the suggestion.
type Problem struct {
	File    string `json:"file"`
	Pos     `json:"-"`
	Warning bool   `json:"warning"`
	Code    string `json:"code"`              // stable short name: `unknown-name`, `no-retention`
	Message string `json:"message"`           // what is wrong, in a sentence
	Text    string `json:"text,omitempty"`    // the offending text
	Suggest string `json:"suggest,omitempty"` // what to do: `did you mean "newsletter"?`
}
