package files

import (
	"bufio"
	"context"
	"io"
	"io/fs"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// bucket is a bucket of gocloud.dev/blob. A service puts an object in its place whole, when
// writing it ends. What others put there between the last look and that end would be lost:
// nothing common to all services prevents it.
type bucket struct{ b *blob.Bucket }

func (b *bucket) list(ctx context.Context, prefix string, each func(string) error) error {
	objects := b.b.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := objects.Next(ctx)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return kindly(err)
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
		return nil, kindly(err)
	}
	return r, nil
}

func (b *bucket) replace(ctx context.Context, name string, change func(io.Reader, io.Writer) (bool, error)) error {
	before, err := b.b.Attributes(ctx, name)
	if err != nil {
		return kindly(err)
	}
	r, err := b.open(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	writing, giveUp := context.WithCancel(ctx)
	defer giveUp() // before Close it leaves the object as it was
	w, err := b.b.NewWriter(writing, name, &blob.WriterOptions{ContentType: before.ContentType, CacheControl: before.CacheControl,
		ContentDisposition: before.ContentDisposition, ContentEncoding: before.ContentEncoding, ContentLanguage: before.ContentLanguage, Metadata: before.Metadata})
	if err != nil {
		return kindly(err)
	}
	buffered := bufio.NewWriterSize(w, 1<<20)
	changed, err := change(r, buffered)
	if err == nil && changed {
		err = buffered.Flush()
	}
	if err == nil && changed {
		err = b.asItWas(ctx, name, before)
	}
	if err != nil || !changed {
		giveUp()
		w.Close()
		return err
	}
	return kindly(w.Close())
}

func (b *bucket) asItWas(ctx context.Context, name string, before *blob.Attributes) error {
	now, err := b.b.Attributes(ctx, name)
	if err != nil {
		return kindly(err)
	}
	if now.ETag != before.ETag || now.Size != before.Size || !now.ModTime.Equal(before.ModTime) {
		return errChanged
	}
	return nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	if err := b.b.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return kindly(err)
	}
	return nil
}

func (b *bucket) writable(string) bool { return true }

func (b *bucket) close() error { return b.b.Close() }

// kindly turns an error of a service into one of io/fs.
func kindly(err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return nil
	case gcerrors.NotFound:
		return fs.ErrNotExist
	case gcerrors.PermissionDenied:
		return fs.ErrPermission
	case gcerrors.FailedPrecondition:
		return errChanged
	}
	return err
}
