package main

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// mapping is a part of the process's memory, as /proc/self/smaps tells of it.
type mapping struct {
	from, to uintptr
	readOnly bool
	file     string
	own      bool // it holds something that is not in the file
}

// forgetPages has the process forget the pages of its own file. What is used again comes
// back from the system's cache, a page at a time; where the system does not tell what is mapped, nothing happens.
func forgetPages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range mappingsOf(smaps) {
		if m.file == program && m.readOnly && !m.own {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED)
		}
	}
}

// mappingsOf reads the lines that begin with a range of addresses, and of those after each the one about its own pages.
func mappingsOf(smaps []byte) (all []mapping) {
	for s := bufio.NewScanner(bytes.NewReader(smaps)); s.Scan(); {
		f := strings.Fields(s.Text())
		switch {
		case len(f) == 3 && f[0] == "Anonymous:" && len(all) > 0:
			all[len(all)-1].own = f[1] != "0"
		case len(f) >= 5 && strings.Contains(f[0], "-"):
			m := mapping{own: true, readOnly: !strings.Contains(f[1], "w"), file: strings.Join(f[5:], " ")}
			var bad bool
			if m.from, m.to, bad = rangeOf(f[0]); !bad {
				all = append(all, m)
			}
		}
	}
	return all
}

func rangeOf(text string) (from, to uintptr, bad bool) {
	first, last, _ := strings.Cut(text, "-")
	a, errFirst := strconv.ParseUint(first, 16, 64)
	b, errLast := strconv.ParseUint(last, 16, 64)
	return uintptr(a), uintptr(b), errFirst != nil || errLast != nil || b <= a
}
