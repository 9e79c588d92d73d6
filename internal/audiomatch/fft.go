package audiomatch

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fft replaces x, whose length is a power of two, by its discrete Fourier
// transform; inverse leaves the division by the length to the caller.
func fft(x []complex128, inverse bool) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := bits.UintSize - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse(uint(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	sign := -2 * math.Pi
	if inverse {
		sign = -sign
	}
	roots := make([]complex128, n/2)
	for i := range roots {
		roots[i] = cmplx.Rect(1, sign*float64(i)/float64(n))
	}
	for size := 2; size <= n; size *= 2 {
		half, step := size/2, n/size
		for start := 0; start < n; start += size {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*roots[k*step]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

// correlate gives, for every place i where needle fits into hay, the sum of
// hay[i+k]*needle[k].
func correlate(hay, needle []float64) []float64 {
	places := len(hay) - len(needle) + 1
	n := 1
	for n < len(hay)+len(needle) {
		n *= 2
	}
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range hay {
		a[i] = complex(v, 0)
	}
	for i, v := range needle {
		b[i] = complex(v, 0)
	}
	fft(a, false)
	fft(b, false)
	for i := range a {
		a[i] *= cmplx.Conj(b[i])
	}
	fft(a, true)
	out := make([]float64, places)
	for i := range out {
		out[i] = real(a[i]) / float64(n)
	}
	return out
}

// energies gives the sum of squares of every stretch of length n.
func energies(x []float64, n int) []float64 {
	sums := make([]float64, len(x)+1)
	for i, v := range x {
		sums[i+1] = sums[i] + v*v
	}
	out := make([]float64, len(x)-n+1)
	for i := range out {
		out[i] = sums[i+n] - sums[i]
	}
	return out
}
