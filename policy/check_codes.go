package policy

// Codes of problems. They are stable: scripts and comments refer to them.
const (
	codeUnknownName    = "unknown-name"
	codeDuplicate      = "duplicate"
	codeReservedName   = "reserved-name"
	codeTooMany        = "too-many"
	codeCycle          = "cycle"
	codeRenamedPolicy  = "renamed-policy"
	codeEarlierVersion = "earlier-version"
	codeEndsLiving     = "ends-living"
	codeNoAddress      = "no-address"
)
