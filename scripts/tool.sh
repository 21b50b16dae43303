#!/bin/sh
# Builds one of the tools `make check` runs, at the version the Makefile names.
#
#   tool.sh FILE PACKAGE@VERSION
set -eu
tools=$(cd "$(dirname "$0")/.." && pwd)/.tools
mkdir -p "$tools"
name=$(basename "${2%@*}")
GOBIN="$tools" GOFLAGS= go install "$2"
mv "$tools/$name" "$1"
