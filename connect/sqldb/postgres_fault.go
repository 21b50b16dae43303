package sqldb

import (
	"errors"
	"net"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect/inside"
	"github.com/jackc/pgx/v5/pgconn"
)

// fault sorts by SQLSTATE. Of what the server says only names of its schema are passed on.
func (postgres) fault(err error) fault {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return connection(err, postgresCA)
	}
	where := ""
	if pg.ConstraintName != "" {
		where = " " + pg.ConstraintName + " of table " + pg.TableName
	}
	switch {
	case pg.Code == "40001" || pg.Code == "40P01":
		return fault{kind: avow.Unavailable, what: "others change the same rows all the time; nothing was changed, try again", again: true}
	case pg.Code == "55P03":
		return fault{kind: avow.Unavailable, what: "others lock the rows; nothing was changed, try again", locked: true}
	case pg.Code == "57014":
		return fault{kind: avow.Unavailable, what: "it took longer than half an hour and was given up; nothing was changed"}
	case pg.Code == "42501":
		return fault{kind: avow.Forbidden, what: "this login may not do that", lacks: true}
	case pg.Code == "25006":
		return fault{kind: avow.Forbidden, what: "the database is read-only here"}
	case pg.Code == "42P01" || pg.Code == "42703" || pg.Code == "3F000":
		return fault{kind: avow.NotFound, what: "a table or column is no longer there", stale: true}
	case strings.HasPrefix(pg.Code, "42"):
		return fault{kind: avow.Internal, what: "PostgreSQL does not understand what was asked (" + pg.Code + ")", stale: true}
	case strings.HasPrefix(pg.Code, "23"):
		return fault{kind: avow.Conflict, what: "the constraint" + where + " refuses it (" + constraintOf[pg.Code] + ")"}
	case strings.HasPrefix(pg.Code, "22"), strings.HasPrefix(pg.Code, "P0"), pg.Code == "09000", strings.HasPrefix(pg.Code, "27"):
		return fault{kind: avow.Conflict, what: "the database or a trigger of it refuses the change (" + pg.Code + ")"}
	case pg.Code == "28000":
		return fault{kind: avow.Forbidden, what: "the server does not accept the login, or not in this way; look at the user, at TLS (sslmode) and at the client certificate (sslcert, sslkey) in its connection string"}
	case strings.HasPrefix(pg.Code, "28"):
		return fault{kind: avow.Forbidden, what: "the server does not accept the login; look at user and password in its connection string"}
	case pg.Code == "3D000":
		return fault{kind: avow.NotFound, what: "the server has no database of that name; look at its connection string"}
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57"), strings.HasPrefix(pg.Code, "58"):
		return fault{kind: avow.Unavailable, what: "the database is away or too busy (" + pg.Code + ")"}
	}
	return fault{kind: avow.Internal, what: "PostgreSQL could not do it (" + pg.Code + ")"}
}

var constraintOf = map[string]string{"23502": "not null", "23503": "foreign key", "23505": "unique", "23514": "check", "23P01": "exclusion", "23001": "restrict"}

// connection is what any driver may meet before the database has a say; ca is how a
// connection string names an authority.
func connection(err error, ca string) fault {
	var network net.Error
	var lookup *net.DNSError
	var dial *net.OpError
	switch {
	case errors.As(err, &lookup):
		return fault{kind: avow.Unavailable, what: "the name of its server is not known; look at its connection string, or at the network"}
	case inside.Distrust(err, ca) != "":
		return fault{kind: avow.Unavailable, what: inside.Distrust(err, ca)}
	case isTLS(err):
		return fault{kind: avow.Unavailable, what: "TLS with its server was not made: it speaks none, or another version; turn it on at the server"}
	case errors.As(err, &network) && network.Timeout():
		return fault{kind: avow.Unavailable, what: "its server does not answer in time"}
	case errors.As(err, &dial) && dial.Op == "dial":
		return fault{kind: avow.Unavailable, what: "its server cannot be reached; see that it runs, and look at host and port in its connection string"}
	}
	return fault{kind: avow.Unavailable, what: "its server cannot be reached, or the connection broke; when a change was under way it is not known whether it was done"}
}

func isTLS(err error) bool {
	text := err.Error()
	return strings.Contains(text, "tls:") || strings.Contains(text, "x509:") || strings.Contains(text, "TLS")
}
