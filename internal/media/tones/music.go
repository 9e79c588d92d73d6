package tones

import (
	"math"

	"tandem/internal/media"
)

// Tempo and level of the music.
const (
	beat      = media.Rate * 2 / 5 // samples of one note, 0.4 s
	noteTime  = 4 * beat           // a note rings on for so long
	musicGain = 0.09               // of full scale, each note
)

// Music makes the built-in hold music: four chords, each broken into eight notes
// and played twice, 25.6 s in all. It may be looped without a seam, because what
// rings on after its end is mixed into its beginning.
func Music() *media.Clip {
	chords := [][4]float64{ // Hz: C major, A minor, F major, G major
		{261.63, 329.63, 392.00, 523.25},
		{220.00, 261.63, 329.63, 440.00},
		{174.61, 261.63, 349.23, 440.00},
		{196.00, 246.94, 392.00, 493.88},
	}
	order := []int{0, 1, 2, 3, 2, 1, 2, 1}
	total := 2 * len(chords) * len(order) * beat
	mix := make([]float64, total)
	at := 0
	for _, c := range append(chords, chords...) {
		for _, n := range order {
			strike(mix, at, c[n])
			at += beat
		}
	}
	pcm := make([]int16, total)
	for i, v := range mix {
		pcm[i] = int16(max(-1, min(1, v)) * 32767)
	}
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: pcm})
}

// strike adds one note that fades, with two overtones.
func strike(mix []float64, at int, freq float64) {
	for i := range noteTime {
		s := 2 * math.Pi * freq * float64(i) / media.Rate
		v := math.Sin(s) + 0.3*math.Sin(2*s) + 0.1*math.Sin(3*s)
		fade := math.Exp(-4*float64(i)/noteTime) * min(1, float64(i)/80) * min(1, float64(noteTime-i)/400)
		mix[(at+i)%len(mix)] += musicGain * v * fade
	}
}
