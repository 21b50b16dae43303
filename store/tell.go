package store

import (
	"slices"
	"strings"
	"unicode"

	"github.com/avowhq/avow"
)

// news is what a transaction tells of. No ids: anything of the topic may have changed.
type news struct {
	topic string
	ids   []avow.ID
}

// Tell has everybody who hears the topic told once the transaction is on disk: on
// this node before Write returns, on other nodes of a PostgreSQL database soon
// after, by one message a batch. Without ids it tells that anything may have
// changed, and so do more ids than a message holds. News can be lost with a
// connection; what must not be missed is looked up as well. A Read tells nobody.
func (tx *Tx) Tell(topic string, ids ...avow.ID) {
	if topic == "" || len(topic) > 40 || strings.ContainsFunc(topic, notInTopic) {
		tx.fail(avow.Errorf(avow.Internal, "%q is not a topic", topic))
		return
	}
	tx.told = append(tx.told, news{topic, ids})
}

func notInTopic(r rune) bool { return r != '-' && (r > unicode.MaxASCII || !unicode.IsLower(r)) }

// Hear has f called after each transaction that tells of the topic, with the ids
// it told. f(nil): anything may have happened, because somebody said so, or because
// the connection on which other nodes are heard is new. Hear first and read then,
// and nothing is missed between the two. f is called by several goroutines, one of
// which is about to acknowledge a Write: it is short and uses no database. On
// SQLite other processes are not heard.
func (db *DB) Hear(topic string, f func(ids []avow.ID)) (stop func()) {
	h := &hearer{topic, f}
	db.mu.Lock()
	db.hearers = append(slices.Clone(db.hearers), h)
	db.mu.Unlock()
	if db.kind == PostgreSQL {
		db.startListening()
	}
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		db.hearers = slices.DeleteFunc(slices.Clone(db.hearers), func(other *hearer) bool { return other == h })
	}
}

type hearer struct {
	topic string
	f     func([]avow.ID)
}

// deliver tells the hearers on this node.
func (db *DB) deliver(list []news) {
	for _, h := range db.hearerList() {
		for _, n := range list {
			if n.topic == h.topic {
				h.f(n.ids)
			}
		}
	}
}

// deliverAnything tells every hearer that it cannot know.
func (db *DB) deliverAnything() {
	for _, h := range db.hearerList() {
		h.f(nil)
	}
}

func (db *DB) hearerList() []*hearer {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.hearers
}

// merge makes one of the news of each topic.
func merge(list []news) []news {
	var out []news
	for _, n := range list {
		i := slices.IndexFunc(out, func(o news) bool { return o.topic == n.topic })
		switch {
		case i < 0:
			out = append(out, news{n.topic, slices.Clone(n.ids)})
		case len(n.ids) == 0 || len(out[i].ids) == 0:
			out[i].ids = nil
		default:
			out[i].ids = append(out[i].ids, n.ids...)
		}
	}
	return out
}

// longestMessage keeps under the 8000 bytes that PostgreSQL takes.
const longestMessage = 7900

// encode writes the news of one batch: who tells, then the topics with their ids,
// "node;keys,3kq…,9fa…;ledger". What is too long says less: topics without ids, then nothing but "*".
func encode(node string, list []news) string {
	for _, withIDs := range []bool{true, false} {
		if s := encodeAs(node, list, withIDs); len(s) <= longestMessage {
			return s
		}
	}
	return node + ";*"
}

func encodeAs(node string, list []news, withIDs bool) string {
	var b strings.Builder
	b.WriteString(node)
	for _, n := range list {
		b.WriteString(";" + n.topic)
		for _, id := range n.ids {
			if !withIDs || b.Len() > longestMessage {
				break
			}
			b.WriteString("," + id.String())
		}
	}
	return b.String()
}

// decode reads a message; not ok means that it cannot be read, or says that anything may have happened.
func decode(message string) (node string, list []news, ok bool) {
	node, rest, _ := strings.Cut(message, ";")
	for part := range strings.SplitSeq(rest, ";") {
		words := strings.Split(part, ",")
		n := news{topic: words[0]}
		for _, w := range words[1:] {
			id, err := avow.ParseID(w)
			if err != nil {
				return node, nil, false
			}
			n.ids = append(n.ids, id)
		}
		if n.topic == "" || n.topic == "*" {
			return node, nil, false
		}
		list = append(list, n)
	}
	return node, list, true
}
