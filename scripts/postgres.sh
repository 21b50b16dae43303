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

die() { echo "postgres.sh: $*" >&2; exit 1; }

bin() {
	for d in "${PGBIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
		/usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
		[ -n "$d" ] && [ -x "$d/initdb" ] && { echo "$d"; return; }
	done
	d=$(command -v initdb) || die "PostgreSQL is not installed (initdb was not found); install it, or set PGBIN to its bin directory"
	dirname "$d"
}

# as runs a command as the user that owns the server.
as() {
	if [ "$(id -u)" = 0 ]; then
		su postgres -s /bin/sh -c "$*"
	else
		sh -c "$*"
	fi
}

start() {
	dir=$1
	[ -e "$dir/data" ] && die "$dir/data exists already; stop it first, or name another directory"
	pg=$(bin)
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd)
	if [ "$(id -u)" = 0 ]; then
		id postgres >/dev/null 2>&1 || die "there is no user postgres to run the server as"
		chown postgres "$dir"
		as "cd '$dir'" 2>/dev/null || die "the user postgres cannot reach $dir; name a directory below one that everybody may enter, such as /tmp"
	fi
	as "'$pg/initdb' -D '$dir/data' -U avow -A trust -E UTF8 --locale=C >'$dir/initdb.log' 2>&1" ||
		die "initdb failed; see $dir/initdb.log"
	tls=
	if [ -n "${2:-}" ]; then
		for name in ca server server-key; do
			cp "$2/$name.pem" "$dir/data/$name.pem"
			chmod 600 "$dir/data/$name.pem"
			[ "$(id -u)" != 0 ] || chown postgres "$dir/data/$name.pem"
		done
		tls="-c ssl=on -c ssl_ca_file=ca.pem -c ssl_cert_file=server.pem -c ssl_key_file=server-key.pem"
	fi
	# A port can be taken between looking and listening, so a few are tried.
	port=0
	for try in 1 2 3 4 5; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 20000))
		if as "cd '$dir' && '$pg/pg_ctl' -D '$dir/data' -w -t 60 -s -l '$dir/server.log' \
			-o \"-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= \
			-c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms -c max_connections=300 $tls\" start" >/dev/null 2>&1; then
			echo "postgres://avow@127.0.0.1:$port/postgres?sslmode=disable"
			return
		fi
	done
	die "the server did not start; see $dir/server.log"
}

stop() {
	dir=$1
	[ -d "$dir/data" ] || die "there is no server in $dir"
	dir=$(cd "$dir" && pwd)
	pg=$(bin)
	as "cd '$dir' && '$pg/pg_ctl' -D '$dir/data' -m immediate -w -s stop" >/dev/null 2>&1 || true
	rm -rf "$dir/data" "$dir/initdb.log" "$dir/server.log"
	rmdir "$dir" 2>/dev/null || true
}

usage="usage: postgres.sh start DIR [CERTS] | stop DIR"
case "${1:-} $#" in
"start 2" | "start 3") start "$2" "${3:-}" ;;
"stop 2") stop "$2" ;;
*) die "$usage" ;;
esac
