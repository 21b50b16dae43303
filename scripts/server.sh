# What postgres.sh and mariadb.sh have in common. They set `self`, what they call themselves, and
# `user`, who owns the server when root starts it, and read this in.

die() { echo "$self: $*" >&2; exit 1; }

# as runs a command as the user that owns the server.
as() {
	if [ "$(id -u)" = 0 ]; then
		su "$user" -s /bin/sh -c "$*"
	else
		sh -c "$*"
	fi
}

# absent DIR dies where there is a server already.
absent() { [ ! -e "$1/data" ] || die "$1/data exists already; stop it first, or name another directory"; }

# settle DIR makes the directory of a server, and sets `dir` to where it is.
settle() {
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	[ "$(id -u)" = 0 ] || return 0
	id "$user" >/dev/null 2>&1 || die "there is no user $user to run the server as"
	chown "$user" "$dir"
	as "cd '$dir'" 2>/dev/null || die "the user $user cannot reach $dir; name a directory below one that everybody may enter, such as /tmp"
}

# certify CERTS puts certificates beside the data, where the server alone reads them.
certify() {
	for file in ca server server-key; do
		cp "$1/$file.pem" "$dir/data/$file.pem"
		chmod 600 "$dir/data/$file.pem"
		[ "$(id -u)" != 0 ] || chown "$user" "$dir/data/$file.pem"
	done
}

# some_port is a port that may be free: one can be taken between looking and listening, so a few are tried.
some_port() { echo $(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 20000)); }

# stop DIR ends a server as its script does, and removes what it left.
stop() {
	[ -d "$1/data" ] || die "there is no server in $1"
	dir=$(cd "$1" && pwd)
	end "$dir"
	(cd "$dir" && rm -rf data initdb.log install.log server.log server.pid s)
	rmdir "$dir" 2>/dev/null || true
}

# command_line does what the command line of the script says.
command_line() {
	case "${1:-} $#" in
	"start 2" | "start 3") start "$2" "${3:-}" ;;
	"stop 2") stop "$2" ;;
	*) die "usage: $self start DIR [CERTS] | stop DIR" ;;
	esac
}
