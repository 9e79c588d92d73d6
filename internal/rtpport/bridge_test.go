package rtpport_test

import (
	"bytes"
	"testing"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func testBridge(t *testing.T, shards int, codecA, codecB media.Codec, eventB uint8) {
	pool := startPool(t, rtpport.Config{Shards: shards})
	a := openPort(t, pool)
	b := openPort(t, pool)
	if shards == 1 {
		b.Close()
		var err error
		if b, err = pool.OpenWith(a); err != nil {
			t.Fatal(err)
		}
	}
	pa, pb := newPeer(t, a), newPeer(t, b)
	start(t, a, pa, codecA, eventPT)
	start(t, b, pb, codecB, eventB)
	if err := rtpport.Bridge(a, b); err != nil {
		t.Fatal(err)
	}
	pb.audio(codecB, bytes.Repeat([]byte{codecB.Silence()}, 160))
	f := tempFile(t)
	rec, err := a.Record(rtpport.RecordOptions{File: f})
	if err != nil {
		t.Fatal(err)
	}
	sound := pattern(30).Bytes(codecA)
	want := make([]byte, len(sound))
	codecA.Transcode(codecB, want, sound)
	var heard []byte
	var last packet
	for i := range 60 {
		if i < 30 {
			pa.audio(codecA, sound[i*160:i*160+160])
		}
		pa.read()
		pk := pb.read()
		if last.payload != nil && (pk.ssrc != last.ssrc || pk.seq != last.seq+1 || (pk.ts-last.ts)%160 != 0) {
			t.Fatalf("the stream of the second leg is broken: %d %d after %d %d", pk.seq, pk.ts, last.seq, last.ts)
		}
		for _, o := range pk.payload {
			if o != codecB.Silence() { // which may be put in for packets that come late
				heard = append(heard, o)
			}
		}
		last = pk
	}
	stalled := a.Stats().SendSkipped+b.Stats().SendSkipped > 0 // the machine's doing
	if !bytes.Contains(heard, want) && !stalled {
		t.Errorf("the second leg did not hear the first, octet by octet: %+v", a.Stats())
	}
	pcm := make([]int16, len(sound))
	codecA.Decode(pcm, sound)
	if rec.Stop(); !contains(readBack(t, f).Samples, pcm) && !stalled {
		t.Error("the bridged leg's recording does not hold what was said")
	}
	keysAcross(t, a, b, pa, pb, eventB)
	rtpport.Unbridge(a, b)
	rtpport.Unbridge(a, b)
	if a.Close(); rtpport.Bridge(a, b) == nil {
		t.Error("a closed port was bridged")
	}
}

func keysAcross(t *testing.T, a, b *rtpport.Port, pa, pb *peer, eventB uint8) {
	t.Helper()
	pa.press('4', func(int) bool { return true })
	pa.press('2', func(i int) bool { return i == 0 }) // no end ever comes
	for _, key := range []byte("42") {
		if d := waitDigit(t, a); d.Key != key {
			t.Errorf("the bridge's own digit is %q, want %q", d.Key, key)
		}
	}
	if eventB == 0 {
		return
	}
	ended := map[byte]bool{}
	marks := 0
	for range 200 {
		pk := pb.read()
		if pk.pt != eventB {
			continue
		}
		if pk.marker {
			marks++
		}
		if pk.payload[1]&0x80 != 0 {
			ended[pk.payload[0]] = true
		}
		if len(ended) == 2 {
			break
		}
	}
	if !ended[4] || !ended[2] || marks != 2 {
		t.Errorf("keys across the bridge: %v, %d begun", ended, marks)
	}
}

func TestBridgeSameCodec(t *testing.T)  { testBridge(t, 1, media.PCMU, media.PCMU, 96) }
func TestBridgeTranscodes(t *testing.T) { testBridge(t, 1, media.PCMA, media.PCMU, eventPT) }
func TestBridgeOverShards(t *testing.T) { testBridge(t, 2, media.PCMU, media.PCMA, eventPT) }
func TestBridgeToInband(t *testing.T)   { testBridge(t, 1, media.PCMU, media.PCMA, 0) }
func TestBridgeRefusesSelf(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a := openPort(t, pool)
	if rtpport.Bridge(a, a) == nil || rtpport.Bridge(a, nil) == nil {
		t.Error("bridged with itself or nothing")
	}
}
