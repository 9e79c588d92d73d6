package listen

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// menu is a whole menu in the making.
type menu struct {
	*Recording
	seen  map[question]bool
	heard map[string]int // chapters by what is heard in them after a key of which an application decides
	ways  []way          // that are to be gone yet
}

// way is a path to a place of a menu.
type way struct {
	keys string
	any  bool // its last key is one of all, of which an application decides
}

// Menu makes the recording of a whole menu: of each question that keys lead to,
// once, with a chapter for every way. Where an application decides what a key does,
// those that lead to the same are one chapter, and what was heard is not heard again.
func (f Flow) Menu(ctx context.Context) (*Recording, error) {
	m := &menu{Recording: &Recording{}, seen: map[question]bool{}, heard: map[string]int{}, ways: []way{{}}}
	for len(m.ways) > 0 && len(m.Chapters) < MaxChapters && m.Length() < MaxMenu {
		next := m.ways[0]
		m.ways = m.ways[1:]
		path, err := ParseKeys(next.keys)
		if err != nil {
			return nil, err
		}
		w, err := f.walk(ctx, path)
		if err != nil {
			return nil, err
		}
		if len(path) > 0 && w.pressed < len(path) {
			continue // the flow went on without it
		}
		m.chapter(w, next, len(path))
	}
	m.Ended = fmt.Sprintf("%d chapters", len(m.Chapters))
	if len(m.ways) > 0 {
		m.Ended += ", which are the most; there is more"
	}
	return m.Recording, nil
}

// chapter adds what a way has led to, depth keys from the beginning.
func (m *menu) chapter(w *walk, by way, depth int) {
	part := w.recording()
	from := w.last
	if depth == 0 {
		from = 0
	}
	m.Waits = m.Waits || part.Waits
	for _, a := range part.Asked {
		if !slices.Contains(m.Asked, a) {
			m.Asked = append(m.Asked, a)
		}
	}
	if by.any {
		told := part.since(from)
		if n, old := m.heard[told]; old {
			m.Chapters[n].also(by.keys)
			return
		}
		m.heard[told] = len(m.Chapters)
	}
	m.add(part, from, Chapter{Keys: by.keys, Name: w.name(by.keys)})
	if w.asks == nil || m.seen[w.at] || depth >= MaxDepth {
		return
	}
	m.seen[w.at] = true
	for _, k := range w.asks {
		m.ways = append(m.ways, way{strings.TrimSpace(by.keys + " " + string(k)), w.any})
	}
}

// since tells what is heard from a time on, and how it ends.
func (r *Recording) since(from time.Duration) string {
	text := r.Ended
	for _, l := range r.Lines {
		if l.From >= from && !l.Key {
			text += "\n" + l.Text
		}
	}
	return text
}

// also names another key of the same question that leads to a chapter.
func (c *Chapter) also(keys string) {
	before, key := "", keys
	if i := strings.LastIndexByte(keys, ' '); i >= 0 {
		before, key = keys[:i+1], keys[i+1:]
	}
	if rest, same := strings.CutPrefix(c.Keys, before); !same || strings.Contains(rest, " ") {
		return // it is in its own place already
	}
	name, text, _ := strings.Cut(c.Name, ": ")
	c.Name = clip(name+", "+key+": "+text, 80)
}
