package files_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/connect/files/s3test"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob/memblob"
)

func opened(t *testing.T, c connect.Config) connect.Source {
	t.Helper()
	s, err := files.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func in(table string, c connect.Change) connect.Change {
	c.Table = table
	return c
}

// between stands between avow and a server: it sees each request before the server does, and
// may answer it itself.
func between(t *testing.T, server *s3test.Server, c connect.Config, see func(http.ResponseWriter, *http.Request) (answered bool), after func(*http.Request)) connect.Config {
	t.Helper()
	to, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to) // keeps the host, which is signed
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see != nil && see(w, r) {
			return
		}
		proxy.ServeHTTP(w, r)
		if after != nil {
			after(r)
		}
	}))
	t.Cleanup(way.Close)
	c.At = "s3://" + s3test.Name(t, c) + "?endpoint=" + url.QueryEscape(way.URL)
	return c
}

// table is a file of rows with a text in each, as long as is asked.
func table(rows, wide int) string {
	var b strings.Builder
	b.WriteString("id,name,note\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,n%d,%s\n", i, i, strings.Repeat("x", wide))
	}
	return b.String()
}

// ends reports whether a request ends the writing of an object.
func ends(r *http.Request) bool {
	if r.Method == http.MethodPut {
		return !r.URL.Query().Has("uploadId")
	}
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

// What somebody puts in the place of an object at the very moment in which avow writes it is not
// lost: it is read, and changed in its turn. So for objects in one piece and in several.
func TestS3LosesNothingOfOthers(t *testing.T) {
	server := s3test.Start(t)
	for _, c := range []struct {
		name string
		rows int
		wide int
	}{{"one piece", 3, 1}, {"several pieces", 400, 50_000}} {
		old := table(c.rows, c.wide)
		theirs := old + "1000,theirs,\n"
		bucket := server.Bucket(t, map[string]string{"people.csv": old})
		var met atomic.Int64
		s := opened(t, between(t, server, bucket, func(_ http.ResponseWriter, r *http.Request) bool {
			if ends(r) && met.Add(1) == 1 {
				server.Put(t, bucket, "people.csv", theirs)
			}
			return false
		}, nil))
		result, err := s.Change(t.Context(), []connect.Change{in("people.csv", by("id", 1))})
		if err != nil || result[0].Changed != 1 {
			t.Errorf("%s: %+v, %v", c.name, result, err)
		}
		got, metadata := server.Get(t, bucket, "people.csv")
		if want := strings.Replace(theirs, fmt.Sprintf("1,n1,%s\n", strings.Repeat("x", c.wide)), "", 1); got != want {
			t.Errorf("%s: %d bytes stand there, not the %d of theirs without the row", c.name, len(got), len(want))
		}
		if metadata["kept"] != "yes" {
			t.Errorf("%s: what stands beside the object was lost: %v", c.name, metadata)
		}
		if met.Load() != 2 {
			t.Errorf("%s: it was written %d times, not refused once and done once", c.name, met.Load())
		}
		noneUnderWay(t, server, bucket)
	}
}

// noneUnderWay looks for pieces of objects that were never put together: they would be kept, and
// no list shows them.
func noneUnderWay(t *testing.T, server *s3test.Server, c connect.Config) {
	t.Helper()
	out, err := server.Client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(s3test.Name(t, c))})
	if err != nil || len(out.Uploads) != 0 {
		t.Errorf("%d objects are still being written, %v", len(out.Uploads), err)
	}
}

// A store that knows no conditions says so: then what is there is compared before, and read again after.
func TestS3WithoutConditions(t *testing.T) {
	server := s3test.Start(t)
	old := table(3, 1)
	bucket := server.Bucket(t, map[string]string{"people.csv": old})
	var refused, wrote atomic.Int64
	s := opened(t, between(t, server, bucket, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("If-Match") == "" || r.Method != http.MethodPut {
			return false
		}
		refused.Add(1)
		w.WriteHeader(http.StatusNotImplemented)
		fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented.</Message></Error>`)
		return true
	}, func(r *http.Request) {
		if ends(r) && wrote.Add(1) == 1 {
			server.Put(t, bucket, "people.csv", old+"1000,theirs,\n") // made from the old one
		}
	}))
	if _, err := s.Change(t.Context(), []connect.Change{in("people.csv", by("id", 1))}); err != nil {
		t.Fatal(err)
	}
	if got, _ := server.Get(t, bucket, "people.csv"); got != "id,name,note\n0,n0,x\n2,n2,x\n1000,theirs,\n" {
		t.Errorf("%q stands there", got)
	}
	if refused.Load() == 0 || wrote.Load() != 2 {
		t.Errorf("refused %d times, written %d times; want it written, found overwritten, and written again", refused.Load(), wrote.Load())
	}
}

// Several that change one object at once lose nothing of each other.
func TestS3AtOnce(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t, map[string]string{"people.csv": table(40, 1)})
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			s := opened(t, bucket)
			for i := worker; i < 40; i += 4 {
				change := in("people.csv", by("id", i))
				if i%2 == 0 {
					change = sets(change, set("name", "-"))
				}
				_, err := s.Change(t.Context(), []connect.Change{change})
				for avow.KindOf(err) == avow.Conflict {
					_, err = s.Change(t.Context(), []connect.Change{change})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	rows := connecttest.All(t, opened(t, bucket), connect.Read{Table: "people.csv", Columns: []string{"id", "name"}})
	if len(rows) != 20 {
		t.Errorf("%d rows are left of 20", len(rows))
	}
	for _, r := range rows {
		if r[1] != "-" {
			t.Errorf("%v was not changed", r[0])
		}
	}
}

// An erasure that is given up leaves the object, and no piece of a new one.
func TestS3GivenUp(t *testing.T) {
	server := s3test.Start(t)
	old := table(400, 50_000) + "broken,\"\n"
	bucket := server.Bucket(t, map[string]string{"people.csv": old})
	_, err := opened(t, bucket).Change(t.Context(), []connect.Change{in("people.csv", by("id", 1))})
	connecttest.WantKind(t, err, avow.Invalid, "hunter2")
	if got, _ := server.Get(t, bucket, "people.csv"); got != old {
		t.Errorf("%d bytes stand there, not the %d that did", len(got), len(old))
	}
	noneUnderWay(t, server, bucket)
}

// So is one whose time is over while it is written.
func TestS3Ended(t *testing.T) {
	server := s3test.Start(t)
	old := table(400, 50_000)
	bucket := server.Bucket(t, map[string]string{"people.csv": old})
	ctx, stop := context.WithCancel(t.Context())
	s := opened(t, between(t, server, bucket, nil, func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Query().Has("uploads") { // it was begun
			stop()
		}
	}))
	_, err := s.Change(ctx, []connect.Change{in("people.csv", by("id", 1))})
	connecttest.WantKind(t, err, avow.Canceled)
	if got, _ := server.Get(t, bucket, "people.csv"); got != old {
		t.Errorf("%d bytes stand there, not the %d that did", len(got), len(old))
	}
	noneUnderWay(t, server, bucket)
}

// Buckets of other kinds keep their object too.
func TestBucketGivenUp(t *testing.T) {
	b := memblob.OpenBucket(nil)
	old := table(40, 50_000) + "broken,\"\n"
	if err := b.WriteAll(t.Context(), "people.csv", []byte(old), nil); err != nil {
		t.Fatal(err)
	}
	s := files.OpenBucket(connect.Config{System: "exports", Kind: "files"}, b)
	defer s.Close()
	_, err := s.Change(t.Context(), []connect.Change{in("people.csv", by("id", 1))})
	connecttest.WantKind(t, err, avow.Invalid)
	if got, err := b.ReadAll(t.Context(), "people.csv"); err != nil || string(got) != old {
		t.Errorf("%d bytes stand there, not the %d that did: %v", len(got), len(old), err)
	}
}

// A folder of a bucket is all that is seen of it; a maildir in it loses a message.
func TestS3Folder(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t, map[string]string{"crm/people.csv": "id,name\n1,Ann\n", "other/people.csv": "id,name\n2,Bob\n",
		"crm/mail/cur/1": "Message-ID: <1@x>\nFrom: ann@x.example\n\nHello\n", "crm/mail/new/2": "Message-ID: <2@x>\nFrom: bob@x.example\n\nHello\n"})
	bucket.At = strings.Replace(bucket.At, "?", "/crm?", 1)
	s := opened(t, bucket)
	schema, err := s.Describe(t.Context())
	if err != nil || len(schema.Tables) != 2 || schema.Tables[0].Name != "mail" || schema.Tables[1].Name != "people.csv" {
		t.Fatalf("%+v, %v", schema, err)
	}
	if _, err := s.Change(t.Context(), []connect.Change{in("mail", by("id", "1"))}); err != nil {
		t.Fatal(err)
	}
	if rows := connecttest.All(t, s, connect.Read{Table: "mail", Columns: []string{"id"}}); len(rows) != 1 || rows[0][0] != "2" {
		t.Errorf("%v", rows)
	}
	if err := s.Read(t.Context(), connect.Read{Table: "../other/people.csv", Columns: []string{"id"}}, func(connect.Row) error { return nil }); avow.KindOf(err) != avow.NotFound {
		t.Errorf("outside of the folder: %v", err)
	}
}

// A key that may only read reads, and is told the right that an erasure needs.
func TestS3LeastPrivilege(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t, map[string]string{"people.csv": "id,name\n1,Ann\n", "mail/cur/1": "Message-ID: <1@x>\n\nHello\n"})
	guest := bucket
	guest.Secret = s3test.Keys(server.Guest, server.GuestSecret)
	name := s3test.Name(t, bucket)
	allow := func(actions string) {
		policy := fmt.Sprintf(`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": [%q]}, "Action": [%s], "Resource": ["arn:aws:s3:::%s", "arn:aws:s3:::%s/*"]}]}`, server.Guest, actions, name, name)
		if _, err := server.Client().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(name), Policy: aws.String(policy)}); err != nil {
			t.Fatal(err)
		}
	}
	says := func(err error, right string) {
		t.Helper()
		connecttest.WantKind(t, err, avow.Forbidden, server.GuestSecret, server.Guest, name)
		if err != nil && !strings.Contains(err.Error(), "what is missing is: "+right+" ") {
			t.Errorf("%v; want it to name %s", err, right)
		}
	}
	s := opened(t, guest)
	_, err := s.Describe(t.Context())
	says(err, "s3:ListBucket")
	allow(`"s3:ListBucket"`)
	_, err = s.Describe(t.Context())
	says(err, "s3:GetObject")
	allow(`"s3:ListBucket", "s3:GetObject"`)
	if rows := connecttest.All(t, s, connect.Read{Table: "people.csv", Columns: []string{"name"}}); len(rows) != 1 {
		t.Errorf("%v", rows)
	}
	_, err = s.Change(t.Context(), []connect.Change{in("people.csv", by("id", 1))})
	says(err, "s3:PutObject")
	_, err = s.Change(t.Context(), []connect.Change{in("mail", by("id", "1"))})
	says(err, "s3:DeleteObject")
	allow(`"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"`)
	if _, err = s.Change(t.Context(), []connect.Change{in("people.csv", by("id", 1)), in("mail", by("id", "1"))}); err != nil {
		t.Error(err)
	}
}

// A bucket that keeps old versions erases nobody, and says so before anything is done, unless a
// rule of its own ends them.
func TestS3Versions(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t, map[string]string{"people.csv": "id,name\n1,Ann\n", "mail/cur/1": "Message-ID: <1@x>\n\nHello\n"})
	if got := schemaLacks(t, bucket); got != "" {
		t.Errorf("without versions: %s", got)
	}
	for _, status := range []types.BucketVersioningStatus{types.BucketVersioningStatusEnabled, types.BucketVersioningStatusSuspended} {
		_, err := server.Client().PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String(s3test.Name(t, bucket)), VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
		if err != nil {
			t.Fatal(err)
		}
		if got := schemaLacks(t, bucket); !strings.Contains(got, "NoncurrentVersionExpiration") {
			t.Errorf("%s: %q", status, got)
		}
		for rule, want := range map[string]bool{"Enabled": true, "Disabled": false} {
			ruled := between(t, server, bucket, func(w http.ResponseWriter, r *http.Request) bool {
				if !r.URL.Query().Has("lifecycle") {
					return false
				}
				fmt.Fprintf(w, `<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix></Prefix></Filter><Status>%s</Status><NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`, rule)
				return true
			}, nil)
			if got := schemaLacks(t, ruled); (got == "") != want {
				t.Errorf("%s, with a rule that is %s: %q", status, rule, got)
			}
		}
	}
}

// schemaLacks is what the table people.csv lacks for an erasure.
func schemaLacks(t *testing.T, c connect.Config) string {
	t.Helper()
	schema, err := opened(t, c).Describe(t.Context())
	if err != nil || schema.Table("people.csv") == nil {
		t.Fatalf("%+v, %v", schema, err)
	}
	return schema.Table("people.csv").Lacks[connect.OpDelete]
}

// Where a bucket is, is judged as the address of a service is.
func TestS3Addresses(t *testing.T) {
	ours, other := connecttest.NewAuthority(t), connecttest.NewAuthority(t)
	ours.Issue(t, "server", "localhost", time.Now().Add(time.Hour), "localhost")
	server := s3test.Start(t, ours.Dir)
	port := server.Endpoint[strings.LastIndexByte(server.Endpoint, ':'):]
	keys := s3test.Keys(server.Access, server.Secret)
	ca := "&ca=" + ours.File("ca.pem")
	here := []string{"localhost", "127.0.0.1"}
	for _, c := range []struct {
		at, secret string
		allow      []string
		kind       avow.ErrorKind
		says       string
	}{
		{"s3://exports?endpoint=https://localhost" + port + ca, keys, here, avow.NotFound, "there is no such bucket"},
		{"s3://exports?endpoint=https://localhost" + port + ca, keys, []string{"127.0.0.0/8", "::1"}, avow.NotFound, "there is no such bucket"},
		{"s3://exports?endpoint=https://localhost" + port + "&ca=" + other.File("ca.pem"), keys, here, avow.Unavailable, "nobody who is trusted here"},
		{"s3://exports?endpoint=https://localhost" + port, keys, here, avow.Unavailable, "nobody who is trusted here"},
		{"s3://exports?endpoint=https://127.0.0.1" + port + ca, keys, here, avow.Unavailable, "for another name"},
		{"s3://exports?endpoint=https://localhost" + port + ca, keys, nil, avow.Invalid, "leads into a private network"},
		{"s3://exports?endpoint=https://127.0.0.1" + port + ca, keys, []string{"10.0.0.0/8"}, avow.Invalid, "leads into a private network"},
		{"s3://exports?endpoint=https://169.254.169.254", keys, nil, avow.Invalid, "leads into a private network"},
		{"s3://exports?endpoint=https://[::ffff:7f00:1]" + port, keys, nil, avow.Invalid, "leads into a private network"},
		{"s3://exports?endpoint=http://localhost" + port, keys, nil, avow.Invalid, "without TLS"},
		{"s3://exports?endpoint=https://u:hunter2@localhost", keys, here, avow.Invalid, "its endpoint cannot be used"},
		{"s3://exports?endpoint=https://localhost/path", keys, here, avow.Invalid, "its endpoint cannot be used"},
		{"s3://exports?endpoint=ftp://localhost", keys, here, avow.Invalid, "its endpoint cannot be used"},
		{"s3://exports?endpoint=localhost", keys, here, avow.Invalid, "its endpoint cannot be used"},
		{"s3://u:hunter2@exports?region=eu-west-1", keys, nil, avow.Invalid, "it is not written as"},
		{"s3://exports", keys, nil, avow.Invalid, "its region is missing"},
		{"s3://exports?region=eu-west-1.evil.example%2F", keys, nil, avow.Invalid, "its region is missing or none"},
		{"s3://exports?region=eu-west-1&region=x", keys, nil, avow.Invalid, "twice"},
		{"s3://exports?region=eu-west-1&secret=hunter2", keys, nil, avow.Invalid, `"secret" is not known`},
		{"s3://Exports?region=eu-west-1", keys, nil, avow.Invalid, "names no bucket"},
		{"s3:///people?region=eu-west-1", keys, nil, avow.Invalid, "names no bucket"},
		{"s3://exports?region=eu-west-1&path-style=1", keys, nil, avow.Invalid, "path-style"},
		{"s3://exports?region=eu-west-1&ca=/nowhere.pem", keys, nil, avow.Invalid, "the file that ca names"},
		{"s3://exports?region=eu-west-1", "", nil, avow.Invalid, "its credentials are missing"},
		{"s3://exports?region=eu-west-1", "hunter2", nil, avow.Invalid, "its credentials are missing"},
		{"s3://exports?region=eu-west-1", `{"access-key": "hunter2"}`, nil, avow.Invalid, "its credentials are missing"},
		{"s3://exports?region=eu-west-1", `{"access-key": "hunter2", "secret-key": "hunter2", "password": "hunter2"}`, nil, avow.Invalid, "its credentials are missing"},
		{"s3://exports?endpoint=https://localhost" + port + ca, s3test.Keys(server.Access, "hunter2"), here, avow.Forbidden, "does not accept the key"},
		{"s3://exports?endpoint=https://localhost" + port + ca, s3test.Keys("hunter2", "hunter2"), here, avow.Forbidden, "does not accept the key"},
		{"gs://exports", keys, nil, avow.Invalid, "folders and s3: buckets can be read"},
	} {
		s, err := files.Open(t.Context(), connect.Config{System: "exports", Kind: "files", At: c.at, Secret: c.secret, Allow: c.allow})
		if err == nil {
			_, err = s.Describe(t.Context())
			s.Close()
		}
		connecttest.WantKind(t, err, c.kind, "hunter2", server.Access, server.Secret, "localhost")
		if err != nil && (!strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "exports: ")) {
			t.Errorf("%s: %v; want it to say %q", c.at, err, c.says)
		}
	}
}

// Nothing that opens a store is taken from elsewhere than the system's own credentials.
func TestS3TakesNoCredentialsFromElsewhere(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t, map[string]string{"people.csv": "id\n1\n"})
	t.Setenv("AWS_ACCESS_KEY_ID", server.Access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.Secret)
	t.Setenv("AWS_ENDPOINT_URL", "http://169.254.169.254")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if rows := connecttest.All(t, opened(t, bucket), connect.Read{Table: "people.csv", Columns: []string{"id"}}); len(rows) != 1 {
		t.Errorf("%v", rows)
	}
	bucket.Secret = ""
	_, err := files.Open(t.Context(), bucket)
	connecttest.WantKind(t, err, avow.Invalid, server.Secret)
}
