package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Only what is in the file and nowhere else is forgotten.
func TestMappings(t *testing.T) {
	all := mappingsOf([]byte(`00400000-01e71000 r-xp 00000000 fe:00 17 /usr/bin/avow
Rss:               18292 kB
Anonymous:             0 kB
01e71000-03a31000 r--p 01a71000 fe:00 17 /usr/bin/avow
Anonymous:             4 kB
03a31000-03c88000 rw-p 03631000 fe:00 17 /usr/bin/avow (deleted)
Anonymous:             0 kB
7f0881de0000-7f0881ee0000 rw-p 00000000 00:00 0
VmFlags: rd wr mr mw me ac sd
zz-1 r--p 0 0 0 no
`))
	want := []mapping{
		{0x400000, 0x1e71000, true, "/usr/bin/avow", false},
		{0x1e71000, 0x3a31000, true, "/usr/bin/avow", true},
		{0x3a31000, 0x3c88000, false, "/usr/bin/avow (deleted)", false},
		{0x7f0881de0000, 0x7f0881ee0000, false, "", true},
	}
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i, m := range all {
		if m != want[i] {
			t.Errorf("%+v, want %+v", m, want[i])
		}
	}
}

// The process goes on with less of its file in memory.
func TestForgetPages(t *testing.T) {
	before := filed(t)
	forgetPages()
	if after := filed(t); after >= before {
		t.Errorf("%d kB of files in memory, and %d before", after, before)
	}
}

func filed(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "RssFile:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
