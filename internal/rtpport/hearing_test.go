package rtpport_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

var hearings = map[string]func(media.Codec) *rtpport.Hearing{"recorded": rtpport.Recorded, "bridged": rtpport.Bridged}

// hum is sound like a voice: a period of 125 Hz with overtones, at sample i.
func hum(i int) int16 {
	x := 2 * math.Pi * float64(i) * 125 / media.Rate
	return int16(4000*math.Sin(x) + 2500*math.Sin(2*x+1) + 1500*math.Sin(5*x))
}

// TestClockSkew has a peer speak for an hour by a clock that runs wrong: what waits
// stays the same within 20 ms, and nothing is missing for longer than a frame. TANDEM_SOAK=1 has every codec and packet time.
func TestClockSkew(t *testing.T) {
	const turns = 180_000
	long := os.Getenv("TANDEM_SOAK") == "1"
	for name, hearing := range hearings {
		for _, codec := range []media.Codec{media.PCMA, media.G722} {
			for _, ppm := range []int{-300, 300} {
				for _, octets := range []int{160, 80, 480} {
					if !long && (codec != media.PCMA || octets != 160) {
						continue
					}
					h := hearing(codec)
					sound := make([]byte, media.Rate+480)
					pcm := make([]int16, len(sound))
					for i := range pcm {
						pcm[i] = hum(i)
					}
					codec.Encode(sound, pcm)
					out := make([]int16, 160)
					sent, first, least, most := 0, 0, 1<<30, 0
					for turn := range turns {
						now := int(float64(turn*160) * (1 + float64(ppm)/1e6)) // by the peer's clock
						for sent+octets <= now {
							arrived := float64(sent+octets) / (1 + float64(ppm)/1e6)
							h.Packet(uint32(sent), sound[sent%8000:][:octets], turn*160-int(arrived))
							sent += octets
						}
						h.Turn(out)
						if turn > 250 {
							late := now - sent + h.Waits()
							least, most = min(least, late), max(most, late)
						}
						if turn == 250 {
							first = now - sent + h.Waits()
							h.Lost, h.All = 0, 0
						}
					}
					what := fmt.Sprintf("%s, %v, %d ppm, %d octets", name, codec, ppm, octets)
					t.Logf("%s: behind by %d to %d, first %d, concealed %d, at once %d", what, least, most, first, h.All, h.Lost)
					if most-first > 160 || first-least > 160 || h.Lost > 160 {
						t.Errorf("%s: behind by %d to %d samples, %d missing at once", what, least, most, h.Lost)
					}
				}
			}
		}
	}
}

// TestEvenNetworkAddsNothing has packets come evenly: a bridge of unlike codecs stays
// 20 ms behind, and no sample is made up.
func TestEvenNetworkAddsNothing(t *testing.T) {
	for _, octets := range []int{80, 160, 240, 320, 480} {
		h := rtpport.Bridged(media.PCMU)
		out, most := make([]int16, 160), 0
		for turn, sent := 0, 0; turn < 3000; turn++ {
			for sent <= turn*160 {
				h.Packet(uint32(sent), make([]byte, octets), 0)
				sent += octets
			}
			if turn == 5 {
				h.All = 0
			}
			h.Turn(out)
			most = max(most, h.Waits())
		}
		if most > octets+160 || h.All > 0 {
			t.Errorf("packets of %d: %d samples wait, %d are made up", octets, most, h.All)
		}
	}
}

// TestJitterHasNoJumps lets the network delay packets by up to 80 ms, and then not any
// more: the tone goes on without a step, the delay grows to what is needed, is bounded
// and is given back.
func TestJitterHasNoJumps(t *testing.T) {
	for name, hearing := range hearings {
		for _, ms := range []int{5, 20, 40, 80} {
			h := hearing(media.PCMU)
			r := rand.New(rand.NewPCG(1, uint64(ms)))
			type coming struct{ ts, at int }
			var way []coming
			var heard []int16
			grown, calm := 0, 0
			const turns, rough = 4000, 1500
			for turn := range turns {
				late := 0
				if turn < rough {
					late = r.IntN(ms * 8)
				}
				way = append(way, coming{turn * 160, turn*160 + late})
				for i := 0; i < len(way); {
					if way[i].at > turn*160 || i > 0 {
						break // in order, as in a queue
					}
					octets := make([]byte, 160)
					pcm := make([]int16, 160)
					for k := range pcm {
						pcm[k] = hum(way[i].ts + k)
					}
					media.PCMU.Encode(octets, pcm)
					h.Packet(uint32(way[i].ts), octets, turn*160-way[i].at)
					way = way[1:]
				}
				out := make([]int16, 160)
				h.Turn(out)
				heard = append(heard, out...)
				if turn < rough {
					grown = max(grown, h.Waits())
				}
				calm = h.Waits()
				if turn == rough/2 {
					h.All, h.Lost = 0, 0
				}
			}
			what := fmt.Sprintf("%s, %d ms", name, ms)
			step := 0
			for i := 8000; i < len(heard); i++ {
				step = max(step, abs(int(heard[i])-int(heard[i-1])))
			}
			t.Logf("%s: %d waited at most, %d at the end; concealed %d, at once %d; steps of %d; tone %.3f", what, grown, calm,
				h.All, h.Lost, step, audiomatch.Tone(heard[8000:], 125))
			if grown > 2400 {
				t.Errorf("%s: %d samples waited", what, grown)
			}
			if step > 6000 { // the hum's own steps are up to 2300
				t.Errorf("%s: a step of %d", what, step)
			}
			if h.All > 160*10 {
				t.Errorf("%s: %d samples were missing when the delay had grown", what, h.All)
			}
			want := 320
			if name == "recorded" {
				want = 960
			}
			if calm > want+240 {
				t.Errorf("%s: %d samples wait still in the end", what, calm)
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }
