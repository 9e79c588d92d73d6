package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tandem/internal/phone"
)

const (
	listenTime = 4 * time.Second // to the menu, after the answer
	leastSound = time.Second     // of sound that must be heard in it
	soundLevel = 200             // mean magnitude of a frame, of 32768, that is sound
	frame      = phone.Rate / 50 // samples in 20 ms
)

// Call places one call to a menu and says how long it took to answer and how
// much was heard. The error says what was missing. An answer without sound is
// an error.
func Call(ctx context.Context, uri, proxy, bind string) (words string, err error) {
	p, err := phone.New(phone.Options{Bind: bind, Proxy: proxy})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	start := time.Now()
	c, err := p.Dial(ctx, uri, phone.CallOptions{})
	if err != nil {
		return "", fmt.Errorf("%s: %w", uri, err)
	}
	answered := time.Since(start)
	listen := time.NewTimer(listenTime)
	defer listen.Stop()
	select {
	case <-listen.C:
	case <-c.Done():
	case <-ctx.Done():
	}
	heard, stats := soundTime(c.Heard()), c.Stats()
	// The call is over for us, whatever the far end makes of the BYE.
	_ = c.Hangup(ctx)
	if stats.Packets == 0 {
		return "", fmt.Errorf("%s answered after %s, but no audio came: a firewall may drop UDP to the audio ports", uri, answered.Round(time.Millisecond))
	}
	if heard < leastSound {
		return "", fmt.Errorf("%s answered, but in %s only %s of sound was heard", uri, listenTime, heard)
	}
	return fmt.Sprintf("%s answered after %s; %.1f s of sound heard, %d packets, %d lost, jitter %s",
		uri, answered.Round(time.Millisecond), heard.Seconds(), stats.Packets, stats.Lost, stats.Jitter.Round(100*time.Microsecond)), nil
}

// soundTime is how long the samples are louder than a line's noise.
func soundTime(samples []int16) time.Duration {
	n := 0
	for len(samples) >= frame {
		sum := 0
		for _, s := range samples[:frame] {
			sum += max(int(s), -int(s))
		}
		if sum/frame > soundLevel {
			n++
		}
		samples = samples[frame:]
	}
	return time.Duration(n) * 20 * time.Millisecond
}
