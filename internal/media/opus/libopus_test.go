//go:build opus && cgo

package opus_test

import (
	"fmt"
	"math"
	"testing"

	"tandem/internal/audiomatch"
	"tandem/internal/media/opus"
)

const rate, frame = 16000, 320 // Hz, and samples in 20 ms

func encoder(t *testing.T, s opus.Settings) *opus.Encoder {
	t.Helper()
	s.SampleRate = rate
	e, err := opus.NewEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tone is a frame of a tone of 440 Hz.
func tone(n int) []int16 {
	pcm := make([]int16, frame)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(n*frame+i)/rate))
	}
	return pcm
}

// What is encoded is decoded; what is lost is concealed, and found again in the packet
// after it where that holds it.
func TestLostPackets(t *testing.T) {
	share := map[string]float64{}
	for _, way := range []string{"whole", "concealed", "recovered", "gaps"} {
		e, d := encoder(t, opus.Settings{BitRate: 20000, Loss: 20}), decoder(t, rate)
		var sent [][]byte
		for i := range 100 {
			packet := make([]byte, 400)
			n, err := e.Encode(packet, tone(i))
			if err != nil || n < 3 {
				t.Fatalf("packet %d: %d octets, %v", i, n, err)
			}
			sent = append(sent, packet[:n])
		}
		var heard []int16
		for i, p := range sent {
			pcm := make([]int16, frame)
			switch {
			case way != "whole" && i%10 == 5 && way == "concealed":
				if n := d.Conceal(pcm); n != frame {
					t.Fatalf("concealed %d samples", n)
				}
			case way != "whole" && i%10 == 5 && way == "recovered":
				if n := d.Recover(pcm, sent[i+1]); n != frame {
					t.Fatalf("recovered %d samples", n)
				}
			case way != "whole" && i%10 == 5:
			default:
				if n, err := d.Decode(pcm, p); err != nil || n != frame {
					t.Fatalf("packet %d: %d samples, %v", i, n, err)
				}
			}
			heard = append(heard, pcm...)
		}
		share[way] = audiomatch.Tone(at8k(heard[rate/5:], rate), 440)
	}
	t.Logf("purity of the tone: %v", share)
	if share["whole"] < 0.95 || share["recovered"] < 0.9 || share["concealed"] <= share["gaps"] || share["recovered"] <= share["gaps"] {
		t.Errorf("purity of the tone: %v", share)
	}
}

// In silence DTX sends nothing but a sign of life now and then, and sound comes back at once.
func TestSilenceIsNotSent(t *testing.T) {
	e, d := encoder(t, opus.Settings{DTX: true}), decoder(t, rate)
	packet, pcm := make([]byte, 400), make([]int16, frame)
	sent := func(from, to int, sound func(int) []int16) (n int) {
		for i := from; i < to; i++ {
			octets, err := e.Encode(packet, sound(i))
			if err != nil {
				t.Fatal(err)
			}
			if octets <= 2 {
				if got := d.Conceal(pcm); got != frame {
					t.Fatalf("silence of %d samples", got)
				}
				continue
			}
			n++
			if _, err := d.Decode(pcm, packet[:octets]); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	silence := func(int) []int16 { return make([]int16, frame) }
	if n := sent(0, 50, tone); n != 50 {
		t.Errorf("%d packets of 50 with sound", n)
	}
	if n := sent(50, 200, silence); n > 50 {
		t.Errorf("%d packets of 150 in silence", n)
	}
	if loudest(pcm) > 200 {
		t.Errorf("the silence is as loud as %d", loudest(pcm))
	}
	if n := sent(200, 250, tone); n != 50 || loudest(pcm) < 4000 {
		t.Errorf("%d packets of 50 with sound after it, as loud as %d", n, loudest(pcm))
	}
}

func TestNothingIsAllocated(t *testing.T) {
	e, d := encoder(t, opus.Settings{Loss: 10}), decoder(t, rate)
	packet, pcm, sound := make([]byte, 400), make([]int16, frame), tone(0)
	if n := testing.AllocsPerRun(200, func() {
		n, err := e.Encode(packet, sound)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(pcm, packet[:n]); err != nil {
			t.Fatal(err)
		}
		d.Conceal(pcm)
	}); n != 0 {
		t.Errorf("%v allocations for a packet", n)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, s := range []opus.Settings{{SampleRate: 44100}, {SampleRate: 16000, BitRate: -5}, {SampleRate: 16000, Loss: 101}, {SampleRate: 16000, Effort: 11}} {
		if _, err := opus.NewEncoder(s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	e := encoder(t, opus.Settings{})
	for name, pcm := range map[string][]int16{"nothing": nil, "7 ms": make([]int16, 112)} {
		if n, err := e.Encode(make([]byte, 400), pcm); err == nil {
			t.Errorf("%s: %d octets", name, n)
		}
	}
}

// BenchmarkEncode encodes 20 ms of telephone sound, as a leg is sent it.
func BenchmarkEncode(b *testing.B) {
	for _, loss := range []int{0, 10} {
		b.Run(fmt.Sprintf("FEC for %d percent", loss), func(b *testing.B) {
			e, err := opus.NewEncoder(opus.Settings{SampleRate: 8000, Effort: 5, Loss: loss})
			if err != nil {
				b.Fatal(err)
			}
			pcm, packet := make([]int16, 8000), make([]byte, 400)
			for at := range pcm {
				x := 2 * math.Pi * float64(at) / 8000
				pcm[at] = int16(4000*math.Sin(125*x) + 2500*math.Sin(250*x) + 1500*math.Sin(700*x))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := e.Encode(packet, pcm[i%50*160:][:160]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
