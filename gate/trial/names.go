package trial

import "github.com/avowhq/avow/policy"

// The names a version has, for suggestions.

func purposeNames(p *policy.Policy) (out []string) {
	for i := range p.Purposes {
		out = append(out, p.Purposes[i].Name)
	}
	return out
}

func dataNames(p *policy.Policy) (out []string) {
	for i := range p.Categories {
		out = append(out, p.Categories[i].Name)
	}
	for i := range p.Fields {
		if p.Fields[i].Declared {
			out = append(out, p.Fields[i].Path())
		}
	}
	return out
}

func factNames(p *policy.Policy) (out []string) {
	for i := range p.Facts {
		out = append(out, p.Facts[i].Name)
	}
	return out
}

func sourceNames(p *policy.Policy) (out []string) {
	for i := range p.Sources {
		out = append(out, p.Sources[i].Name)
	}
	return out
}

func agreementNames(p *policy.Policy) (out []string) {
	for i := range p.Agreements {
		out = append(out, p.Agreements[i].Name)
	}
	return out
}

func topicNames(p *policy.Policy) (out []string) {
	for i := range p.Topics {
		out = append(out, p.Topics[i].Name)
	}
	return out
}

func recipientNames(p *policy.Policy) (out []string) {
	for i := range p.Recipients {
		out = append(out, p.Recipients[i].Name)
	}
	return out
}

func roleNames(p *policy.Policy) (out []string) {
	for i := range p.Roles {
		out = append(out, p.Roles[i].Name)
	}
	return out
}

func cookieNames(p *policy.Policy) (out []string) {
	for i := range p.Cookies {
		out = append(out, p.Cookies[i].Pattern)
	}
	return out
}
