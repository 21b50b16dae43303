package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// maxBody bounds every request body, in bytes. Rooms have tighter bounds of their own.
const maxBody = 1 << 20

// statusWriter remembers the status for the log and the metrics.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observed logs and counts each request by its route. Neither knows who it was
// from, nor its path, query or body.
func observed(next http.Handler, log *slog.Logger, m *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w}
		id := r.Header.Get("X-Request-ID")
		if !plainID(id) {
			id = rand.Text()
		}
		sw.Header().Set("X-Request-ID", id)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				is := avow.PanicOf(p)
				log.ErrorContext(r.Context(), "panic", slog.String("request", id), slog.String("route", r.Pattern), slog.String("panic", is.What), slog.String("stack", string(is.Stack)))
				if sw.status == 0 {
					http.Error(sw, "Something went wrong on our side. Nothing was changed.", http.StatusInternalServerError)
				}
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			took := time.Since(start)
			m.served(route, sw.status, took)
			if log.Enabled(r.Context(), slog.LevelDebug) {
				log.DebugContext(r.Context(), "served", slog.String("request", id), slog.String("route", route), slog.Int("status", sw.status), slog.Duration("took", took))
			}
		}()
		r.Body = http.MaxBytesReader(sw, r.Body, maxBody)
		next.ServeHTTP(sw, r)
	})
}

func plainID(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(c rune) bool {
		return !(c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}) < 0
}

// secured sets what every answer carries. A page can load nothing but our own
// sheets and pictures, runs no script, and stands in nobody's frame.
func secured(next http.Handler, https bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), browsing-topics=()")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

type remoteKey struct{}

// located finds whom a request is from, for rate limits only: the connection's
// address, or what a configured proxy says of it. IPv6 counts by its /64.
func located(next http.Handler, proxies []netip.Prefix) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := remoteOf(r, proxies)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), remoteKey{}, key)))
	})
}

func remoteOf(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(addr, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
	}
	addr = addr.Unmap()
	if addr.Is6() {
		p, _ := addr.WithZone("").Prefix(64)
		return p.String()
	}
	return addr.String()
}

func within(a netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// remote gives what located found.
func remote(r *http.Request) string {
	key, _ := r.Context().Value(remoteKey{}).(string)
	return key
}
