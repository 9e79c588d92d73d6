package rtpport_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// BenchmarkTick has pairs of ports play to each other in real time and reports
// what the shard's thread needed; an operation is a second of the wheel.
func BenchmarkTick(b *testing.B) {
	for _, calls := range []int{100, 500} {
		b.Run(fmt.Sprintf("%d", calls), func(b *testing.B) {
			pool, err := rtpport.Start(rtpport.Config{
				Bind: netip.MustParseAddr("127.0.0.1"), PortLow: 20000, PortHigh: 60000,
			})
			if err != nil {
				b.Fatal(err)
			}
			defer pool.Close()
			clip := pattern(500)
			ports := make([]*rtpport.Port, calls)
			for i := range ports {
				if ports[i], err = pool.Open(); err != nil {
					b.Fatal(err)
				}
			}
			for i, p := range ports {
				err := p.Start(rtpport.Params{Remote: local(ports[i^1]), Codec: media.PCMU, EventPT: eventPT})
				if err != nil {
					b.Fatal(err)
				}
				p.Play(clip, true)
			}
			timer := time.NewTimer(1500 * time.Millisecond)
			<-timer.C
			for b.Loop() {
				timer.Reset(time.Second)
				<-timer.C
			}
			load := pool.Stats().Shards[0]
			b.ReportMetric(load.Busy*100, "%busy")
			b.ReportMetric(float64(load.LateP99.Microseconds()), "µs-late-p99")
			b.ReportMetric(float64(load.Skipped), "skipped")
		})
	}
}
