package media

import "math"

// Activity tells voice from silence, frame by frame, by energy against a noise
// floor that it learns. One user at a time; the zero value is ready.
type Activity struct {
	// Threshold fixes the level over which a frame counts as voice, in dB
	// below full scale (say -40). Zero means adaptive.
	Threshold float64

	floor  float64 // dB
	primed bool
	loud   uint8 // history of frames over the threshold, newest in bit 0
}

const (
	activityMin   = -55.0 // quieter is never voice
	activityLow   = -60.0 // the learned floor never sinks below
	activityCap   = -36.0 // the learned floor never rises above
	activityAbove = 9.0   // dB over the floor
	floorRise     = 0.06  // dB per frame: 3 dB per second
)

// Frame takes one frame of 10 to 60 ms and says whether somebody is speaking:
// at least two of the last three frames were over the threshold, so a click is
// not voice.
func (a *Activity) Frame(samples []int16) bool {
	if len(samples) == 0 {
		return false
	}
	var sum, squares int64
	for _, s := range samples {
		v := int64(s)
		sum += v
		squares += v * v
	}
	n := float64(len(samples))
	mean := float64(sum) / n
	level := 10 * math.Log10(max(0, float64(squares)/n-mean*mean)/(32768.0*32768.0)+1e-10)
	a.loud <<= 1
	if level > a.limit(level) {
		a.loud |= 1
	}
	switch a.loud & 7 {
	case 3, 5, 6, 7:
		return true
	}
	return false
}

func (a *Activity) limit(level float64) float64 {
	if a.Threshold != 0 {
		return a.Threshold
	}
	if !a.primed {
		a.floor, a.primed = activityMin, true
	}
	if level < a.floor {
		a.floor = max(level, activityLow)
	} else {
		a.floor = min(a.floor+floorRise, activityCap)
	}
	return max(a.floor+activityAbove, activityMin)
}
