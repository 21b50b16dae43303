#!/bin/sh
# A private PostgreSQL for tests and for the demonstration.
#
#   postgres.sh start DIR [CERTS]   makes a new server in DIR, on a free loopback port, and prints its connection string
#   postgres.sh stop DIR            stops it and removes DIR
#
# With CERTS, a folder that holds ca.pem, server.pem and server-key.pem, it speaks TLS too.
#
# It listens on 127.0.0.1 only and belongs to the user postgres when root starts
# it, else to the current user. It does not wait for the disk (fsync=off), which
# no server that keeps anything may do.
set -eu

self=postgres.sh user=postgres
. "$(dirname "$0")/server.sh"

bin() {
	for d in "${PGBIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
		/usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
		[ -n "$d" ] && [ -x "$d/initdb" ] && { echo "$d"; return; }
	done
	d=$(command -v initdb) || die "PostgreSQL is not installed (initdb was not found); install it, or set PGBIN to its bin directory"
	dirname "$d"
}

start() {
	absent "$1"
	pg=$(bin)
	settle "$1"
	as "'$pg/initdb' -D '$dir/data' -U avow -A trust -E UTF8 --locale=C >'$dir/initdb.log' 2>&1" ||
		die "initdb failed; see $dir/initdb.log"
	tls=
	if [ -n "${2:-}" ]; then
		certify "$2"
		tls="-c ssl=on -c ssl_ca_file=ca.pem -c ssl_cert_file=server.pem -c ssl_key_file=server-key.pem"
	fi
	for try in 1 2 3 4 5; do
		port=$(some_port)
		if as "cd '$dir' && '$pg/pg_ctl' -D '$dir/data' -w -t 60 -s -l '$dir/server.log' \
			-o \"-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= \
			-c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms -c max_connections=300 $tls\" start" >/dev/null 2>&1; then
			echo "postgres://avow@127.0.0.1:$port/postgres?sslmode=disable"
			return
		fi
	done
	die "the server did not start; see $dir/server.log"
}

# end ends the server without waiting for what is open.
end() {
	pg=$(bin)
	as "cd '$1' && '$pg/pg_ctl' -D '$1/data' -m immediate -w -s stop" >/dev/null 2>&1 || true
}

command_line "$@"
