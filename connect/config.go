package connect

import "io/fs"

// Config is what is needed to open a system. What Secret holds never stands in an error.
type Config struct {
	System string // its name in the map, for errors
	Kind   string // as in the map
	Secret string // the credentials, as they were found: a connection string, a token
	At     string // files: the folder or bucket; http: the name of its description
	Within string // the schema of tables whose names have none
	Region string // the country of phone numbers without a country code: `GB`
	// ReadOnly opens it so that nothing can be changed, where the system can do that. What is
	// tried and taken back changes nothing.
	ReadOnly bool
	// Folder is where relative names of files stand, and the descriptions of services.
	Folder string
	// Tables are the names in the map. Files are described as these, for what is a pattern there: `exports/*.csv`.
	Tables []string
	Files  fs.FS // the same, for reading descriptions
	// Allow names hosts (`crm.internal`), addresses and networks (`10.2.0.0/16`) inside that
	// services may be reached at, also without TLS. The operator says it, never a file of the map.
	Allow []string
}
