package sqldb

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/avowhq/avow"
	driverMySQL "github.com/go-sql-driver/mysql"
)

var (
	mysqlConstraint = regexp.MustCompile("CONSTRAINT `([^`]+)`")
	mysqlUnique     = regexp.MustCompile(`for key '([^']+)'$`)
	mysqlColumn     = regexp.MustCompile(`(?i)^(?:column|field) '([^']+)'|for column '?([^' ]+)'? at row`)
)

// fault sorts by error number (MariaDB and MySQL share them where they stand here). Of
// the server's text only names of its schema are passed on: `Duplicate entry 'x'` and
// `Incorrect value: 'x'` hold values.
func (mysql) fault(err error) fault {
	var e *driverMySQL.MySQLError
	if !errors.As(err, &e) {
		return connection(err, mysqlCA)
	}
	switch e.Number {
	case 1213, 1020, 1637:
		return fault{kind: avow.Unavailable, what: "others change the same rows all the time; nothing was changed, try again", again: true}
	case 1205:
		return fault{kind: avow.Unavailable, what: "others lock the rows; nothing was changed, try again", locked: true}
	case 1969, 3024, 1317:
		return fault{kind: avow.Unavailable, what: "it took longer than half an hour and was given up; nothing was changed"}
	case 1142, 1143, 1370, 1227:
		return fault{kind: avow.Forbidden, what: "this login may not do that", lacks: true}
	case 1290, 1792, 1836:
		return fault{kind: avow.Forbidden, what: "the database is read-only here"}
	case 1044, 1045, 1698, 1130, 1251, 2049:
		return fault{kind: avow.Forbidden, what: "the server does not accept the login; look at user and password, at TLS (tls) and at the client certificate (ssl-cert, ssl-key) in its connection string"}
	case 3159:
		return fault{kind: avow.Forbidden, what: "the server wants TLS; write tls=true into its connection string, with " + mysqlCA + " for an authority of your own"}
	case 1049:
		return fault{kind: avow.NotFound, what: "the server has no database of that name; look at its connection string"}
	case 1146, 1054, 1356:
		return fault{kind: avow.NotFound, what: "a table or column is no longer there", stale: true}
	case 1451, 1452, 1216, 1217, 3819, 4025, 1761, 1762:
		return fault{kind: avow.Conflict, what: "the constraint " + found(mysqlConstraint, e.Message) + " refuses it"}
	case 1062, 1586:
		return fault{kind: avow.Conflict, what: "the unique key " + found(mysqlUnique, e.Message) + " refuses it"}
	case 1048, 1364, 1406, 1264, 1265, 1366, 1292, 1367, 1690, 3140:
		return fault{kind: avow.Conflict, what: fmt.Sprintf("column %s refuses it: empty, too long, or of another type (%d)", found(mysqlColumn, e.Message), e.Number)}
	case 3141, 3142, 3143, 3144, 3146, 3147, 3148, 3149, 3150, 3151, 3152, 3153, 3154, 3156, 3157, 3158, 3903, 4035, 4036, 4037, 4038, 4039, 4040, 4041, 4042, 4043, 4044, 4078:
		return fault{kind: avow.Conflict, what: fmt.Sprintf("a rule, an index or a computed column reads JSON out of what would be written, and it is not what that asks for (%d)", e.Number)}
	case 1644, 1442, 1369, 1288:
		return fault{kind: avow.Conflict, what: fmt.Sprintf("the database or a trigger of it refuses the change (%d)", e.Number)}
	case 1040, 1203, 1226, 1053, 1077, 1152, 1184, 1927:
		return fault{kind: avow.Unavailable, what: fmt.Sprintf("the database is away or too busy (%d)", e.Number)}
	case 1153, 1390:
		return fault{kind: avow.TooLarge, what: "the server takes no statement of that size; raise its max_allowed_packet"}
	case 1064, 1149, 1305, 1093:
		return fault{kind: avow.Internal, what: fmt.Sprintf("the server does not understand what was asked (%d)", e.Number), stale: true}
	}
	return fault{kind: avow.Internal, what: fmt.Sprintf("the server could not do it (%d)", e.Number)}
}

func found(pattern *regexp.Regexp, text string) string {
	for i, m := range pattern.FindStringSubmatch(text) {
		if i > 0 && m != "" {
			return m
		}
	}
	return "of a name it does not tell"
}
