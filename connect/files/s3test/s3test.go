// Package s3test gives a test a real server of S3 of its own, a versitygw that is built
// from the nested module beside this package, with empty buckets. Where it cannot be built the
// test fails and says why.
//
// What stays true: the server listens on loopback and ends with the test.
//
// What it never does: stand in for a server.
package s3test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Server is a server, and its two logins.
type Server struct {
	Endpoint    string `json:"endpoint"`
	Access      string `json:"access-key"` // the owner's, who may do everything
	Secret      string `json:"secret-key"`
	Guest       string `json:"guest-access-key"` // somebody else's, who may do what the policy of a bucket says
	GuestSecret string `json:"guest-secret-key"`
}

// Start runs a server until the test ends. With certificates, a folder with server.pem and
// server-key.pem, it speaks TLS.
func Start(tb testing.TB, certificates ...string) *Server {
	tb.Helper()
	program := connecttest.Program(tb, "connect/files/s3server", "nothing else here is a server of S3")
	line, _ := connecttest.RunProgram(tb, program, append([]string{tb.TempDir()}, certificates...)...)
	s := &Server{}
	if err := json.Unmarshal([]byte(line), s); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Keys are credentials as avow reads them.
func Keys(access, secret string) string {
	text, err := json.Marshal(map[string]string{"access-key": access, "secret-key": secret})
	if err != nil {
		panic(err) // texts are always written
	}
	return string(text)
}

// Client reaches the server beside the driver under test. The server must not speak TLS.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoint), UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.Access, SecretAccessKey: s.Secret}, nil
		})})
}

// Bucket is the configuration of a new bucket with these objects, for the owner.
func (s *Server) Bucket(tb testing.TB, objects map[string]string) connect.Config {
	tb.Helper()
	name := "avow-" + strings.ToLower(rand.Text())
	if _, err := s.Client().CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		tb.Fatal(err)
	}
	c := connect.Config{System: "exports", Kind: "files", At: "s3://" + name + "?endpoint=" + url.QueryEscape(s.Endpoint),
		Secret: Keys(s.Access, s.Secret), Region: "GB", Allow: []string{"127.0.0.1"}}
	for key, text := range objects {
		s.Put(tb, c, key, text)
	}
	return c
}

// Put puts an object into the bucket of a configuration.
func (s *Server) Put(tb testing.TB, c connect.Config, key, text string) {
	tb.Helper()
	_, err := s.Client().PutObject(tb.Context(), &s3.PutObjectInput{Bucket: aws.String(Name(tb, c)), Key: aws.String(key), Body: strings.NewReader(text),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"kept": "yes"}})
	if err != nil {
		tb.Fatal(err)
	}
}

// Get is what stands in an object.
func (s *Server) Get(tb testing.TB, c connect.Config, key string) (text string, metadata map[string]string) {
	tb.Helper()
	o, err := s.Client().GetObject(tb.Context(), &s3.GetObjectInput{Bucket: aws.String(Name(tb, c)), Key: aws.String(key)})
	if err != nil {
		tb.Fatal(err)
	}
	defer o.Body.Close()
	body, err := io.ReadAll(o.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(body), o.Metadata
}

// Name is the name of the bucket of a configuration.
func Name(tb testing.TB, c connect.Config) string {
	tb.Helper()
	u, err := url.Parse(c.At)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Host
}
