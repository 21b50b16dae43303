package gate

import "testing"

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		g := openShop(b)
		s := customer()
		for n := range 1_000_000 {
			s.Subject = subject(n)
			g.Set(s)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	g := openShop(b)
	g.Set(customer())
	q := About(ann, pAnswer, noon)
	q.Data = fieldSet(fName, fEmail)
	for b.Loop() {
		g.Decide(&q)
	}
}

func BenchmarkAsk(b *testing.B) {
	g := openShop(b)
	g.Set(customer())
	q := About(ann, pAnswer, noon)
	n := Names{Purpose: "answer", Data: []string{"contact"}}
	for b.Loop() {
		g.Ask(&n, &q)
	}
}
