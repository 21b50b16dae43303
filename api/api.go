// Package api is the face for programs: decisions by the OpenID AuthZEN
// evaluation interface, collection by JSON, and what an integration needs around
// them, described by OpenAPI 3.1.
//
// What stays true: whoever asks is authenticated first, and the asker's role comes
// from the token alone; a body is bounded before it is read; an error is the
// problem document of rfc:9457 and says nothing of our insides; no personal value
// stands in a URL, a log line or a metric.
//
// What it never does: decide, or keep anything. The gate decides, the duties keep.
package api
