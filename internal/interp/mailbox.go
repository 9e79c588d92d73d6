package interp

import (
	"context"
	"slices"
	"sync"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// maxKeys bounds the keys of commands that are remembered of one call.
const maxKeys = 1_000

// Mailbox holds the commands to a live call that its run carries out. It may be
// used by any goroutine; the zero value takes commands.
type Mailbox struct {
	mu       sync.Mutex
	queue    []*flow.Command
	coming   int    // accepted, and not in the queue yet
	awaits   string // the await that commands may be meant for
	closed   string // why no more are taken
	last     string // the words of the command taken last
	keys     map[string]bool
	watchers []*watcher
}

// watcher is a context that ends when a command comes.
type watcher struct {
	any    bool // whatever the command's mode
	cancel context.CancelCauseFunc
}

// errCommand ends what a command takes the place of.
func errCommand() error {
	return voice.Errorf("interp.Mailbox", voice.Interrupted, "a command came")
}

// Accept decides whether the call takes c, and gives what puts it into the
// mailbox: nothing happens before put is called, so that the order can be noted
// first; it must be called. put is nil when a command of the same key was taken
// before. Errors: Conflict when the call does not wait at c.At or takes no more
// commands, Limit when too many wait.
func (m *Mailbox) Accept(c flow.Command) (put func(), err error) {
	const op = "interp.Accept"
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case c.Key != "" && m.keys[c.Key]:
		return nil, nil
	case m.closed != "":
		return nil, voice.Errorf(op, voice.Conflict, "the call takes no more commands: %s", m.closed)
	case c.At != "" && m.awaits != c.At:
		return nil, voice.Errorf(op, voice.Conflict, "the call does not wait for commands at %q", c.At)
	case len(m.queue)+m.coming >= voice.MaxCommands:
		return nil, voice.Errorf(op, voice.Limit, "%d commands wait already", voice.MaxCommands)
	case c.Key != "" && len(m.keys) >= maxKeys:
		return nil, voice.Errorf(op, voice.Limit, "the call has had %d commands with keys, the most there may be", maxKeys)
	}
	if c.Key != "" {
		if m.keys == nil {
			m.keys = map[string]bool{}
		}
		m.keys[c.Key] = true
	}
	if c.Last {
		m.closed = "the last one has come"
	}
	m.awaits, m.last = "", c.Text
	m.coming++
	return func() { m.put(&c) }, nil
}

func (m *Mailbox) put(c *flow.Command) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.coming--
	m.queue = append(m.queue, c)
	for _, w := range m.watchers {
		if w.any || c.Mode == voice.CommandInstead {
			w.cancel(errCommand())
		}
	}
}

// Close lets the call take no more commands, for a reason in words.
func (m *Mailbox) Close(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.awaits = why, ""
}

// Awaits names the await that commands may be meant for; "" = none.
func (m *Mailbox) Awaits() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.awaits
}

// Last gives the words of the command that was taken last; "" = none.
func (m *Mailbox) Last() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// ready says which await commands may be meant for from now on, unless one has
// been taken that is not carried out yet.
func (m *Mailbox) ready(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue)+m.coming == 0 {
		m.awaits = name
	}
}

// take gives the oldest command, nil when there is none. leave says that the
// call waits for none any more.
func (m *Mailbox) take(leave bool) *flow.Command {
	m.mu.Lock()
	defer m.mu.Unlock()
	if leave {
		m.awaits = ""
	}
	if len(m.queue) == 0 {
		return nil
	}
	c := m.queue[0]
	m.queue = slices.Delete(m.queue, 0, 1)
	return c
}

// until gives a context that ends with kind Interrupted when a command comes
// that takes the place of what goes on; any = whatever command.
func (m *Mailbox) until(ctx context.Context, any bool) (context.Context, func()) {
	inner, cancel := context.WithCancelCause(ctx)
	w := &watcher{any: any, cancel: cancel}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers = append(m.watchers, w)
	if slices.ContainsFunc(m.queue, func(c *flow.Command) bool { return any || c.Mode == voice.CommandInstead }) {
		cancel(errCommand())
	}
	return inner, func() {
		m.mu.Lock()
		m.watchers = slices.DeleteFunc(m.watchers, func(x *watcher) bool { return x == w })
		m.mu.Unlock()
		cancel(nil)
	}
}
