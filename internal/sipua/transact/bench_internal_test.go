package transact

import (
	"strings"
	"testing"
)

// BenchmarkRead reads what a caller sends in a call of one menu: INVITE, ACK, BYE.
func BenchmarkRead(b *testing.B) {
	l := deskLayer()
	for _, method := range []string{"INVITE", "ACK", "BYE"} {
		text := unfold([]byte(strings.ReplaceAll(sample, "INVITE", method)))
		b.Run(method, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
