package notice

import "github.com/avowhq/avow/policy"

// Until says in words when keeping ends: `24 months after the last contact`. Lang
// is as in Options.
func Until(p *policy.Policy, u policy.Until, lang string) string {
	return newBuilder(p, Options{Lang: lang}).until(u).String()
}

// FieldTitle is the name of a field as people write it: `E-mail address`.
func FieldTitle(p *policy.Policy, name, lang string) string {
	return capitalised(newBuilder(p, Options{Lang: lang}).field(name)).String()
}
