package prompt

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"tandem/internal/media"
)

// cache keeps clips in memory, the least recently used leaving first, and lets
// one caller make a missing clip while others wait for it.
type cache struct {
	max int64 // bytes

	hits, misses atomic.Uint64

	mu      sync.Mutex
	size    int64
	clips   map[string]*list.Element
	recent  *list.List // of *entry; front = newest
	flights map[string]*flight
}

type entry struct {
	key  string
	clip *media.Clip
	origin
}

// flight is an entry in the making. The fields are set before done is closed.
type flight struct {
	done chan struct{}
	clip *media.Clip
	err  error
}

func newCache(max int64) *cache {
	return &cache{max: max, clips: map[string]*list.Element{}, recent: list.New(), flights: map[string]*flight{}}
}

// get gives the clip of key and makes it when it is not there. A clip made for
// somebody who gave up is made again for those who wait.
func (c *cache) get(ctx context.Context, key string, build func(context.Context) (*media.Clip, error)) (*media.Clip, error) {
	return c.renew(ctx, key, func(origin) bool { return true }, func(ctx context.Context, _ *entry) (*entry, error) {
		clip, err := build(ctx)
		return &entry{key: key, clip: clip}, err
	})
}

// renew is get for clips that grow old: build is given what is kept, nil for
// nothing, when that is not fresh. What it gives is kept also beside an error when it
// has a clip.
func (c *cache) renew(ctx context.Context, key string, fresh func(origin) bool, build func(context.Context, *entry) (*entry, error)) (*media.Clip, error) {
	for {
		c.mu.Lock()
		var old *entry
		if e, ok := c.clips[key]; ok {
			c.recent.MoveToFront(e)
			if old = e.Value.(*entry); fresh(old.origin) {
				c.mu.Unlock()
				c.hits.Add(1)
				return old.clip, nil
			}
		}
		f, waiting := c.flights[key]
		if !waiting {
			f = &flight{done: make(chan struct{}), err: errAbandoned}
			c.flights[key] = f
		}
		c.mu.Unlock()
		if !waiting {
			c.misses.Add(1)
			return c.fly(ctx, key, f, old, build)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !errors.Is(f.err, errAbandoned) {
			return f.clip, f.err
		}
	}
}

// errAbandoned is the result of a flight whose caller left.
var errAbandoned = errors.New("the one who made it left")

func (c *cache) fly(ctx context.Context, key string, f *flight, old *entry, build func(context.Context, *entry) (*entry, error)) (*media.Clip, error) {
	var e *entry
	defer func() { // also when build panics
		c.mu.Lock()
		delete(c.flights, key)
		if !errors.Is(f.err, errAbandoned) && f.clip != nil {
			c.add(e)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	e, err := build(ctx, old)
	if e == nil {
		e = &entry{}
	}
	if err == nil || ctx.Err() == nil || e.clip != nil {
		f.clip, f.err = e.clip, err
	}
	return e.clip, err
}

// add keeps an entry, unless it would drive most others out. c.mu is held.
func (c *cache) add(e *entry) {
	if old, ok := c.clips[e.key]; ok {
		c.drop(old)
	}
	if weight(e.clip) > c.max/4 {
		return
	}
	c.clips[e.key] = c.recent.PushFront(e)
	c.size += weight(e.clip)
	for c.size > c.max && c.recent.Len() > 0 {
		c.drop(c.recent.Back())
	}
}

// drop forgets an entry. c.mu is held.
func (c *cache) drop(at *list.Element) {
	e := c.recent.Remove(at).(*entry)
	delete(c.clips, e.key)
	c.size -= weight(e.clip)
}

// weight is the memory of a clip in bytes: each sample in two codecs.
func weight(c *media.Clip) int64 { return int64(2*c.Len()) + 256 }

// used gives the bytes kept.
func (c *cache) used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}
