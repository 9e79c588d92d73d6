package media

import "time"

// Clip is an immutable piece of telephone audio, encoded once for each codec whose
// octets mean the same in any place, so that playing it is copying. Safe for concurrent use.
type Clip struct {
	mu, a []byte
}

// NewClip resamples p to 8 kHz where needed and encodes it for every such codec.
func NewClip(p PCM) *Clip {
	if p.Rate != Rate {
		p = Resample(p, Rate)
	}
	c := &Clip{mu: make([]byte, len(p.Samples)), a: make([]byte, len(p.Samples))}
	PCMU.Encode(c.mu, p.Samples)
	PCMA.Encode(c.a, p.Samples)
	return c
}

// SilentClip is a clip of d of silence.
func SilentClip(d time.Duration) *Clip {
	n := max(int(d*Rate/time.Second), 0)
	return NewClip(PCM{Rate: Rate, Samples: make([]int16, n)})
}

// Bytes is the clip in a Sampled codec, one octet per sample. It must not be changed.
func (c *Clip) Bytes(codec Codec) []byte {
	if codec == PCMA {
		return c.a
	}
	return c.mu
}

// Len is the number of samples.
func (c *Clip) Len() int { return len(c.mu) }

// First is the beginning of the clip that plays for d, without a copy of its sound; the
// clip itself when it is no longer.
func (c *Clip) First(d time.Duration) *Clip {
	if d >= c.Duration() {
		return c
	}
	n := max(int(d*Rate/time.Second), 0)
	return &Clip{mu: c.mu[:n:n], a: c.a[:n:n]}
}

// Duration is how long the clip plays.
func (c *Clip) Duration() time.Duration {
	return time.Duration(len(c.mu)) * time.Second / Rate
}

// PCM decodes the clip at 8 kHz, with the loss of one µ-law coding.
func (c *Clip) PCM() PCM {
	p := PCM{Rate: Rate, Samples: make([]int16, len(c.mu))}
	PCMU.Decode(p.Samples, c.mu)
	return p
}
