package media

// Add adds samples to a sum, which must be at least as long.
func Add(sum []int32, pcm []int16) {
	for i, s := range pcm {
		sum[i] += int32(s)
	}
}

// Limit writes a sum as samples, saturated; pcm must be at least as long.
func Limit(pcm []int16, sum []int32) {
	for i, s := range sum {
		pcm[i] = int16(max(-32768, min(32767, s)))
	}
}
