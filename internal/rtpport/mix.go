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

// take writes the samples of this turn to pcm. Its octets go through frame.
func (l *link) take(pcm []int16, frame []byte) {
	tail := l.tail.Load()
	for ; tail != l.head.Load(); tail++ {
		l.store(&l.items[tail%linkItems])
		l.tail.Store(tail + 1)
	}
	l.settle(frame)
	l.listen(pcm)
}

// mix adds the feeds to the samples of this turn, if there are any yet.
func (p *Port) mix(have form) {
	sh := p.shard
	sum, pcm, own := sh.sum[:], sh.pcm[:media.FrameSamples], sh.scratch[:media.FrameSamples]
	clear(sum)
	if have == linear {
		media.Add(sum, sh.mixed[:])
	}
	for _, l := range p.feeds {
		l.take(pcm, own)
		media.Add(sum, pcm)
	}
	media.Limit(sh.mixed[:], sum)
}
