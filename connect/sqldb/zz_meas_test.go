package sqldb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect/connecttest"
)

func TestMeas(t *testing.T) {
	if os.Getenv("MEAS") == "" {
		return
	}
	c := connecttest.MariaDB(t)
	connecttest.Exec(t, c, "CREATE TABLE o (id bigint primary key, cust bigint not null, mail varchar(100) not null, pad varchar(200), key(cust), key(mail))",
		"INSERT INTO o SELECT seq, seq % 200000, concat('p', seq % 200000, '@example.com'), repeat('x',100) FROM seq_1_to_1000000", "ANALYZE TABLE o")
	db := connecttest.Handle(t, c)
	conn, _ := db.Conn(context.Background())
	run := func(name, q string, args ...any) {
		var best time.Duration
		var n int
		for range 3 {
			start := time.Now()
			rows, err := conn.QueryContext(context.Background(), q, args...)
			if err != nil {
				fmt.Println(name, err)
				return
			}
			n = 0
			var a sql.RawBytes
			for rows.Next() {
				rows.Scan(&a)
				n++
			}
			rows.Close()
			if d := time.Since(start); best == 0 || d < best {
				best = d
			}
		}
		fmt.Println(name, n, best)
	}
	for _, n := range []int{1, 100, 1000, 10000, 50000} {
		var ids, mails []any
		for i := range n {
			ids = append(ids, int64(i*3))
			mails = append(mails, fmt.Sprintf("p%d@example.com", i*3))
		}
		j, _ := json.Marshal(ids)
		jm, _ := json.Marshal(mails)
		in := "(" + strings.TrimSuffix(strings.Repeat("?,", n), ",") + ")"
		run(fmt.Sprint("IN list int ", n), "SELECT t.id FROM o AS t WHERE t.cust IN "+in, ids...)
		run(fmt.Sprint("JSON IN int ", n), "SELECT t.id FROM o AS t WHERE t.cust IN (SELECT u.c FROM JSON_TABLE(?, '$[*]' COLUMNS (c BIGINT PATH '$')) AS u)", string(j))
		run(fmt.Sprint("JSON JOIN int ", n), "SELECT STRAIGHT_JOIN t.id FROM (SELECT DISTINCT c FROM JSON_TABLE(?, '$[*]' COLUMNS (c BIGINT PATH '$')) AS v) AS u JOIN o AS t ON t.cust = u.c", string(j))
		run(fmt.Sprint("IN list text ", n), "SELECT t.id FROM o AS t WHERE t.mail IN "+in, mails...)
		run(fmt.Sprint("JSON JOIN text ", n), "SELECT STRAIGHT_JOIN t.id FROM (SELECT DISTINCT c FROM JSON_TABLE(?, '$[*]' COLUMNS (c VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) AS v) AS u JOIN o AS t ON t.mail = u.c", string(jm))
		run(fmt.Sprint("JSON IN text ", n), "SELECT t.id FROM o AS t WHERE t.mail IN (SELECT u.c FROM JSON_TABLE(?, '$[*]' COLUMNS (c VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PATH '$')) AS u)", string(jm))
	}
}
