package rtpport_test

import (
	"bytes"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func TestNothingBeforeStart(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	port.Play(pattern(5), false)
	if _, ok := p.readFor(200 * time.Millisecond); ok {
		t.Error("a packet before Start")
	}
	if port.LocalPort()%2 != 0 {
		t.Errorf("port %d is odd", port.LocalPort())
	}
}

func TestPromptOctetByOctet(t *testing.T) {
	for _, codec := range []media.Codec{media.PCMU, media.PCMA} {
		t.Run(codec.String(), func(t *testing.T) {
			pool := startPool(t, rtpport.Config{})
			port := openPort(t, pool)
			p := newPeer(t, port)
			first, second := pattern(10), media.NewClip(media.PCM{Rate: 8000, Samples: make([]int16, 200)})
			play := port.PlayList([]*media.Clip{first, second})
			start(t, port, p, codec, 101)

			want := append(bytes.Clone(first.Bytes(codec)), second.Bytes(codec)...)
			want = append(want, bytes.Repeat([]byte{codec.Silence()}, 120)...)
			var got []byte
			var last packet
			for i := range len(want) / 160 {
				pk := p.read()
				got = append(got, pk.payload...)
				if pk.pt != codec.PayloadType() || pk.marker != (i == 0) {
					t.Fatalf("packet %d: type %d marker %v", i, pk.pt, pk.marker)
				}
				if i > 0 && (pk.seq != last.seq+1 || (pk.ts-last.ts)%160 != 0 || pk.ssrc != last.ssrc) {
					t.Fatalf("packet %d: seq %d after %d, timestamp %d after %d", i, pk.seq, last.seq, pk.ts, last.ts)
				}
				last = pk
			}
			if !bytes.Equal(got, want) {
				t.Error("the sound differs")
			}
			<-play.Done()
			if !play.Finished() || play.Played() != 225*time.Millisecond {
				t.Errorf("finished %v, played %v", play.Finished(), play.Played())
			}
			if pk := p.read(); !bytes.Equal(pk.payload, bytes.Repeat([]byte{codec.Silence()}, 160)) {
				t.Error("no silence after the prompt")
			}
		})
	}
}

func TestReplaceAndStop(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, 101)
	a := port.Play(pattern(1000), true)
	p.read()
	b := port.Play(pattern(1000), true)
	<-a.Done()
	b.Stop()
	if a.Finished() || b.Finished() {
		t.Error("a stopped playback says that it finished")
	}
	empty := port.PlayList(nil)
	<-empty.Done()
	port.Close()
	after := port.Play(pattern(1), false)
	<-after.Done()
	if after.Finished() {
		t.Error("a playback on a closed port finished")
	}
}

// The number of packets in a stretch of time is what pacing comes to.
func TestPacingByCount(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, 101)
	play := port.Play(pattern(100), false)
	first := p.read()
	var last packet
	for range 99 {
		last = p.read()
	}
	<-play.Done()
	st := port.Close()
	if d := int64(last.ts - first.ts); d < 99*160 || d > (99+st.SendSkipped)*160 {
		t.Errorf("timestamps went %d in 99 packets, %d skipped", d, st.SendSkipped)
	}
	if st.SentPackets < 100 || st.SentBytes < 16000 {
		t.Errorf("%d packets, %d octets", st.SentPackets, st.SentBytes)
	}
}

// Many prompts in a row must not let the stream's clock run ahead of time.
func TestClockStaysTrueOverManyPrompts(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, 101)
	begin := p.read()
	for range 40 {
		port.Play(pattern(100), false)
		p.read()
		p.read()
		port.Play(pattern(1), false)
		p.read()
	}
	var last packet
	for range 20 {
		last = p.read()
	}
	elapsed := last.arrivedAt.Sub(begin.arrivedAt)
	media := time.Duration(last.ts-begin.ts) * time.Second / 8000
	if ahead := media - elapsed; ahead > 60*time.Millisecond {
		t.Errorf("the stream is %v ahead of the clock", ahead)
	}
}
