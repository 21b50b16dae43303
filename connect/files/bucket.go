package files

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// bucket is a bucket of gocloud.dev/blob. A service puts an object in its place whole, when
// writing it ends, and where it can only while the object is as it was read. Where it cannot,
// what others put there is noticed before and after, and lost only between that last look
// and the end of writing.
type bucket struct {
	b *blob.Bucket
	// explain says what a service's error means where it is not about the object, or is
	// nil; right is what the credentials would need. It may be nil.
	explain func(err error, right string) error
	// keeps says what is missing for what is removed to be gone; nothing when nothing is. It may be nil.
	keeps func(context.Context) string
	// pieces: a large object is handed over in pieces, which the service keeps until it is told otherwise.
	pieces bool
	blind  atomic.Bool // the service knows no conditions
}

// The rights in S3's words, for those who lack them.
const (
	mayList   = "s3:ListBucket"
	mayRead   = "s3:GetObject"
	mayPut    = "s3:PutObject"
	mayDelete = "s3:DeleteObject"
)

func (b *bucket) list(ctx context.Context, prefix string, each func(string) error) error {
	objects := b.b.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := objects.Next(ctx)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return b.kindly(err, mayList)
		case o.IsDir, strings.HasSuffix(o.Key, "/"):
			continue
		}
		if err := each(o.Key); err != nil {
			return err
		}
	}
}

// has: a bucket has no folders, only names that begin alike.
func (b *bucket) has(ctx context.Context, dir string) bool {
	_, err := b.b.List(&blob.ListOptions{Prefix: dir + "/"}).Next(ctx)
	return err == nil
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.b.NewReader(ctx, name, nil)
	if err != nil {
		return nil, b.kindly(err, mayRead)
	}
	return r, nil
}

func (b *bucket) replace(ctx context.Context, name string, change func(io.Reader, io.Writer) (bool, error)) error {
	before, err := b.b.Attributes(ctx, name)
	if err != nil {
		return b.kindly(err, mayRead)
	}
	r, err := b.open(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	w := b.begin(ctx, name, before)
	changed, err := change(r, w)
	if err == nil && changed {
		err = b.asItWas(ctx, name, before)
	}
	if err != nil || !changed {
		w.giveUp()
		return b.kindly(err, mayPut)
	}
	err = w.end()
	if unconditional(err) && b.blind.CompareAndSwap(false, true) {
		return errChanged // it is done again, without the condition
	}
	if err == nil && b.blind.Load() {
		return b.isThere(ctx, name, w.sum.Sum(nil))
	}
	return b.kindly(err, mayPut)
}

// writing is the new version of an object. It is not there before end.
type writing struct {
	*bufio.Writer
	to   *io.PipeWriter
	sum  hash.Hash
	done chan error
}

// tidying is how long a service has to take back the pieces of an object that was given up.
const tidying = 30 * time.Second

// begin begins to write. That ctx ends ends the writing as any error does: the service is
// still told to take back what it has, which it would keep otherwise, and nobody would see it.
func (b *bucket) begin(ctx context.Context, name string, before *blob.Attributes) *writing {
	o := &blob.WriterOptions{ContentType: before.ContentType, CacheControl: before.CacheControl,
		ContentDisposition: before.ContentDisposition, ContentEncoding: before.ContentEncoding, ContentLanguage: before.ContentLanguage, Metadata: before.Metadata}
	if o.ContentType == "" {
		o.ContentType = "application/octet-stream"
	}
	if !b.blind.Load() {
		o.BeforeWrite = onlyIf(before.ETag)
	}
	from, to := io.Pipe()
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := context.AfterFunc(ctx, func() {
		from.CloseWithError(ctx.Err())
		time.AfterFunc(tidying, cancel)
	})
	var r io.Reader = from
	if !b.pieces { // what has come by the end of the reader is an object, unless the writing was cancelled
		r = failing{from, cancel}
	}
	w := &writing{to: to, sum: sha256.New(), done: make(chan error, 1)}
	w.Writer = bufio.NewWriterSize(io.MultiWriter(w.sum, to), 1<<20)
	go func() {
		defer cancel()
		err := avow.Unpanicked(func() error { return b.b.Upload(lasting, name, r, o) })
		ended()
		from.CloseWithError(err)
		w.done <- err
	}()
	return w
}

// failing does something before it tells of an error.
type failing struct {
	io.Reader
	fail func()
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		f.fail()
	}
	return n, err
}

// end puts the new version in its place.
func (w *writing) end() error {
	if err := w.Flush(); err != nil {
		w.to.CloseWithError(err)
		<-w.done
		return err
	}
	w.to.Close()
	return <-w.done
}

// errGivenUp ends the writing of an object that is to stay as it was.
var errGivenUp = errors.New("given up")

func (w *writing) giveUp() {
	w.to.CloseWithError(errGivenUp)
	<-w.done
}

func (b *bucket) asItWas(ctx context.Context, name string, before *blob.Attributes) error {
	now, err := b.b.Attributes(ctx, name)
	if err != nil {
		return b.kindly(err, mayRead)
	}
	if now.ETag != before.ETag || now.Size != before.Size || !now.ModTime.Equal(before.ModTime) {
		return errChanged
	}
	return nil
}

// isThere reads what was written again: somebody may have put their version in its place, made
// from the old one.
func (b *bucket) isThere(ctx context.Context, name string, sum []byte) error {
	r, err := b.open(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	now := sha256.New()
	if _, err := io.Copy(now, r); err != nil {
		return b.kindly(err, mayRead)
	}
	if !bytes.Equal(now.Sum(nil), sum) {
		return errChanged
	}
	return nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	if err := b.b.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return b.kindly(err, mayDelete)
	}
	return nil
}

func (b *bucket) lacks(string) string { return "" }

func (b *bucket) close() error { return b.b.Close() }

// kindly turns an error of a service into one of io/fs, or for people.
func (b *bucket) kindly(err error, right string) error {
	if err == nil {
		return nil
	}
	if gcerrors.Code(err) == gcerrors.FailedPrecondition || conflicted(err) {
		return errChanged
	}
	if b.explain != nil {
		if explained := b.explain(err, right); explained != nil {
			return explained
		}
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return fs.ErrNotExist
	case gcerrors.PermissionDenied:
		return fs.ErrPermission
	}
	return err
}
