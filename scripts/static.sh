#!/bin/sh
# Fails when a binary needs anything of the machine it runs on.
#
#   static.sh BINARY
set -eu
go version -m "$1" | grep -q 'CGO_ENABLED=0' || { echo "$1 was built with cgo" >&2; exit 1; }
if command -v file >/dev/null; then
	file "$1" | grep -q 'statically linked' || { file "$1" >&2; echo "$1 is linked dynamically" >&2; exit 1; }
elif command -v ldd >/dev/null && ldd "$1" >/dev/null 2>&1; then
	ldd "$1" >&2
	echo "$1 is linked dynamically" >&2
	exit 1
fi
echo "$1: static, $(($(wc -c <"$1") / 1048576)) MiB"
