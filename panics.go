package avow

import (
	"fmt"
	"runtime/debug"
)

// Panic is a panic that became the cause of an Internal error.
type Panic struct {
	Value any
	Stack []byte // of where it was
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Unpanicked calls f; a panic in it becomes an Internal error with a Panic as its cause. It is for goroutines of
// our own: there a panic that nobody recovers ends the whole program, and all that others were doing in it.
func Unpanicked(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Kind: Internal, Message: "a part of the program failed", Err: &Panic{p, debug.Stack()}}
		}
	}()
	return f()
}
