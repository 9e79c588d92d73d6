package rtpport

import (
	"fmt"
	"slices"

	"tandem/internal/media"
)

// Feed lets what one port hears sound at another, beside what that one's bridge
// brings. Safe for concurrent use.
type Feed struct {
	from, to *Port
	link     *link
}

// AddFeed adds what from hears to what to sends, until Stop or until either
// port closes. A port sends the saturated sum of its bridged peer's sound and
// its feeds. Keys do not pass. Feeds both ways between a third port and each of
// a bridged pair make a conference, in which each hears the two others and not
// itself.
func AddFeed(from, to *Port) (*Feed, error) {
	if from == nil || to == nil || from == to || from.pool != to.pool {
		return nil, fmt.Errorf("feed: two ports of one pool are needed")
	}
	f := &Feed{from: from, to: to, link: newLink()}
	ok := to.await(func() {
		f.link.reset(to.params.Codec)
		to.feeds = append(to.feeds, f.link)
	})
	if !ok || !from.await(func() { from.fed = append(from.fed, f.link) }) {
		f.Stop()
		return nil, fmt.Errorf("feed: %w", ErrClosed)
	}
	return f, nil
}

// Stop ends the feed. Stopping what has ended does nothing.
func (f *Feed) Stop() {
	is := func(l *link) bool { return l == f.link }
	f.from.await(func() { f.from.fed = slices.DeleteFunc(f.from.fed, is) })
	f.to.await(func() { f.to.feeds = slices.DeleteFunc(f.to.feeds, is) })
}

// take writes the sound of this turn, in codec, to frame.
func (l *link) take(codec media.Codec, frame []byte) {
	tail := l.tail.Load()
	for ; tail != l.head.Load(); tail++ {
		l.store(codec, &l.items[tail%linkItems])
		l.tail.Store(tail + 1)
	}
	l.settle(frame)
}

// mix adds the feeds to frame, which holds the bridged peer's sound of this
// turn if bridged; false when there are none.
func (p *Port) mix(frame []byte, bridged bool) bool {
	if len(p.feeds) == 0 {
		return false
	}
	codec, sum := p.params.Codec, p.shard.sum[:len(frame)]
	pcm, own := p.shard.pcm[:len(frame)], p.shard.scratch[:len(frame)]
	clear(sum)
	if bridged {
		codec.Decode(pcm, frame)
		add(sum, pcm)
	}
	for _, l := range p.feeds {
		l.take(codec, own)
		codec.Decode(pcm, own)
		add(sum, pcm)
	}
	limit(pcm, sum)
	codec.Encode(frame, pcm)
	return true
}

// limit writes a sum as samples, saturated.
func limit(pcm []int16, sum []int32) {
	for i, s := range sum {
		pcm[i] = int16(max(-32768, min(32767, s)))
	}
}

func add(sum []int32, pcm []int16) {
	for i, s := range pcm {
		sum[i] += int32(s)
	}
}
