package interp

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

const (
	// announceEvery is how often the place is told when nothing is said.
	announceEvery = 30 * time.Second
	// queueRest is how long the first in line waits until the members are rung
	// again, once all have been.
	queueRest = 10 * time.Second
	// queueKeyTime is how long a key that cut the music may take to be had.
	queueKeyTime = 200 * time.Millisecond
)

// queuing is a caller in a queue.
type queuing struct {
	*run
	s        flow.Queue
	ticket   voice.Ticket
	music    []voice.Prompt
	ends     time.Time           // of the waiting
	announce time.Time           // when the place is told next; zero = never
	ring     time.Time           // when the members may be rung
	round    []voice.Destination // members that are still to be rung in this round
}

// queue holds the caller in line. The line is left in every case: when a member
// answers, or with the step.
func (r *run) queue(ctx context.Context, s flow.Queue) (outcome, error) {
	if len(s.Members) == 0 {
		r.noteError("the queue " + s.ID + " has no members")
		return outcome{exit: flow.Failed, words: "the queue has no members"}, nil
	}
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	ticket, err := r.host.JoinQueue(ctx, s.ID, s.MaxLength)
	if voice.IsKind(err, voice.Limit) {
		return outcome{exit: flow.QueueFull, words: voice.Reason(err)}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	defer ticket.Leave()
	q := queuing{run: r, s: s, ticket: ticket, music: r.prompts(s.Music, nil)}
	if len(q.music) == 0 {
		q.music = []voice.Prompt{{Kind: voice.PromptMusic}}
	}
	now := r.call.Now()
	q.ends = now.Add(cmp.Or(s.MaxWait, flow.DefaultQueueWait))
	if s.Position {
		q.announce = now
	}
	return q.wait(ctx)
}

// wait lets the caller wait until a member answers or it is over otherwise.
func (q *queuing) wait(ctx context.Context) (outcome, error) {
	place := 0
	for {
		moved := q.ticket.Moved() // before the place is asked for: no move is missed
		at := q.ticket.Position()
		if at != place {
			place = at
			q.say("place %d in queue %s", place, cmp.Or(q.s.Name, q.s.ID))
		}
		now := q.call.Now()
		var out *outcome
		var err error
		switch {
		case !now.Before(q.ends):
			return outcome{exit: flow.NoAnswer, words: "nobody was free in " + cmp.Or(q.s.MaxWait, flow.DefaultQueueWait).String()}, nil
		case place == 1 && !now.Before(q.ring):
			out, err = q.members(ctx)
		case !q.announce.IsZero() && !now.Before(q.announce):
			out, err = q.hear(ctx, voice.PlaySpec{Prompts: q.place(place)}, q.ends)
			q.announce = q.call.Now().Add(cmp.Or(q.s.AnnounceEvery, announceEvery))
		default:
			out, err = q.hear(ctx, voice.PlaySpec{Prompts: q.music, Loop: true, Until: moved}, q.next(place))
		}
		if err != nil {
			return outcome{}, err
		}
		if out != nil {
			return *out, nil
		}
	}
}

// next is when something other than music is due.
func (q *queuing) next(place int) time.Time {
	at := q.ends
	if !q.announce.IsZero() && q.announce.Before(at) {
		at = q.announce
	}
	if place == 1 && q.ring.Before(at) {
		at = q.ring
	}
	return at
}

// hear plays to the caller until a time; the exit key ends the waiting.
func (q *queuing) hear(ctx context.Context, spec voice.PlaySpec, until time.Time) (*outcome, error) {
	spec.BargeIn = q.s.ExitKey != ""
	var res voice.PlayResult
	late, err := q.within(until, func() (err error) {
		res, err = q.call.Play(ctx, spec)
		return err
	})
	if err != nil || late {
		return nil, err
	}
	switch res.End {
	case voice.PlayFailed: // without music the caller waits all the same
		_, err := q.within(until, func() error { return q.call.Wait(ctx, time.Second) })
		return nil, err
	case voice.PlayCut:
		got, err := q.call.Gather(ctx, voice.GatherSpec{MaxDigits: 1, FirstDigit: queueKeyTime})
		if err != nil {
			return nil, err
		}
		if got.Digits == q.s.ExitKey {
			return &outcome{exit: flow.QueueKey, words: "key " + string(got.Digits)}, nil
		}
		q.say("key %s means nothing here", got.Digits)
	}
	return nil, nil
}

// place tells the caller's place in line.
func (q *queuing) place(n int) []voice.Prompt {
	language := cmp.Or(q.s.Language, q.vars[flow.VarLanguage], "en")
	if n <= 1 {
		return []voice.Prompt{{Kind: voice.PromptStandard, Standard: "queue-first", Voice: language}}
	}
	return []voice.Prompt{
		{Kind: voice.PromptStandard, Standard: "queue-position", Voice: language},
		{Kind: voice.PromptSay, Format: voice.SayNumber, Text: strconv.Itoa(n), Voice: language},
	}
}

// members rings the next member, or all of them. A nil outcome means that
// nobody answered.
func (q *queuing) members(ctx context.Context) (*outcome, error) {
	key := "queue/" + q.s.ID
	how := cmp.Or(q.s.Strategy, voice.InTurn)
	if len(q.round) == 0 {
		q.round = q.order(q.s.Members, how, key)
	}
	now := q.round[:1]
	if how == voice.AllAtOnce {
		now = q.round
	}
	q.round = q.round[len(now):]
	tries, err := q.tries(ctx, now, voice.AllAtOnce, key)
	if err != nil {
		return nil, err
	}
	for _, t := range tries {
		left := q.ends.Sub(q.call.Now()).Truncate(time.Millisecond)
		if len(t.Targets) == 0 || left <= 0 {
			continue // a member's mailbox takes no caller of the queue
		}
		spec := voice.DialSpec{Music: q.music, OnAnswer: q.ticket.Leave,
			RingTime: min(cmp.Or(q.s.RingTime, t.RingTime, voice.DefaultRingTime), left)}
		q.say("ringing %s", attemptWords(t.Attempt))
		out, _, err := q.attempt(ctx, spec, t)
		if err != nil {
			return nil, err
		}
		if out != nil {
			if how == voice.Rotating {
				q.host.Answered(key, t.to)
			}
			return out, nil
		}
	}
	if len(q.round) == 0 {
		q.ring = q.call.Now().Add(queueRest)
	}
	return nil, nil
}
