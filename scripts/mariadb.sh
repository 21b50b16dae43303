#!/bin/sh
# A private MariaDB for tests.
#
#   mariadb.sh start DIR [CERTS]   makes a new server in DIR, on a free loopback port, and prints its connection string
#   mariadb.sh stop DIR            stops it and removes DIR
#
# With CERTS, a folder that holds ca.pem, server.pem and server-key.pem, it speaks TLS too.
#
# It listens on 127.0.0.1 only and belongs to the user mysql when root starts it,
# else to the current user; the user avow has no password and may do everything. It
# does not wait for the disk, which no server that keeps anything may do.
set -eu

self=mariadb.sh user=mysql
. "$(dirname "$0")/server.sh"

find_program() {
	for name in "$@"; do
		for d in "${MARIADBBIN:-}" /usr/sbin /usr/bin /usr/local/bin /opt/homebrew/bin; do
			[ -n "$d" ] && [ -x "$d/$name" ] && { echo "$d/$name"; return; }
		done
		command -v "$name" && return
	done
	die "MariaDB is not installed ($1 was not found); install it, or set MARIADBBIN to its directory of programs"
}

# ask runs a statement as root, who has no password until it is over.
ask() {
	as "'$client' --no-defaults --protocol=TCP -h 127.0.0.1 -P $port -u root -e \"$1\"" >/dev/null 2>&1
}

running() {
	[ -s "$1/server.pid" ] && kill -0 "$(cat "$1/server.pid")" 2>/dev/null
}

# wait_for asks a server that was just started until it answers, or has ended.
wait_for() {
	tries=0
	until running "$dir" && ask 'SELECT 1'; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || return 1
		[ "$tries" -lt 50 ] || running "$dir" || return 1
		sleep 0.1
	done
}

# end ends the server without waiting for it to tidy up.
end() {
	running "$1" || return 0
	pid=$(cat "$1/server.pid")
	kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

start() {
	absent "$1"
	install=$(find_program mariadb-install-db mysql_install_db)
	server=$(find_program mariadbd mysqld)
	client=$(find_program mariadb mysql)
	settle "$1"
	as "cd '$dir' && '$install' --no-defaults --auth-root-authentication-method=normal --skip-test-db --datadir='$dir/data' >'$dir/install.log' 2>&1" ||
		die "mariadb-install-db failed; see $dir/install.log"
	tls=--skip-ssl
	if [ -n "${2:-}" ]; then
		certify "$2"
		tls="--ssl-ca='$dir/data/ca.pem' --ssl-cert='$dir/data/server.pem' --ssl-key='$dir/data/server-key.pem'"
	fi
	for try in 1 2 3 4 5; do
		port=$(some_port)
		as "cd '$dir' && exec '$server' --no-defaults --datadir='$dir/data' --pid-file='$dir/server.pid' --socket='$dir/s' \
			--bind-address=127.0.0.1 --port=$port --skip-name-resolve $tls \
			--character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0 --skip-innodb-doublewrite --skip-log-bin \
			--innodb-buffer-pool-size=256M --innodb-log-file-size=96M --max-connections=300 >'$dir/server.log' 2>&1 </dev/null &"
		if wait_for; then
			ask "CREATE USER avow@'127.0.0.1'; GRANT ALL ON *.* TO avow@'127.0.0.1' WITH GRANT OPTION; DROP USER root@'127.0.0.1'" ||
				die "the user avow could not be made; see $dir/server.log"
			echo "avow@tcp(127.0.0.1:$port)/"
			return
		fi
		end "$dir"
	done
	die "the server did not start; see $dir/server.log"
}

command_line "$@"
