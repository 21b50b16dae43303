package store

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
)

// rebind turns each ? into $1, $2 … for PostgreSQL, but not inside quotes or comments.
func rebind(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); {
		if query[i] == '?' {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			i++
			continue
		}
		end := i + skip(query[i:])
		b.WriteString(query[i:end])
		i = end
	}
	return b.String()
}

// skip is the length of the quoted text, the comment or the byte that s begins with.
func skip(s string) int {
	closing := ""
	switch {
	case s[0] == '\'' || s[0] == '"':
		closing = s[:1]
	case strings.HasPrefix(s, "--"):
		closing = "\n"
	case strings.HasPrefix(s, "/*"):
		closing = "*/"
	default:
		return 1
	}
	i := strings.Index(s[len(closing):], closing)
	if i < 0 {
		return len(s)
	}
	return i + 2*len(closing)
}

// bind makes of our types what both drivers store alike: an id is its 16 bytes, a
// time is microseconds, and the zero of either is NULL.
func bind(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case avow.ID:
			args[i] = nil
			if !v.IsZero() {
				args[i] = v[:]
			}
		case time.Time:
			args[i] = nil
			if !v.IsZero() {
				args[i] = v.UnixMicro()
			}
		}
	}
	return args
}

// Marks is n placeholders, "?, ?, ?", for a list in a query.
func Marks(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}

// IntoID scans an id; NULL is the zero ID.
func IntoID(id *avow.ID) sql.Scanner { return (*idScanner)(id) }

// IntoTime scans a time stored as microseconds; NULL is the zero time.
func IntoTime(t *time.Time) sql.Scanner { return (*timeScanner)(t) }

type idScanner avow.ID

func (s *idScanner) Scan(v any) error {
	*s = idScanner{}
	if v == nil {
		return nil
	}
	b, ok := v.([]byte)
	if !ok || len(b) != len(s) {
		return fmt.Errorf("a column of ids holds a %T", v)
	}
	copy(s[:], b)
	return nil
}

type timeScanner time.Time

func (s *timeScanner) Scan(v any) error {
	*s = timeScanner{}
	if v == nil {
		return nil
	}
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a column of times holds a %T", v)
	}
	*s = timeScanner(time.UnixMicro(n).UTC())
	return nil
}

// Among is Marks and arguments for a list of which there can be many lengths. It is
// filled up with its last item to one of few lengths, so that few texts are parsed. Nothing is among no items.
func Among[T any](list []T) (marks string, args []any) {
	if len(list) == 0 {
		return Marks(1), []any{nil}
	}
	args = make([]any, fewLengths(len(list)))
	for i := range args {
		args[i] = list[min(i, len(list)-1)]
	}
	return Marks(len(args)), args
}

// fewLengths is n or somewhat more, at most a quarter: there are four such lengths between a power of two and the next.
func fewLengths(n int) int {
	step := 1
	for step*8 <= n {
		step *= 2
	}
	return (n + step - 1) / step * step
}
