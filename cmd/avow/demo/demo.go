// Package demo is the fictional organisation behind `avow demo`: its site, its
// mailbox, and the story that `avow demo --check` plays over HTTP as a visitor
// and as the organisation's own systems.
//
// What stays true: everything goes through the same doors anybody else would use
// — pages, forms, one-time links, the decision interface — so that a step that
// passes proves the product and not the demo.
//
// What it never does: run in a server that was not started as a demo, send a mail
// to the outside, or hold anything about a real person.
package demo
