package main

import (
	"fmt"
	"strings"
)

// unifiedContext is how many unchanged lines stand around a change.
const unifiedContext = 3

// maxTable bounds the table that finds the common lines, in cells. Texts that need
// a larger one are shown as replaced between their common beginning and end.
const maxTable = 4 << 20

// edit is a line and what becomes of it: ' ' stays, '-' goes, '+' comes.
type edit struct {
	op   byte
	line string
}

// unified shows what changes from one text to another in the unified format, or
// nothing when they are the same.
func unified(name, before, after string) string {
	if before == after {
		return ""
	}
	edits := editsBetween(lines(before), lines(after))
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s (laid out)\n", name, name)
	for _, h := range hunks(edits) {
		h.write(&b)
	}
	return b.String()
}

// lines cuts a text after each line end.
func lines(s string) []string {
	out := strings.SplitAfter(s, "\n")
	if out[len(out)-1] == "" {
		return out[:len(out)-1]
	}
	return out
}

// editsBetween finds the edits: the common beginning and end stay, and between them the
// longest common subsequence does.
func editsBetween(a, b []string) []edit {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out []edit
	for _, line := range a[:start] {
		out = append(out, edit{' ', line})
	}
	out = append(out, between(a[start:len(a)-end], b[start:len(b)-end])...)
	for _, line := range a[len(a)-end:] {
		out = append(out, edit{' ', line})
	}
	return out
}

func between(a, b []string) []edit {
	var out []edit
	if len(a)*len(b) <= maxTable {
		length := common(a, b)
		for len(a) > 0 && len(b) > 0 {
			i, j := len(length)-1-len(a), len(length[0])-1-len(b)
			switch {
			case a[0] == b[0]:
				out = append(out, edit{' ', a[0]})
				a, b = a[1:], b[1:]
			case length[i+1][j] >= length[i][j+1]:
				out = append(out, edit{'-', a[0]})
				a = a[1:]
			default:
				out = append(out, edit{'+', b[0]})
				b = b[1:]
			}
		}
	}
	for _, line := range a {
		out = append(out, edit{'-', line})
	}
	for _, line := range b {
		out = append(out, edit{'+', line})
	}
	return out
}

// common is the length of the longest common subsequence of every pair of ends.
func common(a, b []string) [][]int32 {
	length := make([][]int32, len(a)+1)
	for i := range length {
		length[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	return length
}

// hunk is a run of edits with the lines they begin at.
type hunk struct {
	before, after int // line numbers from 1
	edits         []edit
}

// hunks groups edits that are close together.
func hunks(edits []edit) []hunk {
	var out []hunk
	before, after, quiet := 1, 1, 2*unifiedContext+1
	for i, e := range edits {
		if e.op == ' ' {
			quiet++
		} else {
			if quiet > 2*unifiedContext {
				back := min(i, unifiedContext, quiet)
				out = append(out, hunk{before - back, after - back, append([]edit(nil), edits[i-back:i]...)})
			}
			quiet = 0
		}
		if len(out) > 0 && (e.op != ' ' || quiet <= 2*unifiedContext) {
			out[len(out)-1].edits = append(out[len(out)-1].edits, e)
		}
		if e.op != '+' {
			before++
		}
		if e.op != '-' {
			after++
		}
	}
	for i := range out {
		out[i].trim()
	}
	return out
}

// trim leaves no more unchanged lines at the end than at the beginning.
func (h *hunk) trim() {
	last := len(h.edits)
	for last > 0 && h.edits[last-1].op == ' ' {
		last--
	}
	h.edits = h.edits[:min(len(h.edits), last+unifiedContext)]
}

func (h hunk) write(b *strings.Builder) {
	var gone, come int
	for _, e := range h.edits {
		if e.op != '+' {
			gone++
		}
		if e.op != '-' {
			come++
		}
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", h.before, gone, h.after, come)
	for _, e := range h.edits {
		b.WriteByte(e.op)
		b.WriteString(strings.TrimSuffix(e.line, "\n") + "\n")
		if !strings.HasSuffix(e.line, "\n") {
			b.WriteString("\\ No newline at end of file\n")
		}
	}
}
