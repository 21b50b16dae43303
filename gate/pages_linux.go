package gate

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of one; where it is another, the hint does nothing.
const hugePage = 2 << 20

// wantHugePages tells the kernel that memory is read at random: with pages of the
// usual size, finding a page costs as much as reading from it. It is a hint;
// whether the kernel takes it changes nothing but the time.
func wantHugePages(words []uint64) {
	if len(words)*8 < 2*hugePage {
		return
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	start := -uintptr(unsafe.Pointer(&words[0])) % hugePage
	end := start + (uintptr(len(memory))-start)/hugePage*hugePage
	_ = syscall.Madvise(memory[start:end], syscall.MADV_HUGEPAGE)
}
