package vault

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keySource is where the organisation's keyset is kept.
type keySource interface {
	// load reads the keyset; NotFound when there is none yet.
	load(ctx context.Context) (*keyset.Handle, error)
	// found keeps the first keyset and returns the one that is kept: of several that start at once, one wins.
	found(ctx context.Context, h *keyset.Handle) (*keyset.Handle, error)
	// prepare readies a keyset to take the place of the present one, durably; commit puts it there,
	// in a transaction of the keys' database, and drop gives it up.
	prepare(ctx context.Context, h *keyset.Handle) (commit func(tx *store.Tx) error, drop func(), err error)
	// String names the place for a person.
	String() string
}

// keyring is the organisation's keyset, opened: each key wraps and all unwrap.
type keyring struct {
	handle  *keyset.Handle
	primary uint32
	keys    map[uint32]tink.AEAD
}

func openKeyring(h *keyset.Handle) (*keyring, error) {
	primary, err := h.Primary()
	if err != nil {
		return nil, err
	}
	r := &keyring{handle: h, primary: primary.KeyID(), keys: map[uint32]tink.AEAD{}}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, err
		}
		if e.KeyStatus() != keyset.Enabled {
			continue
		}
		m := keyset.NewManagerFromHandle(h)
		if err := m.SetPrimary(e.KeyID()); err != nil {
			return nil, err
		}
		one, err := m.Handle()
		if err != nil {
			return nil, err
		}
		if r.keys[e.KeyID()], err = aead.New(one); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// withNewPrimary is the keyset with one more key, which wraps from now on.
func (r *keyring) withNewPrimary() (*keyset.Handle, uint32, error) {
	m := keyset.NewManagerFromHandle(r.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, 0, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, 0, err
	}
	h, err := m.Handle()
	return h, id, err
}

// only is the keyset with one of its keys.
func (r *keyring) only(id uint32) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(r.handle)
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	for i := range r.handle.Len() {
		e, err := r.handle.Entry(i)
		if err != nil {
			return nil, err
		}
		if e.KeyID() == id {
			continue
		}
		if err := m.Delete(e.KeyID()); err != nil {
			return nil, err
		}
	}
	return m.Handle()
}

// organisation is the organisation's keys: where they are kept, and the keyring read last.
type organisation struct {
	source keySource
	mu     sync.Mutex // one who reads again
	ring   atomic.Pointer[keyring]
}

func (o *organisation) set(h *keyset.Handle) error {
	r, err := openKeyring(h)
	if err != nil {
		return avow.Errorf(avow.Refused, "%s does not hold a key of an organisation; put the right one back", o.source)
	}
	o.ring.Store(r)
	return nil
}

// wrap wraps under one key, or under the primary one when id is 0.
func (o *organisation) wrap(ctx context.Context, id uint32, plain, context []byte) ([]byte, error) {
	r, err := o.holding(ctx, id)
	if err != nil {
		return nil, err
	}
	if id == 0 {
		id = r.primary
	}
	return r.keys[id].Encrypt(plain, context)
}

func (o *organisation) unwrap(ctx context.Context, wrapped, context []byte) ([]byte, error) {
	r, err := o.holding(ctx, wrappedBy(wrapped))
	if err != nil {
		return nil, err
	}
	return r.keys[r.primary].Decrypt(wrapped, context)
}

// holding gives a keyring with a certain key, reading the keyset again where the one
// at hand has it not: another node may have made a new one.
func (o *organisation) holding(ctx context.Context, id uint32) (*keyring, error) {
	r := o.ring.Load()
	if id == 0 || r.keys[id] != nil {
		return r, nil
	}
	if err := o.reload(ctx, r); err != nil {
		return nil, err
	}
	r = o.ring.Load()
	if r.keys[id] == nil {
		return nil, avow.Errorf(avow.Refused, "%s lacks a key that other nodes use. Bring the present one here", o.source)
	}
	return r, nil
}

// reload reads the keyset, unless another did so since seen was looked at.
func (o *organisation) reload(ctx context.Context, seen *keyring) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ring.Load() != seen {
		return nil
	}
	h, err := o.source.load(ctx)
	if err != nil {
		return err
	}
	return o.set(h)
}

// wrappedBy is the id of the key that wrapped, which Tink writes in front: one byte 1, then the id. 0 when it is not there.
func wrappedBy(wrapped []byte) uint32 {
	if len(wrapped) < 5 || wrapped[0] != 1 {
		return 0
	}
	return binary.BigEndian.Uint32(wrapped[1:5])
}

func wrapPrefix(id uint32) []byte { return binary.BigEndian.AppendUint32([]byte{1}, id) }
