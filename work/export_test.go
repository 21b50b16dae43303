package work

import (
	"context"

	"github.com/avowhq/avow/store"
)

// Through has every write of the room go through f, which can fail it, or lose the answer.
func (w *Work) Through(f func(ctx context.Context, write func(context.Context, func(*store.Tx) error) error, fn func(*store.Tx) error) error) {
	write := w.DB.Write
	w.write = func(ctx context.Context, fn func(*store.Tx) error) error { return f(ctx, write, fn) }
}
