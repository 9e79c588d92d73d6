package rtpport

import "tandem/internal/media"

// PlayOver has clips sound beside whatever else the port sends, its playback, its
// bridged peer and its feeds: mixed with them, by the saturated sum, or covering
// them; what is covered goes on unheard. Keys do not stop it. It takes the place
// of what sounded so before. While a key is sent it waits.
func (p *Port) PlayOver(clips []*media.Clip, loop, mixed bool) *Playback {
	b := newPlayback(p, PlayOptions{Clips: clips, Loop: loop})
	b.mixed = mixed
	ok := p.shard.post(func() {
		if p.closed() {
			b.end(false)
			return
		}
		p.stopOver(false)
		p.over = b
	})
	if !ok {
		b.end(false)
	}
	return b
}

func (p *Port) stopOver(finished bool) {
	if b := p.over; b != nil {
		p.over = nil
		b.end(finished)
	}
}

// overlaid puts what is over the rest upon frame, which holds sound, or silence.
func (p *Port) overlaid(frame []byte, sound bool) bool {
	b := p.over
	if b == nil {
		return sound
	}
	codec, own := p.params.Codec, p.shard.scratch[:len(frame)]
	n := b.next(codec, own)
	if n == 0 {
		p.stopOver(true)
		return sound
	}
	fill(own[n:], codec.Silence())
	if !b.mixed || !sound {
		copy(frame, own)
		return true
	}
	sum, pcm := p.shard.sum[:len(frame)], p.shard.pcm[:len(frame)]
	clear(sum)
	codec.Decode(pcm, frame)
	add(sum, pcm)
	codec.Decode(pcm, own)
	add(sum, pcm)
	limit(pcm, sum)
	codec.Encode(frame, pcm)
	return true
}

// Park takes the port out of its bridge for a while: the peer hears clips, again
// and again, or silence when there are none, and nothing that it says or keys
// passes to the port that it is bridged with. What is played over the port sounds
// all the same. A parked port that is parked again changes its sound.
func (p *Port) Park(clips []*media.Clip) {
	b := newPlayback(p, PlayOptions{Clips: clips, Loop: true})
	p.order(func() {
		if p.held.key != 0 {
			p.release()
		}
		p.unpark()
		p.parked = b
	})
}

// Unpark ends that. A port that is not parked stays as it is.
func (p *Port) Unpark() { p.order(p.unpark) }

func (p *Port) unpark() {
	if b := p.parked; b != nil {
		p.parked = nil
		b.end(false)
	}
}
