package main

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/avowhq/avow"
)

// where says where the server keeps things. Without a word of configuration it is
// SQLite in ./avow-data, with the organisation's key beside it in ./avow-keys.
type where struct {
	Config          kong.ConfigFlag `help:"A YAML file with any of these settings (data: …, listen: …)." placeholder:"FILE"`
	Data            string          `help:"The directory everything is kept in: avow-data when not set." default:"avow-data" placeholder:"DIR" env:"AVOW_DATA"`
	Keys            string          `help:"The directory of the organisation's key: avow-keys when not set. Keep it out of the backups of the data." default:"avow-keys" placeholder:"DIR" env:"AVOW_KEYS"`
	OrganisationKey string          `help:"The organisation's key: a file, or the address of a key in a key service (kms-transit:https://…). organisation.json in --keys when not set." placeholder:"KEY" env:"AVOW_ORGANISATION_KEY"`
	KMSTokenFile    string          `help:"A file with the token of the key service." type:"existingfile" placeholder:"FILE" env:"AVOW_KMS_TOKEN_FILE" name:"kms-token-file"`
	Origin          string          `help:"The name of the log when it is new, as privacy.example/log; a log keeps the name it has." placeholder:"NAME" env:"AVOW_ORIGIN"`
	Database        string          `help:"A PostgreSQL server (postgres://…) instead of SQLite in the data directory." placeholder:"DSN" env:"AVOW_DATABASE"`
	Packages        string          `help:"The directory of the packages that people download, sealed: packages in the data directory when not set. Several servers on one database need one that they share." placeholder:"DIR" env:"AVOW_PACKAGES"`

	clock func() time.Time // of this machine; nil: the real one
}

// now is the time by this machine's clock.
func (w where) now() time.Time {
	if w.clock != nil {
		return w.clock()
	}
	return time.Now()
}

// listening says where and how the server is reached.
type listening struct {
	Listen       string   `help:"The address for people and programs: 127.0.0.1:8080 when not set." default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"AVOW_LISTEN"`
	Metrics      string   `help:"The address of /metrics, on loopback only: 127.0.0.1:9464 when not set. Empty: none." default:"127.0.0.1:9464" placeholder:"HOST:PORT" env:"AVOW_METRICS"`
	URL          string   `help:"The address people see, as https://privacy.example. Links in mails start with it." placeholder:"URL" env:"AVOW_URL"`
	TrustedProxy []string `help:"Networks whose X-Forwarded-For counts (10.0.0.0/8). None by default." placeholder:"CIDR" env:"AVOW_TRUSTED_PROXY"`
	Policy       []string `help:"Policy files to publish at the start when they are new." type:"existingfile" placeholder:"FILE" env:"AVOW_POLICY"`
	LogLevel     string   `help:"debug, info, warn or error: info when not set." enum:"debug,info,warn,error" default:"info" env:"AVOW_LOG_LEVEL"`
}

// mailing says how service messages leave.
type mailing struct {
	SMTP         string `help:"The mail server: smtp://host:587 or smtps://host:465, with user@ when it asks for one." placeholder:"URL" env:"AVOW_SMTP"`
	SMTPPassword string `help:"A file with the mail server's password." type:"existingfile" placeholder:"FILE" env:"AVOW_SMTP_PASSWORD_FILE" name:"smtp-password-file"`
	MailFrom     string `help:"The sender of service messages. By default the policy's contact address." placeholder:"ADDRESS" env:"AVOW_MAIL_FROM"`
}

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 1 << 18

// readYAML makes kong read settings from a YAML file. The command line comes
// first, then the environment, then the file, then the defaults. A setting the
// program does not know is an error, so that a typing mistake cannot pass for a setting.
func readYAML(r io.Reader) (kong.Resolver, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxConfig {
		return nil, avow.Errorf(avow.TooLarge, "the configuration file is larger than %d bytes", maxConfig)
	}
	settings := map[string]any{}
	if err := yaml.Unmarshal(b, &settings); err != nil {
		return nil, avow.Errorf(avow.Invalid, "the configuration file: %s", yaml.FormatError(err, false, false))
	}
	return settingsFile(settings), nil
}

type settingsFile map[string]any

func (s settingsFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok {
			known[f.Name] = true
		}
		return next(nil)
	})
	for name := range s {
		if !known[name] {
			return avow.Errorf(avow.Invalid, "the configuration file has %q, which is not a setting; `avow serve --help` lists them", name)
		}
	}
	return nil
}

func (s settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	switch v := s[flag.Name].(type) {
	case nil:
		return nil, nil
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = fmt.Sprint(v[i])
		}
		return strings.Join(parts, ","), nil
	default:
		return fmt.Sprint(v), nil
	}
}

// publicURL is the address people see, without a slash at the end.
func (l listening) publicURL(actual string) (string, error) {
	if l.URL == "" {
		return "http://" + actual, nil
	}
	u, err := url.Parse(l.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || (u.Path != "" && u.Path != "/") {
		return "", avow.FieldErrorf("--url", "write it as https://privacy.example, without a path")
	}
	return u.Scheme + "://" + u.Host, nil
}

func (l listening) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range l.TrustedProxy {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, avow.FieldErrorf("--trusted-proxy", "%q is not a network; write it as 10.0.0.0/8", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// packages is where the packages are that people download.
func (w where) packages() string { return cmp.Or(w.Packages, filepath.Join(w.Data, "packages")) }

func (w where) databaseFile() string { return filepath.Join(w.Data, "avow.db") }
