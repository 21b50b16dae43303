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

// Steps of the room, one at a time, as its goroutines take them.

func (w *Work) Enter(ctx context.Context) error { return w.enter(ctx) }

func (w *Work) Leave(ctx context.Context) error { return w.leave(ctx) }

func (w *Work) RunDue(ctx context.Context, name string) error { return w.runDue(ctx, name) }

func (w *Work) Beat(ctx context.Context) error {
	_, err := w.beat(ctx)
	return err
}

func (w *Work) Follow(ctx context.Context, name string) error {
	_, err := w.follow(ctx, w.effects[name])
	return err
}
