#!/bin/sh
# Writes the generated files again and fails when that changes anything: then a
# source was changed and `make generate` was not run.
set -eu
cd "$(dirname "$0")/.."
state() {
	git diff HEAD
	git ls-files --others --exclude-standard | while read -r f; do cksum "$f"; done
}
before=$(state | cksum)
go generate ./...
if [ "$(state | cksum)" != "$before" ]; then
	git --no-pager diff --stat HEAD >&2
	git ls-files --others --exclude-standard >&2
	echo "generated files are not what their sources say: commit what 'make generate' writes" >&2
	exit 1
fi
echo "generated files are as their sources say"
