package vault

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// openSource reads where the organisation's key is: a path, "file:" and a path, or the
// URI of a key in a key management service.
func openSource(keys *store.DB, c Config) (keySource, error) {
	where := c.OrganisationKey
	if where == "" {
		return nil, avow.Errorf(avow.Invalid, "no file is named for the organisation's key")
	}
	if path, ok := strings.CutPrefix(where, "file:"); ok {
		u, err := url.Parse(where)
		if err == nil && u.Path != "" {
			path = u.Path
		}
		return keyFile(path), nil
	}
	for _, client := range append(c.KMS, Transit{TokenFile: c.KMSTokenFile}) {
		if client.Supported(where) {
			return openService(keys, client, where)
		}
	}
	if strings.HasPrefix(where, "kms-") {
		return nil, avow.Errorf(avow.Invalid, "no client is known for the key management service that the organisation's key names; kms-transit: is one")
	}
	return keyFile(where), nil
}

func openService(keys *store.DB, client registry.KMSClient, uri string) (keySource, error) {
	key, err := client.GetAEAD(uri)
	if err != nil {
		return nil, err
	}
	return &keyService{keys: keys, key: key}, nil
}

// keyService is a keyset in the keys' own database, sealed by a key that never leaves its service.
type keyService struct {
	keys *store.DB
	key  tink.AEAD
}

// keysetContext binds what the service seals to what it is.
var keysetContext = []byte("avow organisation keyset")

func (s *keyService) String() string { return "the keyset that the key management service opens" }

func (s *keyService) load(ctx context.Context) (*keyset.Handle, error) {
	var sealed []byte
	err := s.keys.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT sealed FROM vault_keyset WHERE id = 1").Scan(&sealed)
	})
	if avow.KindOf(err) == avow.NotFound {
		return nil, avow.Errorf(avow.NotFound, "the organisation's keyset is missing: the keys were made with a key in a file, or the table vault_keyset was emptied")
	}
	if err != nil {
		return nil, err
	}
	key := &heard{AEAD: s.key}
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(sealed)), key, keysetContext)
	if key.err != nil {
		return nil, key.err
	}
	if err != nil {
		return nil, avow.Errorf(avow.Refused, "what the key management service opened is not a keyset; name the key this vault was made with")
	}
	return h, nil
}

func (s *keyService) seal(h *keyset.Handle) ([]byte, error) {
	key := &heard{AEAD: s.key}
	var sealed bytes.Buffer
	err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&sealed), key, keysetContext)
	if key.err != nil {
		return nil, key.err
	}
	return sealed.Bytes(), err
}

// heard keeps what a service answered, which Tink turns into text.
type heard struct {
	tink.AEAD
	err error
}

func (k *heard) Encrypt(plain, context []byte) (out []byte, err error) {
	out, k.err = k.AEAD.Encrypt(plain, context)
	return out, k.err
}

func (k *heard) Decrypt(sealed, context []byte) (out []byte, err error) {
	out, k.err = k.AEAD.Decrypt(sealed, context)
	return out, k.err
}

func (s *keyService) found(ctx context.Context, h *keyset.Handle) (*keyset.Handle, error) {
	sealed, err := s.seal(h)
	if err != nil {
		return nil, err
	}
	err = s.keys.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO vault_keyset (id, sealed, at) VALUES (1, ?, ?) ON CONFLICT DO NOTHING", sealed, tx.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.load(ctx)
}

func (s *keyService) prepare(_ context.Context, h *keyset.Handle) (commit func(*store.Tx) error, drop func(), err error) {
	sealed, err := s.seal(h)
	if err != nil {
		return nil, nil, err
	}
	return func(tx *store.Tx) error {
		n, err := tx.Exec("UPDATE vault_keyset SET sealed = ?, at = ? WHERE id = 1", sealed, tx.Now())
		if err == nil && n != 1 {
			err = avow.Errorf(avow.Refused, "the organisation's keyset is missing")
		}
		return err
	}, func() {}, nil
}
