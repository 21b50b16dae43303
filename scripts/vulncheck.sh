#!/bin/sh
# Looks for known vulnerabilities in what the binary calls. Where the database
# of vulnerabilities cannot be reached this says so and does not fail: no answer
# is not a finding.
#
#   vulncheck.sh GOVULNCHECK
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
if "$1" ./... >"$out" 2>&1; then
	cat "$out"
	exit 0
fi
cat "$out" >&2
if grep -q 'fetching vulnerabilities' "$out"; then
	echo "NOT CHECKED for vulnerabilities: the database cannot be reached from here" >&2
	exit 0
fi
exit 1
