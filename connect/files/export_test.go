package files

import (
	"context"
	"io"

	"github.com/avowhq/avow/connect"
)

// Meddle is the source with somebody who does something to a file while it is being changed.
func Meddle(s connect.Source, do func()) connect.Source {
	in := *s.(*source)
	in.at = meddling{in.at, do}
	return &in
}

type meddling struct {
	folder
	do func()
}

func (m meddling) replace(ctx context.Context, name string, change func(io.Reader, io.Writer) (bool, error)) error {
	return m.folder.replace(ctx, name, func(old io.Reader, now io.Writer) (bool, error) {
		changed, err := change(old, now)
		m.do()
		return changed, err
	})
}

// StopAfter is the source on a disk that fails once it has taken so many bytes of a new file,
// and that keeps them, as a machine does that stops there.
func StopAfter(s connect.Source, bytes int, err error) connect.Source {
	in := *s.(*source)
	in.at = stopping{in.at, bytes, err}
	return &in
}

type stopping struct {
	folder
	bytes int
	err   error
}

func (s stopping) replace(ctx context.Context, name string, change func(io.Reader, io.Writer) (bool, error)) error {
	d := s.folder.(*disk)
	return d.replace(ctx, name, func(old io.Reader, now io.Writer) (bool, error) {
		changed, err := change(old, &short{now, s.bytes, s.err})
		if err != nil { // the process is gone: nobody tidies up
			left, e := d.root.Create(beside(name) + ".left")
			if e != nil {
				return false, e
			}
			io.WriteString(left, "half")
			left.Close()
			d.root.Rename(beside(name)+".left", beside(name))
		}
		return changed, err
	})
}

type short struct {
	w    io.Writer
	left int
	err  error
}

func (s *short) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		return 0, s.err
	}
	return s.w.Write(p)
}
