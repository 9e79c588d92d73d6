package srtp_test

import (
	"encoding/binary"
	"testing"

	pion "github.com/pion/srtp/v3"

	"tandem/internal/srtp"
)

// lane is one direction of a call by both implementations.
type lane struct {
	out        *srtp.Sender
	in         *srtp.Receiver
	other, its *pion.Context
	seq        uint16
}

// BenchmarkPacket has a packet of 20 ms sealed and opened, by one call and by so many in
// turns that none finds its own in the processor's cache, with pion/srtp beside it.
func BenchmarkPacket(b *testing.B) {
	for name, p := range profiles {
		for _, calls := range []int{1, 4000} {
			lanes := make([]lane, calls)
			for i := range lanes {
				k := newKeys(p)
				lanes[i].out, lanes[i].in = pair(b, name, k)
				lanes[i].other, lanes[i].its = pionPair(b, p, k)
			}
			label := name
			if calls > 1 {
				label += " of many"
			}
			var w srtp.Scratch
			buf, plain := make([]byte, 2048), packet(0, 7, make([]byte, 160))
			seal := func(f func(l *lane) []byte) func(b *testing.B) {
				return func(b *testing.B) {
					for i := range b.N {
						l := &lanes[i%calls]
						l.seq++
						binary.BigEndian.PutUint16(plain[2:], l.seq)
						if f(l) == nil {
							b.Fatal("not sealed")
						}
					}
				}
			}
			b.Run(label+"/seal", seal(func(l *lane) []byte { return l.out.RTP(&w, buf, plain) }))
			b.Run(label+"/seal by pion", seal(func(l *lane) []byte {
				out, _ := l.other.EncryptRTP(buf[:0], plain, nil)
				return out
			}))
			open := func(f func(l *lane, sealed []byte) []byte) func(b *testing.B) {
				return func(b *testing.B) {
					packets := make([][]byte, b.N)
					for i := range packets {
						l := &lanes[i%calls]
						l.seq++
						packets[i], _ = l.other.EncryptRTP(nil, packet(l.seq, 7, make([]byte, 160)), nil)
					}
					b.ResetTimer()
					for i, sealed := range packets {
						if f(&lanes[i%calls], sealed) == nil {
							b.Fatal("not opened")
						}
					}
				}
			}
			b.Run(label+"/open", open(func(l *lane, sealed []byte) []byte { return l.in.RTP(&w, buf, sealed) }))
			b.Run(label+"/open by pion", open(func(l *lane, sealed []byte) []byte {
				out, _ := l.its.DecryptRTP(buf[:0], sealed, nil)
				return out
			}))
		}
	}
}
