package dtmf

import (
	"math"
	"strings"
)

// Tone is the dual tone of a key: n samples at 8 kHz, each frequency at -9 dB
// below full scale with 2 ms ramps against clicks. Nil for what is no key.
func Tone(key byte, n int) []int16 {
	if key >= 'a' && key <= 'd' {
		key -= 'a' - 'A'
	}
	at := strings.IndexByte(keypad, key)
	if at < 0 || n <= 0 {
		return nil
	}
	const ramp, amplitude = 16, 0.3535 * 32767
	low, high := tones[at/4], tones[4+at%4]
	out := make([]int16, n)
	for i := range out {
		t := 2 * math.Pi * float64(i) / 8000
		v := amplitude * (math.Sin(low*t) + math.Sin(high*t))
		v *= min(1, float64(i+1)/ramp, float64(n-i)/ramp)
		out[i] = int16(v)
	}
	return out
}
