package doctor_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"tandem/internal/doctor"
	"tandem/internal/phone"
)

// menu is a telephone that answers one call and plays what it was given, or
// refuses when the samples are nil.
func menu(t *testing.T, samples []int16) string {
	t.Helper()
	p, err := phone.New(phone.Options{Username: "100"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		select {
		case c := <-p.Incoming():
			if samples == nil {
				c.Reject(404)
			} else if c.Answer(ctx) == nil {
				c.Play(ctx, samples) // ends with the call
				<-c.Done()
			}
		case <-ctx.Done():
		}
	}()
	t.Cleanup(func() { stop(); p.Close(); <-done })
	return p.URI()
}

func tone(seconds, amplitude int) []int16 {
	s := make([]int16, seconds*phone.Rate)
	for i := range s {
		s[i] = int16(float64(amplitude) * math.Sin(2*math.Pi*440*float64(i)/phone.Rate))
	}
	return s
}

func TestCall(t *testing.T) {
	for _, tt := range []struct {
		name    string
		samples []int16
		words   string // of success, or of the error
		fails   bool
	}{
		{"speaks", tone(10, 8000), "s of sound heard", false},
		{"silent", tone(10, 4), "of sound was heard", true},
		{"refuses", nil, "404", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			words, err := doctor.Call(t.Context(), menu(t, tt.samples), "", "127.0.0.1:0")
			if (err != nil) != tt.fails {
				t.Fatalf("%q, %v", words, err)
			}
			if err != nil {
				words = err.Error()
			}
			if !strings.Contains(words, tt.words) {
				t.Errorf("%q has no %q", words, tt.words)
			}
		})
	}
}
