package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A fault of ours in a request is answered, and logged with where it was; what it was about is nobody's to read there.
func TestPanicOfARequest(t *testing.T) {
	for name, value := range map[string]any{"a text": "ann@mail.example", "an error": errors.New("ann@mail.example"), "the runtime's": nil} {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			h := observed(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				if value != nil {
					panic(value)
				}
				var none []string
				_ = none[len(name)]
			}), slog.New(slog.NewTextHandler(&text, nil)), newMetrics())
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "ann@") {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
			if log := text.String(); strings.Contains(log, "ann@") || !strings.Contains(log, "http_test.go") || value == nil && !strings.Contains(log, "index out of range") {
				t.Errorf("logged %s", log)
			}
		})
	}
}
