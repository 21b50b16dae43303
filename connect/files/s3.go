package files

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/inside"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// The bounds of waiting for a store.
const (
	answerTimeout = time.Minute      // until it begins to answer
	objectTimeout = 30 * time.Minute // for one object
)

// store is where a bucket of S3 is: `s3://exports/crm?region=eu-west-1`, or at another's
// than Amazon's `s3://exports?endpoint=https://s3.example&ca=ca.pem&path-style=no`.
type store struct {
	bucket, folder, region string
	endpoint               string // empty: Amazon's
	ca                     string // the file of an authority of one's own
	pathStyle              bool   // the bucket's name stands in the path, and not before the host
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// readStore reads the address of a bucket. It holds no credentials, so that it may stand in an error.
func readStore(u *url.URL, allow *inside.Allowed) (*store, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" || u.User != nil {
		return nil, errors.New("it is not written as s3://bucket/folder?region=eu-west-1")
	}
	s := &store{bucket: u.Host, folder: strings.Trim(u.Path, "/"), pathStyle: strings.Contains(u.Host, ".")}
	for name, values := range query {
		if len(values) != 1 {
			return nil, fmt.Errorf("%q stands in it twice", name)
		}
		switch value := values[0]; name {
		case "region":
			s.region = value
		case "ca":
			s.ca = value
		case "endpoint":
			s.endpoint = value
		case "path-style":
		default:
			return nil, fmt.Errorf("%q is not known; there are region, endpoint, path-style and ca", name)
		}
	}
	if s.endpoint != "" {
		s.pathStyle = true
		s.region = orElse(s.region, "us-east-1")
	}
	switch style := query.Get("path-style"); style {
	case "":
	case "yes", "no":
		s.pathStyle = style == "yes"
	default:
		return nil, errors.New("path-style is `yes` or `no`")
	}
	return s, s.check(allow)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (s *store) check(allow *inside.Allowed) error {
	switch {
	case !bucketName.MatchString(s.bucket):
		return errors.New("it names no bucket; write s3://bucket/folder?region=eu-west-1")
	case !regionName.MatchString(s.region):
		return errors.New("its region is missing or none; write for instance ?region=eu-west-1")
	case s.endpoint == "":
		return nil
	}
	e, err := url.Parse(s.endpoint)
	switch {
	case err != nil || e.Host == "" || e.User != nil || e.RawQuery != "" || e.Fragment != "" || strings.Trim(e.Path, "/") != "" || e.Scheme != "https" && e.Scheme != "http":
		return errors.New("its endpoint cannot be used; write for instance ?endpoint=https://s3.example")
	case e.Scheme == "http" && !allow.Host(e.Host):
		return errors.New("its endpoint is without TLS; write https://, or let the operator allow the host (--inside HOST)")
	}
	return nil
}

// storeKeys are what opens a store. They never stand in an error.
type storeKeys struct {
	Access  string `json:"access-key"`
	Secret  string `json:"secret-key"`
	Session string `json:"session-token"`
}

// readStoreKeys reads `{"access-key": "…", "secret-key": "…"}`. Nothing is taken from elsewhere: neither from
// variables nor files of other programs, nor from the machine's own role.
func readStoreKeys(secret string) (*storeKeys, error) {
	k := &storeKeys{}
	d := json.NewDecoder(strings.NewReader(secret))
	d.DisallowUnknownFields()
	if err := d.Decode(k); err != nil || d.More() || k.Access == "" || k.Secret == "" {
		return nil, errors.New(`its credentials are missing, or not as a bucket of S3 needs them: {"access-key": "…", "secret-key": "…"}, and "session-token" where there is one`)
	}
	return k, nil
}

// openS3 opens a bucket of S3.
func openS3(ctx context.Context, c connect.Config, u *url.URL) (connect.Source, error) {
	allow, err := inside.Read(c.Allow)
	if err != nil {
		return nil, err
	}
	at, err := readStore(u, allow)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: `at`: %s", c.System, err.Error())
	}
	keys, err := readStoreKeys(c.Secret)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: %s", c.System, err.Error())
	}
	roots, err := at.roots(c.Folder)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: `at`: %s", c.System, err.Error())
	}
	client := at.client(keys, allow, roots)
	b, err := s3blob.OpenBucket(ctx, client, at.bucket, &s3blob.Options{RequestChecksumCalculation: at.checksums()})
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s: the bucket cannot be opened", c.System)
	}
	if at.folder != "" {
		b = blob.PrefixedBucket(b, at.folder+"/")
	}
	c.Secret = ""
	return &source{config: c, at: &bucket{b: b, explain: storeFault(c.System), pieces: true, keeps: at.keeps(client)}}, nil
}

func (s *store) client(keys *storeKeys, allow *inside.Allowed, roots *x509.CertPool) *s3.Client {
	given := aws.Credentials{AccessKeyID: keys.Access, SecretAccessKey: keys.Secret, SessionToken: keys.Session, Source: "avow"}
	o := s3.Options{
		Region:                     s.region,
		UsePathStyle:               s.pathStyle,
		Credentials:                aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return given, nil }),
		RequestChecksumCalculation: s.checksums(),
		HTTPClient: asker{&http.Client{
			Timeout:       objectTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				// No Proxy: it would dial in our place, and nobody would judge where.
				DialContext:           allow.Dial,
				TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
				TLSHandshakeTimeout:   10 * time.Second,
				ResponseHeaderTimeout: answerTimeout,
				IdleConnTimeout:       time.Minute,
				MaxIdleConnsPerHost:   8,
			},
		}},
	}
	if s.endpoint != "" {
		o.BaseEndpoint = aws.String(s.endpoint)
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
	return s3.New(o)
}

// asker asks a store. What another attempt does not change is not tried again.
type asker struct{ *http.Client }

func (a asker) Do(r *http.Request) (*http.Response, error) {
	answer, err := a.Client.Do(r)
	if errors.Is(err, inside.Err) || inside.Distrust(err, "") != "" {
		return nil, hopeless{err}
	}
	return answer, err
}

// hopeless is an error in the words of Amazon's client.
type hopeless struct{ error }

func (h hopeless) Unwrap() error        { return h.error }
func (h hopeless) RetryableError() bool { return false }

// keeps looks whether a bucket keeps the old versions of what is changed or removed in it, and
// nothing ends them: then nobody is erased there. It says what is missing; nothing also where
// the key may not see it.
func (s *store) keeps(client *s3.Client) func(context.Context) string {
	return func(ctx context.Context) string {
		versions, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(s.bucket)})
		if err != nil || versions.Status == "" {
			return ""
		}
		rules, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String(s.bucket)})
		if err == nil {
			for _, r := range rules.Rules {
				if r.Status == types.ExpirationStatusEnabled && r.NoncurrentVersionExpiration != nil {
					return ""
				}
			}
		}
		return "a lifecycle rule of the bucket that ends old versions (NoncurrentVersionExpiration): it keeps the old version of all that is changed or removed"
	}
}

// checksums: other stores than Amazon's do not know all that Amazon's client sends of its own accord.
func (s *store) checksums() aws.RequestChecksumCalculation {
	if s.endpoint != "" {
		return aws.RequestChecksumCalculationWhenRequired
	}
	return aws.RequestChecksumCalculationWhenSupported
}

// roots are the authorities that may vouch for the store; nil: those of the machine.
func (s *store) roots(folder string) (*x509.CertPool, error) {
	if s.ca == "" {
		return nil, nil
	}
	file := s.ca
	if !filepath.IsAbs(file) {
		file = filepath.Join(folder, file)
	}
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file that ca names cannot be read, or holds no certificate")
	}
	return pool, nil
}
