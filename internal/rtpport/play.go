package rtpport

import (
	"strings"
	"sync/atomic"
	"time"

	"tandem/internal/media"
)

// PlayOptions says what to play and how.
type PlayOptions struct {
	Clips []*media.Clip // in turn, without a gap
	Loop  bool          // from the start again until stopped
	// BargeIn stops the sound at the very turn at which a key is seen. BargeKeys
	// limits it to some keys; empty = any.
	BargeIn   bool
	BargeKeys string
}

// Playback is sound being played on a port. Safe for concurrent use.
type Playback struct {
	port     *Port
	opt      PlayOptions
	done     chan struct{}
	played   atomic.Int64 // samples
	finished atomic.Bool
	mixed    bool // over the rest of the port's sound, not in its place

	// The shard's thread owns these.
	clip  int
	at    int
	ended bool
}

func newPlayback(p *Port, opt PlayOptions) *Playback {
	b := &Playback{port: p, opt: opt, done: make(chan struct{})}
	b.opt.Clips = nil
	for _, c := range opt.Clips {
		if c != nil && c.Len() > 0 {
			b.opt.Clips = append(b.opt.Clips, c)
		}
	}
	b.opt.Loop = opt.Loop && len(b.opt.Clips) > 0
	return b
}

// Play replaces what the port plays by a clip.
func (p *Port) Play(clip *media.Clip, loop bool) *Playback {
	return p.PlayWith(PlayOptions{Clips: []*media.Clip{clip}, Loop: loop})
}

// PlayList replaces what the port plays by clips, one after the other.
func (p *Port) PlayList(clips []*media.Clip) *Playback {
	return p.PlayWith(PlayOptions{Clips: clips})
}

// PlayWith replaces what the port plays; the first packet leaves within two
// milliseconds as a rule. Sound given before Start waits for it. On a closed
// port the playback is done at once, not finished.
func (p *Port) PlayWith(opt PlayOptions) *Playback {
	b := newPlayback(p, opt)
	ok := p.shard.post(func() {
		if p.closed() {
			b.end(false)
			return
		}
		p.stopPlay(false)
		p.play, p.marker = b, true
		if p.started {
			p.shard.hasten(p)
		}
	})
	if !ok {
		b.end(false)
	}
	return b
}

// Done closes when the last sample has had its time, or the playback was
// stopped or replaced.
func (b *Playback) Done() <-chan struct{} { return b.done }

// Played is how much of the sound has been sent.
func (b *Playback) Played() time.Duration {
	return time.Duration(b.played.Load()) * time.Second / media.Rate
}

// Finished says whether all was played: false while it plays, and for ever
// when it was stopped, replaced, or cut by a key or a closed port.
func (b *Playback) Finished() bool { return b.finished.Load() }

// Stop ends the playback within a millisecond or two and waits for that.
// Stopping what is done does nothing.
func (b *Playback) Stop() {
	b.port.shard.post(func() {
		switch b {
		case b.port.play:
			b.port.stopPlay(false)
		case b.port.over:
			b.port.stopOver(false)
		}
	})
	<-b.done
}

func (b *Playback) stops(key byte) bool {
	return b.opt.BargeIn && (b.opt.BargeKeys == "" || strings.IndexByte(b.opt.BargeKeys, key) >= 0)
}

func (b *Playback) end(finished bool) {
	if b.ended {
		return
	}
	b.ended = true
	b.finished.Store(finished)
	close(b.done)
}

func (p *Port) stopPlay(finished bool) {
	if p.play == nil {
		return
	}
	b := p.play
	p.play = nil
	p.between = p.in == nil && len(p.feeds) == 0 && p.overlay == nil && p.started
	b.end(finished)
}

// next writes the next sound to frame and returns how much there was.
func (b *Playback) next(codec media.Codec, frame []byte) int {
	n := 0
	for n < len(frame) {
		if b.clip == len(b.opt.Clips) {
			if !b.opt.Loop {
				break
			}
			b.clip = 0
		}
		sound := b.opt.Clips[b.clip].Bytes(codec)
		c := copy(frame[n:], sound[b.at:])
		n, b.at = n+c, b.at+c
		if b.at == len(sound) {
			b.clip, b.at = b.clip+1, 0
		}
	}
	b.played.Add(int64(n))
	return n
}

// samples writes the next sound to pcm, and silence after its end; false when there
// is none. Its octets go through frame.
func (b *Playback) samples(pcm []int16, frame []byte) bool {
	n := b.next(media.PCMU, frame) // in which each octet is a sample by itself
	if n == 0 {
		return false
	}
	media.PCMU.Decode(pcm[:n], frame[:n])
	clear(pcm[n:])
	return true
}

// source gives the sound of this turn, as samples or in frame: a key tone, what is over the
// rest, the sound of a parked port, the playback, the bridged peer and the feeds,
// in this order of precedence.
func (p *Port) source(frame []byte) form {
	heard := p.others(frame)
	if p.overlay != nil {
		return p.keyTone(frame)
	}
	return p.overlaid(frame, p.beneath(frame, heard))
}

// code makes frame what is sent of the sound of this turn. Where an octet means what
// those before it make of it, all that is sent is one stream of the port's encoder,
// silence too: streams that begin anew, one in place of another, are heard as bursts.
func (p *Port) code(frame []byte, have form) {
	sampled := p.codec.Sampled()
	switch {
	case have == linear:
		p.encoder.Encode(frame, p.shard.mixed[:])
	case have == coded:
		p.encoder.Follow(frame)
	case sampled:
		fill(frame, p.codec.Silence())
	default:
		clear(p.shard.mixed[:])
		p.encoder.Encode(frame, p.shard.mixed[:])
	}
}

// beneath gives what there is but what is over it; heard is the form of the others'
// sound.
func (p *Port) beneath(frame []byte, heard form) form {
	if p.parked != nil {
		if have := p.clip(p.parked, frame); have != nothing {
			return have
		}
		return p.hush(frame)
	}
	if p.play != nil {
		if have := p.clip(p.play, frame); have != nothing {
			return have
		}
		p.stopPlay(true)
		if p.in != nil {
			return nothing
		}
	}
	return heard
}

// samples says whether sound that is played is wanted as samples: to be mixed with what
// is over it, or because no clip is in the port's codec.
func (p *Port) samples() bool { return p.mixes() || !p.codec.Sampled() }

// clip gives the next sound of a playback.
func (p *Port) clip(b *Playback, frame []byte) form {
	if p.samples() {
		if !b.samples(p.shard.mixed[:], frame) {
			return nothing
		}
		return linear
	}
	n := b.next(p.codec, frame)
	if n == 0 {
		return nothing
	}
	fill(frame[n:], p.codec.Silence())
	return coded
}

// hush gives silence that counts as sound.
func (p *Port) hush(frame []byte) form {
	if p.samples() {
		clear(p.shard.mixed[:])
		return linear
	}
	fill(frame, p.codec.Silence())
	return coded
}

// others gives the sound of this turn of the bridged peer and the feeds; nothing when
// there is neither.
func (p *Port) others(frame []byte) form {
	heard := p.fromPeer(frame, len(p.feeds) > 0 || p.mixes())
	if len(p.feeds) == 0 {
		return heard
	}
	p.mix(heard)
	return linear
}
