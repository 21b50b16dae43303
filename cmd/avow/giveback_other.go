//go:build !linux

package main

// forgetPages is for systems that say what they have mapped.
func forgetPages() {}
