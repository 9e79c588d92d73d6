package engine_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/offer"
	"tandem/internal/rtpport"
)

func TestCourseOfSoundIsKeptAndBounded(t *testing.T) {
	media := offer.Media{Codec: offer.Codec{Name: "PCMA"}, Ptime: 20 * time.Millisecond}
	// 25 packets in each half second; between 60 and 65 s every second is lost.
	counts := func(i int) rtpport.Stats {
		n := int64(25 * i)
		lost := int64(13 * min(max(i-120, 0), 10))
		return rtpport.Stats{ReceivedPackets: n - lost, ReceivedLost: lost, LossRuns: lost, SentPackets: n, Jitter: 4 * time.Millisecond, RTT: 30 * time.Millisecond, RemoteJitter: 2 * time.Millisecond, ReportsHeard: 1}
	}
	begin := time.Unix(1, 0)
	list, text := engine.Course(media, begin, 241, counts) // two minutes
	if len(list) != 24 || list[0].At != 5 || list[23].At != 120 || !strings.HasPrefix(text, `[{"at":5,`) {
		t.Fatalf("%d samples: %+v\n%s", len(list), list, text)
	}
	for i, s := range list {
		bad := i == 12 // until 65 s
		if (s.LossIn > 40) != bad || (s.MOSIn < 2) != bad || s.MOSOut < 4 || s.JitterIn != 4 || s.JitterOut != 2 || s.RTT != 30 {
			t.Errorf("sample %d: %+v", i, s)
		}
	}
	// In a day the same stretch stands out yet, among no more than 120.
	list, text = engine.Course(media, begin, 2*24*3600, counts)
	if len(list) > 120 || len(text) > 16<<10 || list[0].LossIn < 40 || list[0].MOSIn > 2 || list[1].LossIn != 0 {
		t.Errorf("%d samples, %d bytes: %+v", len(list), len(text), list[:3])
	}
	if list, text := engine.Course(media, begin, 9, counts); len(list) != 0 || text != "" {
		t.Errorf("four seconds: %v", list)
	}
}
