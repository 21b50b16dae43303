// Package interop reads our log with other people's programs: what is written here
// must be what they expect, and what they would refuse must be refused.
//
// What a stranger needs is the log's address, and its key from somewhere they trust
// (a file log.pub with one line, name+hash+base64). Then, with nothing of ours:
//
//	go run github.com/transparency-dev/tessera/cmd/fsck@v1.0.4 \
//	    -storage_url=https://www.harbour.example/log/ -public_key=log.pub -ui=false -N=64
//
// It reads every entry and every tile, hashes them anew, and ends with "Successfully
// fsck'd log with size …", or with "fsck failed: …" and where. It ends with status 0
// either way: read what it says. Entries are for auditors: -bearer_token=… shows them. An
// exported log is read the same way: -storage_url=file:///where/it/is. With fewer
// workers than tiles that are wrong (-N), it stops at a log that is wrong and says nothing.
//
// What stays true: nothing of these programs is part of avow; this is a module of its
// own. What it never does: reach beyond this machine.
package interop
