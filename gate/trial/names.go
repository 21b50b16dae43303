package trial

import "github.com/avowhq/avow/policy"

// The names a version has, for suggestions.

// namesOf gives the name of each entry of a table.
func namesOf[T any](table []T, name func(*T) string) []string {
	out := make([]string, len(table))
	for i := range table {
		out[i] = name(&table[i])
	}
	return out
}

func dataNames(p *policy.Policy) []string {
	out := namesOf(p.Categories, func(c *policy.CompiledCategory) string { return c.Name })
	for i := range p.Fields {
		if p.Fields[i].Declared {
			out = append(out, p.Fields[i].Path())
		}
	}
	return out
}

func purposeNames(p *policy.Policy) []string {
	return namesOf(p.Purposes, func(u *policy.CompiledPurpose) string { return u.Name })
}

func factNames(p *policy.Policy) []string {
	return namesOf(p.Facts, func(f *policy.Fact) string { return f.Name })
}

func sourceNames(p *policy.Policy) []string {
	return namesOf(p.Sources, func(s *policy.CompiledSource) string { return s.Name })
}

func agreementNames(p *policy.Policy) []string {
	return namesOf(p.Agreements, func(a *policy.CompiledAgreement) string { return a.Name })
}

func topicNames(p *policy.Policy) []string {
	return namesOf(p.Topics, func(t *policy.Topic) string { return t.Name })
}

func recipientNames(p *policy.Policy) []string {
	return namesOf(p.Recipients, func(r *policy.CompiledRecipient) string { return r.Name })
}

func roleNames(p *policy.Policy) []string {
	return namesOf(p.Roles, func(r *policy.CompiledRole) string { return r.Name })
}

func cookieNames(p *policy.Policy) []string {
	return namesOf(p.Cookies, func(c *policy.CompiledCookie) string { return c.Pattern })
}
