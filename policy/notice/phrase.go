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

// BasisMeans says what a lawful basis means to the person: `You said yes, and can
// take it back at any time.`
func BasisMeans(p *policy.Policy, basis, lang string) string {
	return newBuilder(p, Options{Lang: lang}).named("basis.", basis+".means").String()
}

// Change writes a change for people: `“Our newsletter” may now use items.` The policy is the later version.
func Change(p *policy.Policy, c policy.Change, lang string) string {
	return sentence(newBuilder(p, Options{Lang: lang}).change(c)).String()
}

// Text is a text of the policy in a language, or in the one that prevails.
func Text(p *policy.Policy, t policy.Text, lang string) string {
	return newBuilder(p, Options{Lang: lang}).text(t).String()
}

// Decisions says what is decided about people by machines (gdpr:15(1)(h)), a paragraph each.
func Decisions(p *policy.Policy, lang string) []string {
	out := []string{}
	for _, block := range newBuilder(p, Options{Lang: lang}).decisions().Blocks {
		if len(block.Text) > 0 {
			out = append(out, block.Text.String())
		}
		for _, item := range block.Items {
			line := item.Term.String() + ":"
			for _, part := range item.Body {
				line += " " + sentence(part).String()
			}
			out = append(out, line)
		}
	}
	return out
}
