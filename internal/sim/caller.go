package sim

import (
	"strings"
	"time"

	"tandem/internal/voice"
)

// KeyGap is the time between the keys of one Action.
const KeyGap = 200 * time.Millisecond

// Action is one thing that the caller does, after the one before it. At most
// one of Press, Speak, HangUp and Do is set; none of them = only wait or listen.
type Action struct {
	// Hear lets the caller wait until a prompt begins whose words
	// (voice.Prompt.String) hold it, capitals or not. Each prompt counts for one
	// Hear only, and those that began before the action became due count too.
	Hear string
	// ToEnd waits for that prompt to end, or to be cut, instead.
	ToEnd bool
	// After is the time that passes then: from the prompt, or without Hear from
	// the end of the action before (the first: from the arrival of the call).
	After time.Duration

	Press  voice.Digits  // keys, KeyGap apart
	Speak  time.Duration // the caller speaks so long; then the action is over
	Say    string        // with Speak: the words
	HangUp bool
	Do     func() // anything else: what happens outside the call
}

// caller works through the actions.
type caller struct {
	actions []Action
	base    time.Time // end of the action before
	heard   int       // prompts before this one count no more
	found   int       // prompt that the present action waited for; -1 = not yet
	prompts []sounded
	// talking is until when the caller speaks.
	talking time.Time
}

// sounded is a prompt that the caller hears or has heard.
type sounded struct {
	words string
	began time.Time
	ended time.Time // zero = it sounds
}

func newCaller(actions []Action, start time.Time) caller {
	c := caller{base: start, found: -1}
	for _, a := range actions {
		c.add(a)
	}
	return c
}

// add puts an action behind the others, each key one of its own.
func (c *caller) add(a Action) {
	keys := a.Press
	if len(keys) < 2 {
		c.actions = append(c.actions, a)
		return
	}
	a.Press = keys[:1]
	c.actions = append(c.actions, a)
	for i := 1; i < len(keys); i++ {
		c.actions = append(c.actions, Action{After: KeyGap, Press: keys[i : i+1]})
	}
}

func (c *caller) pending() []Action { return c.actions }

// due says when the present action takes place, if that is known.
func (c *caller) due() (time.Time, bool) {
	if len(c.actions) == 0 {
		return time.Time{}, false
	}
	a := c.actions[0]
	if a.Hear == "" {
		return c.base.Add(a.After), true
	}
	if c.found < 0 && !c.listen(a) {
		return time.Time{}, false
	}
	p := c.prompts[c.found]
	at := p.began
	if a.ToEnd {
		if p.ended.IsZero() {
			return time.Time{}, false
		}
		at = p.ended
	}
	at = at.Add(a.After)
	if at.Before(c.base) {
		at = c.base
	}
	return at, true
}

// listen looks for the prompt that the action waits for.
func (c *caller) listen(a Action) bool {
	for i := c.heard; i < len(c.prompts); i++ {
		if strings.Contains(strings.ToLower(c.prompts[i].words), strings.ToLower(a.Hear)) {
			c.found = i
			return true
		}
	}
	return false
}

// take carries the present action out at now.
func (c *caller) take(now time.Time) Action {
	a := c.actions[0]
	c.actions = c.actions[1:]
	if c.found >= 0 {
		c.heard, c.found = c.found+1, -1
	}
	c.base = now
	if a.Speak > 0 {
		c.talking = now.Add(a.Speak)
		c.base = c.talking
	}
	return a
}

func (c *caller) promptBegins(words string, now time.Time) {
	c.prompts = append(c.prompts, sounded{words: words, began: now})
}

func (c *caller) promptEnds(now time.Time) {
	c.prompts[len(c.prompts)-1].ended = now
}

// said is what the caller has said, and when.
type said struct {
	from, to time.Time
	words    string
}

// Said gives the words that the caller said while something was recorded.
func (c *Call) Said(r voice.Recording) string {
	var words []string
	for _, s := range c.said {
		if s.from.Before(r.Ended) && s.to.After(r.Created) {
			words = append(words, s.words)
		}
	}
	return strings.Join(words, " ")
}
