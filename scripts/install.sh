#!/bin/sh
# Installs packages of the system for the tests, with apt-get, as root or with sudo.
#
#   install.sh PACKAGE...
set -eu

command -v apt-get >/dev/null || {
	echo "install.sh: there is no apt-get here; install these yourself: $*" >&2
	exit 1
}
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "install.sh: root or sudo is needed to install: $*" >&2; exit 1; }
	as_root="sudo"
	[ -t 0 ] || as_root="sudo -n" # nobody is there to type a password
fi
echo "installing $*" >&2
{
	$as_root apt-get update -q || echo "install.sh: the lists of packages could not be updated; trying with those that are here"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
} </dev/null >&2
