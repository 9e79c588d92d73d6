package rtpport

import (
	"fmt"
	"slices"
	"sync"

	"tandem/internal/media"
)

// maxTones bounds the clips that wait to sound in a room.
const maxTones = 8

// Room mixes ports of one pool: each member hears the sum of all others, saturated,
// and not itself. All members of a room are mixed in one turn of its shard's wheel,
// each is decoded once, and those who say nothing share one encoded frame; so the
// cost grows with the members and not with their pairs. A member's port is joined to
// the room as a bridged port is to its peer: its own playback covers the room, its
// recordings hear it, and its keys stay with it. Safe for concurrent use.
type Room struct {
	pool  *Pool
	shard *shard
	once  sync.Once

	// What follows belongs to the shard's thread.
	slot   int
	seats  []*Seat
	tones  []*Playback // the first sounds
	tape   *Port       // hears the mix; on no wheel
	sum    [media.FrameSamples]int32
	whole  [2][media.FrameSamples]byte // the mix in each codec
	made   [2]bool                     // whole holds the mix of this turn
	ts     uint32
	closed bool
}

// Seat is a port's place in a room.
type Seat struct {
	room *Room
	port *Port
	says *link // from the port
	gets *link // to it

	// What follows belongs to the shard's thread.
	codec media.Codec // in which it is given the mix
	muted bool
	heard bool // it says something in this turn
	frame [media.FrameSamples]byte
	pcm   [media.FrameSamples]int16
}

// NewRoom makes an empty room on the shard of near. Close it.
func (p *Pool) NewRoom(near *Port) (*Room, error) {
	if near == nil || near.pool != p {
		return nil, fmt.Errorf("room: a port of the pool is needed")
	}
	r := &Room{pool: p, shard: near.shard}
	r.tape = newPort(p, r.shard, socket{}, socket{}, 0)
	r.tape.started = true
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	p.rooms[r] = struct{}{}
	p.mu.Unlock()
	if !r.shard.post(func() { r.shard.addRoom(r) }) {
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	return r, nil
}

// Join gives a port a seat, in place of its bridge or of another room.
func (r *Room) Join(p *Port, muted bool) (*Seat, error) {
	if p == nil || p.pool != r.pool {
		return nil, fmt.Errorf("room: a port of the pool is needed")
	}
	s := &Seat{room: r, port: p, says: newLink(), gets: newLink(), muted: muted}
	p.KeepKeys(true)
	ok := p.await(func() {
		p.unlink()
		s.codec = p.codec
		if !s.codec.Sampled() {
			s.codec = media.PCMU // which its port encodes as one stream, whoever speaks
		}
		p.in, p.out = s.gets, s.says
	})
	in := false
	ok = ok && r.await(func() {
		if in = !r.closed; in {
			r.seats = append(r.seats, s)
		}
	})
	if !ok || !in {
		s.Leave()
		return nil, fmt.Errorf("room: %w", ErrClosed)
	}
	return s, nil
}

// Leave gives the seat up. It may be called twice, and after the room's end.
func (s *Seat) Leave() {
	s.room.await(func() { s.room.seats = slices.DeleteFunc(s.room.seats, func(x *Seat) bool { return x == s }) })
	s.port.part(s.gets)
	s.port.KeepKeys(false)
}

// Mute says whether the member is not heard.
func (s *Seat) Mute(muted bool) { s.room.await(func() { s.muted = muted }) }

// Play has all members hear a clip, after those that sound already. It is dropped
// when enough others wait.
func (r *Room) Play(clip *media.Clip) {
	b := newPlayback(r.tape, PlayOptions{Clips: []*media.Clip{clip}})
	r.await(func() {
		if r.closed || len(r.tones) >= maxTones {
			b.end(false)
			return
		}
		r.tones = append(r.tones, b)
	})
}

// Record stores what is said in the room, as Port.Record does with what its port
// sends. It ends with the room.
func (r *Room) Record(opt RecordOptions) (*Recording, error) {
	opt.Sides = SidesMixed
	return r.tape.Record(opt)
}

// Close ends the room; whoever is still in it hears nothing more. It may be called
// twice.
func (r *Room) Close() {
	r.once.Do(func() {
		r.await(func() {
			r.closed = true
			for _, b := range r.tones {
				b.end(false)
			}
			r.seats, r.tones = nil, nil
			for len(r.tape.recs) > 0 {
				r.tape.detach(r.tape.recs[0], EndClosed)
			}
			close(r.tape.done)
			r.shard.removeRoom(r)
		})
		r.pool.mu.Lock()
		delete(r.pool.rooms, r)
		r.pool.mu.Unlock()
	})
}

// await has the wheel do f and waits for it; false when it has stopped.
func (r *Room) await(f func()) bool {
	ready := make(chan struct{})
	if !r.shard.post(func() { f(); close(ready) }) {
		return false
	}
	<-ready
	return true
}

// mix is the room's turn: what all say is added up, and each gets the sum without
// its own part.
func (r *Room) mix() {
	clear(r.sum[:])
	for _, s := range r.seats {
		s.listen()
		if s.heard {
			media.Add(r.sum[:], s.pcm[:])
		}
	}
	r.tone()
	r.made = [2]bool{}
	for _, s := range r.seats {
		if s.heard {
			s.gets.sound(s.codec, r.ts, r.without(s), 0)
		} else {
			s.gets.sound(s.codec, r.ts, r.all(s.codec), 0)
		}
	}
	r.tape.tap(r.all(media.PCMU))
	r.ts += media.FrameSamples
}

// listen takes what a member says in this turn.
func (s *Seat) listen() {
	s.says.take(s.pcm[:], s.frame[:])
	s.heard = !s.muted && !silent(s.pcm[:])
}

// silent says whether samples are no louder than the silence of a codec.
func silent(pcm []int16) bool {
	for _, v := range pcm {
		if v > 8 || v < -8 {
			return false
		}
	}
	return true
}

// tone adds the clip that sounds.
func (r *Room) tone() {
	if len(r.tones) == 0 {
		return
	}
	b, frame, pcm := r.tones[0], r.shard.scratch[:media.FrameSamples], r.shard.pcm[:media.FrameSamples]
	if !b.samples(pcm, frame) {
		b.end(true)
		r.tones = slices.Delete(r.tones, 0, 1)
		return
	}
	media.Add(r.sum[:], pcm)
}

// without is the mix for a member who is part of it.
func (r *Room) without(s *Seat) []byte {
	for i, v := range r.sum {
		s.pcm[i] = int16(max(-32768, min(32767, v-int32(s.pcm[i]))))
	}
	s.codec.Encode(s.frame[:], s.pcm[:])
	return s.frame[:]
}

// all is the mix for whoever is no part of it.
func (r *Room) all(codec media.Codec) []byte {
	i := 0
	if codec == media.PCMA {
		i = 1
	}
	if !r.made[i] {
		pcm := r.shard.pcm[:media.FrameSamples]
		media.Limit(pcm, r.sum[:])
		codec.Encode(r.whole[i][:], pcm)
		r.made[i] = true
	}
	return r.whole[i][:]
}

// miss lets the room's clock pass n turns that were not taken.
func (r *Room) miss(n int64) {
	r.ts += uint32(n) * media.FrameSamples
	for _, s := range r.seats {
		s.says.miss(int(n))
	}
	for _, rec := range r.tape.recs {
		rec.lost(int(n))
	}
}
