package prompt

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"tandem/internal/media"
)

// cache keeps clips in memory, the least recently used leaving first, and lets
// one caller make a missing clip while others wait for it.
type cache struct {
	max int64 // bytes

	mu      sync.Mutex
	size    int64
	clips   map[string]*list.Element
	recent  *list.List // of *entry; front = newest
	flights map[string]*flight
}

type entry struct {
	key  string
	clip *media.Clip
}

// flight is a clip in the making. The fields are set before done is closed.
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
	for {
		c.mu.Lock()
		if e, ok := c.clips[key]; ok {
			c.recent.MoveToFront(e)
			c.mu.Unlock()
			return e.Value.(*entry).clip, nil
		}
		f, waiting := c.flights[key]
		if !waiting {
			f = &flight{done: make(chan struct{}), err: errAbandoned}
			c.flights[key] = f
		}
		c.mu.Unlock()
		if !waiting {
			return c.fly(ctx, key, f, build)
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

func (c *cache) fly(ctx context.Context, key string, f *flight, build func(context.Context) (*media.Clip, error)) (*media.Clip, error) {
	defer func() { // also when build panics
		c.mu.Lock()
		delete(c.flights, key)
		if f.err == nil {
			c.add(key, f.clip)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	clip, err := build(ctx)
	if err == nil || ctx.Err() == nil {
		f.clip, f.err = clip, err
	}
	return clip, err
}

// add keeps a clip, unless it would drive most others out. c.mu is held.
func (c *cache) add(key string, clip *media.Clip) {
	if weight(clip) > c.max/4 {
		return
	}
	if e, ok := c.clips[key]; ok {
		c.size -= weight(e.Value.(*entry).clip)
		c.recent.Remove(e)
	}
	c.clips[key] = c.recent.PushFront(&entry{key, clip})
	c.size += weight(clip)
	for c.size > c.max && c.recent.Len() > 0 {
		last := c.recent.Back()
		e := c.recent.Remove(last).(*entry)
		delete(c.clips, e.key)
		c.size -= weight(e.clip)
	}
}

// weight is the memory of a clip in bytes: each sample in two codecs.
func weight(c *media.Clip) int64 { return int64(2*c.Len()) + 256 }

// used gives the bytes kept.
func (c *cache) used() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}
