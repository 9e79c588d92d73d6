package engine

import (
	"fmt"
	"strconv"
	"time"

	"tandem/internal/media/emodel"
	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// deaf is from how many reports in a row that know nothing of ours the peer counts
// as hearing nothing.
const deaf = 2

// quality gives what a leg's media was like, with the E-model's estimate of how it
// was heard: the peer by the codec and the packets that it sends, we by ours.
func quality(st rtpport.Stats, m offer.Media) voice.Quality {
	q := voice.Quality{
		PacketsIn: uint64(st.ReceivedPackets), PacketsOut: uint64(st.SentPackets),
		LostIn: uint64(max(st.ReceivedLost, 0)), LostOut: uint64(max(st.RemoteLost, 0)),
		LateIn: uint64(st.ReceivedLate), StrangeIn: uint64(st.ReceivedUnknown), ForeignIn: uint64(st.Foreign),
		ExcessIn: uint64(st.ReceivedExcess),
		JitterIn: st.Jitter, JitterOut: st.RemoteJitter, RTT: st.RTT,
	}
	heard := m.Codec.Name
	if st.SoundPacket > 0 {
		heard = st.SoundCodec.String()
	}
	usable := st.ReceivedPackets - st.ReceivedUnknown
	if usable > 0 {
		q.MOSIn = emodel.Judge(emodel.Input{
			Codec: heard, Expected: usable + st.ReceivedLost, Lost: st.ReceivedLost, Runs: st.LossRuns,
			Jitter: st.Jitter, RTT: st.RTT, Packet: st.SoundPacket,
		}).MOS
	}
	switch {
	case st.ReportsBlind >= deaf:
		q.MOSOut = 1
	case st.ReportsHeard > st.ReportsBlind && st.SentPackets > 0:
		q.MOSOut = emodel.Judge(emodel.Input{
			Codec: m.Codec.Name, Expected: st.SentPackets, Lost: st.RemoteLost, Jitter: st.RemoteJitter, RTT: st.RTT, Packet: m.Ptime,
		}).MOS
	}
	return q
}

// keysBy is how a party sends keys: as it did, or else as was agreed. The caller
// holds l.mu.
func (l *leg) keysBy() voice.DigitMethod {
	switch {
	case l.method != "":
		return l.method
	case l.media.Codec.Name == "":
		return ""
	case l.media.Events():
		return voice.ByRTPEvent
	}
	return voice.ByInBand
}

// soundWords tells at the end of a leg what was heard of it; "" = it had no media.
func soundWords(r voice.LegRecord) string {
	q := r.Quality
	if q.PacketsIn == 0 && q.PacketsOut == 0 {
		return ""
	}
	text := "; no sound came from it"
	if q.PacketsIn > 0 {
		text = fmt.Sprintf("; its sound: MOS %.1f, %d of %d packets lost, jitter %s", q.MOSIn, q.LostIn, q.PacketsIn+q.LostIn, millis(q.JitterIn))
	}
	if q.ExcessIn > 0 {
		text += fmt.Sprintf(", %d packets of more sound than there was time for", q.ExcessIn)
	}
	if q.MOSOut > 0 {
		text += fmt.Sprintf("; ours, as it reports: MOS %.1f, %d lost", q.MOSOut, q.LostOut)
	}
	if q.RTT > 0 {
		text += ", round trip " + millis(q.RTT)
	}
	return text
}

func millis(d time.Duration) string {
	return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
}

// endEvent is the end of a leg for the timeline, with what its sound was like.
func endEvent(r voice.LegRecord, text string) voice.Event {
	data := map[string]string{"cause": string(r.Cause)}
	if q := r.Quality; q.PacketsIn > 0 || q.PacketsOut > 0 {
		for key, n := range map[string]uint64{"packets_in": q.PacketsIn, "packets_out": q.PacketsOut, "lost_in": q.LostIn, "lost_out": q.LostOut} {
			data[key] = strconv.FormatUint(n, 10)
		}
		if q.ExcessIn > 0 {
			data["excess_in"] = strconv.FormatUint(q.ExcessIn, 10)
		}
		data["jitter_in_ms"] = strconv.FormatFloat(1000*q.JitterIn.Seconds(), 'f', 1, 64)
		if q.RTT > 0 {
			data["round_trip_ms"] = strconv.FormatFloat(1000*q.RTT.Seconds(), 'f', 1, 64)
		}
		if q.MOSIn > 0 {
			data["mos_in"] = strconv.FormatFloat(q.MOSIn, 'f', 2, 64)
		}
		if q.MOSOut > 0 {
			data["mos_out"] = strconv.FormatFloat(q.MOSOut, 'f', 2, 64)
		}
	}
	if text := courseText(r.Course); text != "" {
		data["course"] = text
	}
	if r.Keys != "" {
		data["keys"] = string(r.Keys)
	}
	return voice.Event{Kind: voice.EventLegEnded, Leg: r.ID, Text: text + soundWords(r), Data: data}
}
