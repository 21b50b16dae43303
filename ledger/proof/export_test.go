package proof

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"strings"
)

// SignAnything signs a text as a log that misbehaves could.
func SignAnything(s *Signer, text []byte) []byte { return ed25519.Sign(s.key, text) }

// VerifyFS is Verify of a directory that need not be on a disk.
func VerifyFS(ctx context.Context, files fs.FS, o Options) (*Report, error) {
	v := &verification{ctx: ctx, o: o, Report: &Report{Checks: []Check{}, Key: strings.TrimSpace(o.Key)}}
	return v.reportOr(v.log(directory{files}))
}
