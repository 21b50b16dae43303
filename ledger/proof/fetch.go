package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

const (
	answerIn = 30 * time.Second
	tries    = 3
	maxLeaf  = 2 + 255 + 8 + hashesOfLeaf
)

// files is where a log is read from: a directory or an address.
type files interface {
	// read gives a file of the log, NotFound when there is none, TooLarge when it is longer than bound.
	read(ctx context.Context, name string, bound int) ([]byte, error)
}

// directory is an exported log.
type directory struct{ fs.FS }

func openDirectory(name string) (directory, func() error, error) {
	root, err := os.OpenRoot(name) // links do not lead out of it
	if err != nil {
		return directory{}, nil, avow.Errorf(avow.NotFound, "the directory %s cannot be opened: %w", name, err)
	}
	return directory{root.FS()}, root.Close, nil
}

func (d directory) read(_ context.Context, name string, bound int) ([]byte, error) {
	info, err := fs.Stat(d.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, avow.Errorf(avow.NotFound, "%s is missing", name)
	}
	if err != nil || !info.Mode().IsRegular() { // a pipe would keep us waiting
		return nil, avow.Errorf(avow.Unavailable, "%s cannot be read: %w", name, err)
	}
	f, err := d.FS.Open(name)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "%s cannot be read: %w", name, err)
	}
	defer f.Close()
	return readBounded(f, name, bound)
}

func readBounded(r io.Reader, name string, bound int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(bound)+1))
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "%s cannot be read: %w", name, err)
	}
	if len(b) > bound {
		return nil, avow.Errorf(avow.TooLarge, "%s is longer than %d bytes", name, bound)
	}
	return b, nil
}

// address is a log on the web.
type address struct {
	base   string // ends in a slash
	token  string
	client *http.Client
}

// openAddress refuses what is not https, unless it is on this machine. An answer
// that sends elsewhere is refused too: who is asked was named by the caller.
func openAddress(text, token string) (*address, error) {
	u, err := CheckAddress(text)
	if err != nil {
		return nil, err
	}
	return &address{strings.TrimSuffix(u.String(), "/") + "/", token, Client(u)}, nil
}

// CheckAddress reads the address of a log or a witness: https, or http on this
// machine, with no name, password, query or fragment. Invalid otherwise.
func CheckAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Hostname() == "" || len(text) > 2000:
		return nil, avow.Errorf(avow.Invalid, "that is not an address; it begins with https://")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, avow.Errorf(avow.Invalid, "an address has no name, password, query or fragment here")
	case u.Scheme == "https", u.Scheme == "http" && avow.ThisMachine(u.Hostname()):
		return u, nil
	}
	return nil, avow.Errorf(avow.Invalid, "an address begins with https://; http:// is for this machine alone")
}

// Client is an HTTP client for one checked address: it follows nowhere else, waits
// no longer than 30 seconds, and over http it reaches this machine alone, whatever "localhost" is said to be.
func Client(u *url.URL) *http.Client {
	dial := &net.Dialer{Timeout: 10 * time.Second}
	if u.Scheme == "http" {
		dial.ControlContext = onlyLoopback
	}
	return &http.Client{
		Timeout:       answerIn,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: ahead,
			IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true, Proxy: proxyOf(u), MaxResponseHeaderBytes: 64 << 10},
	}
}

// proxyOf is the proxy of the environment, for what is not on this machine.
func proxyOf(u *url.URL) func(*http.Request) (*url.URL, error) {
	if u.Scheme == "http" {
		return nil
	}
	return http.ProxyFromEnvironment
}

func (a *address) read(ctx context.Context, name string, bound int) ([]byte, error) {
	for try := 1; ; try++ {
		b, again, err := a.get(ctx, name, bound)
		if again == 0 || try == tries {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, avow.Errorf(avow.Canceled, "it was given up: %w", ctx.Err())
		case <-time.After(again):
		}
	}
}

// get asks once. It says how long to wait when asking again may help.
func (a *address) get(ctx context.Context, name string, bound int) (b []byte, again time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+name, nil)
	if err != nil {
		return nil, 0, err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, 0, avow.Errorf(avow.Unavailable, "%s does not answer: %w", a.base, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		b, err = readBounded(resp.Body, name, bound)
		return b, 0, err
	case http.StatusNotFound, http.StatusGone:
		return nil, 0, avow.Errorf(avow.NotFound, "%s is missing", name)
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, 0, avow.Errorf(avow.Forbidden, "%s is not shown to everybody", name)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		again = time.Second
	}
	if resp.StatusCode/100 == 3 {
		return nil, 0, avow.Errorf(avow.Unavailable, "%s sends on to another address; give that address if you trust it", a.base)
	}
	return nil, again, avow.Errorf(avow.Unavailable, "%s answers %s with status %d", a.base, name, resp.StatusCode)
}

// tile reads a tile or bundle as wide as asked. A log may drop a partial one when the
// full one is there, so that is tried next. // c2sp:tlog-tiles
func tile(ctx context.Context, f files, t TileRef) ([]byte, error) {
	bound := t.Width * len(Hash{})
	if t.Level == Entries {
		bound = t.Width * (2 + maxLeaf)
	}
	b, err := f.read(ctx, t.Path(), bound)
	if avow.KindOf(err) != avow.NotFound || t.Width == Width {
		return b, err
	}
	full, fullErr := tile(ctx, f, t.Full())
	if fullErr != nil {
		return nil, err
	}
	if t.Level != Entries {
		return full[:min(len(full), bound)], nil
	}
	return cutBundle(full, t.Width)
}

func cutBundle(full []byte, width int) ([]byte, error) {
	leaves, err := ParseBundle(full)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, leaf := range leaves[:min(len(leaves), width)] {
		b = AppendEntry(b, leaf)
	}
	return b, nil
}

// hashesIn splits a tile; it must be exactly as wide as said.
func hashesIn(b []byte, width int) ([]Hash, error) {
	if len(b) != width*len(Hash{}) {
		return nil, fmt.Errorf("it has %d bytes, not %d", len(b), width*len(Hash{}))
	}
	list := make([]Hash, width)
	for i := range list {
		copy(list[i][:], b[i*len(Hash{}):])
	}
	return list, nil
}
