package rtpport_test

import (
	"net/netip"
	"testing"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// BenchmarkVisit is a port's turn with one packet each way, plain and secured; the
// packet that is sent goes through the kernel, the one that comes does not.
func BenchmarkVisit(b *testing.B) {
	for _, profile := range []string{"plain", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"} {
		b.Run(profile, func(b *testing.B) {
			t := &testing.T{}
			pool, err := rtpport.Start(rtpport.Config{Bind: netip.MustParseAddr("127.0.0.1"), PortLow: 20000, PortHigh: 60000})
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			port, err := pool.Open()
			if err != nil {
				b.Fatal(err)
			}
			port.Play(pattern(500), true)
			params := rtpport.Params{Remote: netip.MustParseAddrPort("127.0.0.1:9"), Codec: media.PCMU, EventPT: eventPT}
			next := func(i int) []byte { return rtpOf(media.PCMU, uint16(i), uint32(i*160), 7, make([]byte, 160)) }
			if profile != "plain" {
				k := newKeys(profile)
				params.Keys = &k
				p := &securePeer{peer: &peer{t: t}}
				p.rekey(k)
				next = func(i int) []byte { return p.seal(0, uint16(i), uint32(i*160), 7, make([]byte, 160)) }
			}
			if err := port.Start(params); err != nil {
				b.Fatal(err)
			}
			packets := make([][]byte, b.N)
			for i := range packets {
				packets[i] = next(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			port.Turns(params.Remote, packets)
			b.StopTimer()
			if st := port.Close(); st.ReceivedPackets != int64(b.N) {
				b.Fatalf("%d packets of %d taken", st.ReceivedPackets, b.N)
			}
		})
	}
}
