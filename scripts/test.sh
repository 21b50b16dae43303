#!/bin/sh
# Runs every test. What the tests need and this machine lacks is installed:
# PostgreSQL, MariaDB and Chromium from the system's packages, axe-core from npm. A
# PostgreSQL and a MariaDB of its own are started on free loopback ports and removed afterwards.
#
#   GOTESTFLAGS  more flags for go test, for example "-race" or "-run TestArrows -v"
#   TESTS        which packages, ./... when not set
#   CI=true      a part that cannot run fails, and says why
#
# AVOW_TEST_POSTGRES and AVOW_TEST_MARIADB (connection strings), AVOW_TEST_CHROMIUM (a program) and AVOW_TEST_CHINOOK (the
# whole path of a folder) name what is there already.
set -eu
cd "$(dirname "$0")/.."

missing() {
	echo "test.sh: $*" >&2
	if [ "${CI:-}" = true ]; then
		echo "test.sh: with CI=true nothing is left out" >&2
		exit 1
	fi
}

find_chromium() {
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		command -v "$name" && return
	done
	return 1
}

have_postgres() {
	[ -n "${PGBIN:-}" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

have_mariadb() {
	[ -n "${MARIADBBIN:-}" ] || [ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null
}

# quick_disk is where a server of the tests keeps what is thrown away anyway: in memory
# where 4 GB of it are free, because each test makes a database of hundreds of files.
quick_disk() {
	free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
	if [ "${free:-0}" -ge 4000000 ] && [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi
}

server=
maria=
finish() {
	status=$?
	trap - EXIT
	[ -z "$server" ] || sh scripts/postgres.sh stop "$server" || true
	[ -z "$maria" ] || sh scripts/mariadb.sh stop "$maria" || true
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ "${CI:-}" != true ] || export AVOW_TEST_REQUIRE=1

if [ -z "${AVOW_TEST_CHROMIUM:-}" ]; then
	find_chromium >/dev/null || sh scripts/install.sh chromium fonts-liberation || true
	if AVOW_TEST_CHROMIUM=$(find_chromium); then
		export AVOW_TEST_CHROMIUM
	else
		unset AVOW_TEST_CHROMIUM
		missing "there is no Chromium, so the tests of pages fail; install it, or set AVOW_TEST_CHROMIUM"
	fi
fi

axe=test/node_modules/axe-core/axe.min.js
if [ ! -f "$axe" ] || [ test/package-lock.json -nt "$axe" ]; then
	command -v npm >/dev/null || sh scripts/install.sh nodejs npm || true
	if (cd test && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2); then
		touch "$axe"
	else
		missing "axe-core could not be installed from npm, so the tests of pages fail"
	fi
fi
AVOW_TEST_AXE=$PWD/$axe
export AVOW_TEST_AXE

if [ -z "${AVOW_TEST_POSTGRES:-}" ]; then
	have_postgres || sh scripts/install.sh postgresql || true
	server=$(mktemp -d "$(quick_disk)/avow-test-XXXXXX")
	if AVOW_TEST_POSTGRES=$(sh scripts/postgres.sh start "$server"); then
		export AVOW_TEST_POSTGRES
	else
		unset AVOW_TEST_POSTGRES
		rm -rf "$server"
		server=
		missing "there is no PostgreSQL, so only SQLite is tested"
	fi
fi

if [ -z "${AVOW_TEST_MARIADB:-}" ]; then
	have_mariadb || sh scripts/install.sh mariadb-server || true
	maria=$(mktemp -d)
	if AVOW_TEST_MARIADB=$(sh scripts/mariadb.sh start "$maria"); then
		export AVOW_TEST_MARIADB
	else
		unset AVOW_TEST_MARIADB
		rm -rf "$maria"
		maria=
		missing "there is no MariaDB, so what reads MySQL is not tested"
	fi
fi

without=
if [ ! -f "${AVOW_TEST_CHINOOK:-../shared/data/chinook}/Chinook_Sqlite.sql" ]; then
	missing "the scripts of the Chinook database (1.4.5) are not in ../shared/data/chinook beside the checkout, nor where AVOW_TEST_CHINOOK says, so TestChinook and TestMusicShop are NOT TESTED"
	without='-skip=^(TestChinook|TestMusicShop)$'
fi

# shellcheck disable=SC2086 # the flags are several words
go test ${GOTESTFLAGS:-} $without ${TESTS:-./...}
