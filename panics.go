package avow

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Panic is a panic that became the cause of an Internal error.
type Panic struct {
	What  string // was wrong, as the runtime says it; of any other value its type, since it may be somebody's
	Stack []byte // of where it was
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %s\n%s", p.What, p.Stack) }

// Unpanicked calls f; a panic in it becomes an Internal error with a Panic as its cause. It is for goroutines of
// our own: there a panic that nobody recovers ends the whole program, and all that others were doing in it.
func Unpanicked(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Kind: Internal, Message: "a part of the program failed", Err: PanicOf(p)}
		}
	}()
	return f()
}

// PanicOf describes what recover gave, where it is called.
func PanicOf(value any) *Panic {
	p := &Panic{What: fmt.Sprintf("%T", value), Stack: debug.Stack()}
	if err, ok := value.(runtime.Error); ok {
		p.What = err.Error()
	}
	return p
}
