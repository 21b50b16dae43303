package policy

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
