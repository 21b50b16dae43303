package sqldb_test

import (
	"context"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
)

func open(tb testing.TB, c connect.Config) connect.Source {
	tb.Helper()
	s, err := sqldb.Open(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		connecttest.Run(t, connecttest.System{
			Name: k.Name,
			Make: func(tb testing.TB, tables ...connecttest.Table) connect.Source {
				c := k.Config(tb)
				connecttest.Create(tb, c, tables...)
				return open(tb, c)
			},
		})
	}
}

func openAny(c connect.Config) (connect.Source, error) {
	return sqldb.Open(context.Background(), c)
}
