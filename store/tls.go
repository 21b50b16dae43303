package store

import (
	"os"
	"regexp"
	"strings"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5"
)

var saysTLS = regexp.MustCompile(`(^|[?&\s])sslmode\s*=`)

// parseDSN reads a connection string. A server on another machine has to prove who it is,
// unless the string or PGSSLMODE says otherwise: what goes there is about people, and libpq's
// own default takes an unproved server, and none that encrypts.
func parseDSN(dsn string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil || os.Getenv("PGSSLMODE") != "" || saysTLS.MatchString(dsn) || !faraway(cfg) {
		return cfg, err
	}
	return pgx.ParseConfig(verified(dsn))
}

// verified is a connection string, an address or a list of words, with what it did not say.
func verified(dsn string) string {
	const mode = "sslmode=verify-full"
	switch {
	case !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://"):
		return dsn + " " + mode
	case strings.Contains(dsn, "?"):
		return dsn + "&" + mode
	}
	return dsn + "?" + mode
}

// faraway reports whether any of the servers is on another machine.
func faraway(cfg *pgx.ConnConfig) bool {
	if !avow.ThisMachine(cfg.Host) {
		return true
	}
	for _, f := range cfg.Fallbacks {
		if !avow.ThisMachine(f.Host) {
			return true
		}
	}
	return false
}
