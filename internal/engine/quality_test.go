package engine_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/media"
	"tandem/internal/media/emodel"
	"tandem/internal/offer"
	"tandem/internal/rtpport"
)

// Each way is judged by the codec and the packets that go that way, and what was too
// much of the peer's sound is told.
func TestQualityOfUnlikeWays(t *testing.T) {
	const ms = time.Millisecond
	m := offer.Media{Codec: offer.Codec{Name: offer.PCMA}, Ptime: 30 * ms}
	st := rtpport.Stats{ReceivedPackets: 950, ReceivedLost: 50, LossRuns: 50, ReceivedExcess: 7, SentPackets: 1000, RemoteLost: 50, ReportsHeard: 4}
	for _, c := range []struct {
		codec  media.Codec
		packet time.Duration
		in     emodel.Input
	}{
		{media.PCMU, 0, emodel.Input{Codec: offer.PCMA}}, // no sound came: the codec that was agreed
		{media.G722, 20 * ms, emodel.Input{Codec: offer.G722, Packet: 20 * ms}},
		{media.Opus, 60 * ms, emodel.Input{Codec: offer.Opus, Packet: 60 * ms}},
	} {
		st.SoundCodec, st.SoundPacket = c.codec, c.packet
		c.in.Expected, c.in.Lost, c.in.Runs = 1000, 50, 50
		out := emodel.Input{Codec: offer.PCMA, Expected: 1000, Lost: 50, Packet: 30 * ms}
		e := engine.Ended(st, m)
		for key, in := range map[string]emodel.Input{"mos_in": c.in, "mos_out": out} {
			if want := strconv.FormatFloat(emodel.Judge(in).MOS, 'f', 2, 64); e.Data[key] != want {
				t.Errorf("%v of %v: %s %s, want %s", c.codec, c.packet, key, e.Data[key], want)
			}
		}
		if e.Data["excess_in"] != "7" || !strings.Contains(e.Text, "7 packets of more sound than there was time for") {
			t.Errorf("%s %v", e.Text, e.Data)
		}
	}
	st.ReceivedExcess = 0
	if e := engine.Ended(st, m); e.Data["excess_in"] != "" || strings.Contains(e.Text, "more sound") {
		t.Errorf("nothing was too much: %s %v", e.Text, e.Data)
	}
}
