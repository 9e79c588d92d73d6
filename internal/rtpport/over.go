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

// overlaid puts what is over the rest upon the sound of this turn, which is there in
// the form have, and gives the form of both.
func (p *Port) overlaid(frame []byte, have form) form {
	b := p.over
	if b == nil {
		return have
	}
	if !p.samples() || have == nothing {
		return p.covered(frame, have)
	}
	pcm, mixed := p.shard.pcm[:media.FrameSamples], p.shard.mixed[:]
	if !b.samples(pcm, p.shard.scratch[:media.FrameSamples]) {
		p.stopOver(true)
		return have
	}
	sum := p.shard.sum[:]
	clear(sum)
	if b.mixed {
		media.Add(sum, mixed)
	}
	media.Add(sum, pcm)
	media.Limit(mixed, sum)
	return linear
}

// covered puts what is over the rest in its place.
func (p *Port) covered(frame []byte, have form) form {
	// Both forms are left alone when there is nothing more.
	if over := p.clip(p.over, frame); over != nothing {
		return over
	}
	p.stopOver(true)
	return have
}

// mixes says whether the sound of this turn is wanted as samples, to be mixed with
// what is over it.
func (p *Port) mixes() bool { return p.over != nil && p.over.mixed }

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
