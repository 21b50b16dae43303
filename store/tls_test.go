package store

import "testing"

// A server elsewhere proves who it is, unless it is said that it need not.
func TestServerElsewhere(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://avow:secret@db.example/avow":                                  "db.example",
		"postgresql://avow@db.example:5433/avow?application_name=x":               "db.example",
		"host=db.example user=avow dbname=avow":                                   "db.example",
		"host=127.0.0.1,db.example user=avow":                                     "127.0.0.1",
		"postgres://avow@10.0.0.7/avow":                                           "10.0.0.7",
		"postgres://avow@db.example/avow?sslmode=disable":                         "",
		"host=db.example sslmode = disable":                                       "",
		"postgres://avow@localhost/avow?sslmode=disable&application_name=sslmode": "",
		"host=/var/run/postgresql user=avow":                                      "",
		"host=127.0.0.1 sslmode=disable":                                          "",
		"postgres://avow@[::1]/avow?sslmode=disable":                              "",
	} {
		cfg, err := parseDSN(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		got := ""
		if tls := cfg.TLSConfig; tls != nil && !tls.InsecureSkipVerify {
			got = tls.ServerName
		}
		if got != want {
			t.Errorf("%s: %q has to prove who it is, want %q", dsn, got, want)
		}
		for _, f := range cfg.Fallbacks {
			if want != "" && (f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify) {
				t.Errorf("%s: %s need not prove who it is", dsn, f.Host)
			}
		}
	}
}

// Nothing is asked of this machine.
func TestServerHere(t *testing.T) {
	for _, dsn := range []string{"postgres://avow@localhost/avow", "postgres://avow@127.0.0.1:5432/avow", "host=/run/postgresql"} {
		cfg, err := parseDSN(dsn)
		if err != nil || (cfg.TLSConfig != nil && !cfg.TLSConfig.InsecureSkipVerify) {
			t.Errorf("%s: %v, %v", dsn, cfg, err)
		}
	}
}
