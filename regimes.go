package avow

import "slices"

// Regime is a law that covers a person, by its short name.
type Regime string

// RegimeFacts is what the policy language and the gate must know of a regime.
// Clocks and rights in full stand in the law room.
type RegimeFacts struct {
	Name         Regime
	Title        string
	Covers       []string // region codes, see Region
	DemandsBasis bool     // a use without a stated lawful basis breaks it
	AsksConsent  bool     // electronic marketing and non-essential cookies need opt-in consent (eprivacy:5(3), eprivacy:13)
	GPC          bool     // Global Privacy Control has legal effect: at least an opt-out
	Ended        string   // the date it ended, when it is no longer in force
}

// Regimes lists the regimes known, the strictest first: the first one a policy
// names is what covers a person whose region is unknown.
func Regimes() []RegimeFacts { return slices.Clone(regimes) }

var regimes = []RegimeFacts{
	{Name: "gdpr", Title: "EU General Data Protection Regulation", Covers: []string{"EEA"}, DemandsBasis: true, AsksConsent: true},
	{Name: "uk-gdpr", Title: "UK GDPR and Data Protection Act 2018", Covers: []string{"GB"}, DemandsBasis: true, AsksConsent: true},
	{Name: "fadp", Title: "Swiss Federal Act on Data Protection", Covers: []string{"CH"}},
	{Name: "lgpd", Title: "Brazil, Lei Geral de Proteção de Dados", Covers: []string{"BR"}, DemandsBasis: true},
	{Name: "popia", Title: "South Africa, Protection of Personal Information Act", Covers: []string{"ZA"}, DemandsBasis: true, AsksConsent: true},
	{Name: "quebec", Title: "Quebec, Law 25", Covers: []string{"CA-QC"}, AsksConsent: true},
	{Name: "pipeda", Title: "Canada, PIPEDA", Covers: []string{"CA"}, AsksConsent: true},
	{Name: "ccpa", Title: "California Consumer Privacy Act", Covers: []string{"US-CA"}, GPC: true},
	{Name: "colorado", Title: "Colorado Privacy Act", Covers: []string{"US-CO"}, GPC: true},
	{Name: "connecticut", Title: "Connecticut Data Privacy Act", Covers: []string{"US-CT"}, GPC: true},
	{Name: "texas", Title: "Texas Data Privacy and Security Act", Covers: []string{"US-TX"}, GPC: true},
	{Name: "oregon", Title: "Oregon Consumer Privacy Act", Covers: []string{"US-OR"}, GPC: true},
	{Name: "virginia", Title: "Virginia Consumer Data Protection Act", Covers: []string{"US-VA"}},
	{Name: "nevada", Title: "Nevada NRS 603A", Covers: []string{"US-NV"}},
	{Name: "australia", Title: "Australia Privacy Act 1988", Covers: []string{"AU"}},
	{Name: "singapore", Title: "Singapore Personal Data Protection Act", Covers: []string{"SG"}, AsksConsent: true},
	{Name: "dpd-1995", Title: "EU Data Protection Directive 95/46/EC", Covers: []string{"EEA"}, Ended: "2018-05-25"},
}

// RegimeByName finds a regime.
func RegimeByName(n Regime) (RegimeFacts, bool) {
	i := slices.IndexFunc(regimes, func(r RegimeFacts) bool { return r.Name == n })
	if i < 0 {
		return RegimeFacts{}, false
	}
	return regimes[i], true
}
