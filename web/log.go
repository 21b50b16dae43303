package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/avowhq/avow"
)

// Log is the public log: a tree of leaves that name nobody and hold no value, and
// the signed word on how far it goes.
type Log interface {
	// Key is the verifier key, on one line.
	Key() string
	// Checkpoint is the newest signed checkpoint (c2sp:tlog-checkpoint).
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile is a tile or a bundle of entries by its path, such as tile/0/x001/234.p/17
	// (c2sp:tlog-tiles); NotFound for what is not there.
	Tile(ctx context.Context, path string) ([]byte, error)
}

// maxTilePath bounds the path of a tile, in bytes; the longest there can be has 67.
const maxTilePath = 80

// How long caches may keep what the log hands out. A full tile never changes; the
// others are soon followed by a fuller one.
const (
	cacheFull       = "max-age=31536000, immutable"
	cachePartial    = "max-age=60"
	cacheCheckpoint = "public, max-age=2"
	cacheKey        = "public, max-age=3600"
)

func (s *Server) logRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /log", s.records)
	mux.HandleFunc("GET /verify", s.verify)
	if s.Ledger == nil {
		return
	}
	mux.HandleFunc("GET /log/key", s.public(s.logKey))
	mux.HandleFunc("GET /log/checkpoint", s.public(s.logCheckpoint))
	mux.HandleFunc("GET /log/tile/{path...}", s.public(s.logTile))
}

// public answers a program, of any site, within the limits of one sender.
func (s *Server) public(answer func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		err := avow.Errorf(avow.TooMany, "you ask more often than this server answers one sender; go on in a moment")
		if s.readers.allow(s.Remote(r), s.Now()) {
			err = answer(w, r)
		}
		if err != nil {
			s.failPlainly(w, r, err)
		}
	}
}

// failPlainly says in one line of text what is wrong.
func (s *Server) failPlainly(w http.ResponseWriter, r *http.Request, err error) {
	kind := avow.KindOf(err)
	s.logFailure(r, kind, err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	switch kind {
	case avow.TooMany:
		h.Set("Retry-After", "1")
	case avow.Unauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, wholeSentence(avow.MessageOf(err)), statusOf(kind))
}

func (s *Server) logKey(w http.ResponseWriter, r *http.Request) error {
	plainText(w, cacheKey)
	w.Write([]byte(s.Ledger.Key() + "\n"))
	return nil
}

func (s *Server) logCheckpoint(w http.ResponseWriter, r *http.Request) error {
	b, err := s.Ledger.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	plainText(w, cacheCheckpoint)
	w.Write(b)
	return nil
}

// logTile hands out a tile of hashes to anybody, and a bundle of entries to whom the
// organisation lets read what kinds of things happen when.
func (s *Server) logTile(w http.ResponseWriter, r *http.Request) error {
	path := "tile/" + r.PathValue("path")
	none := avow.Errorf(avow.NotFound, "there is no such tile")
	if len(path) > maxTilePath || r.URL.RawQuery != "" {
		return none
	}
	shared := "public"
	if strings.HasPrefix(path, "tile/entries/") && s.Auditor != nil {
		shared = "private"
		if err := s.Auditor(r); err != nil {
			return err
		}
	}
	b, err := s.Ledger.Tile(r.Context(), path)
	switch avow.KindOf(err) {
	case avow.Invalid, avow.NotFound:
		return none
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", shared+", "+tileCache(path))
	w.Write(b)
	return nil
}

func tileCache(path string) string {
	if strings.Contains(path, ".p/") {
		return cachePartial
	}
	return cacheFull
}

func plainText(w http.ResponseWriter, cache string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", cache)
}
