package interp

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

const (
	// speechLength bounds what is said to a Listen that sets no bound.
	speechLength = 15 * time.Second
	// speechPause is the silence that ends what is said.
	speechPause = 1500 * time.Millisecond
	// allKeys are those that end listening.
	allKeys voice.Digits = "0123456789*#"
)

// listen plays prompts and finds the phrase that the caller says.
func (r *run) listen(ctx context.Context, s flow.Listen) (outcome, error) {
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	r.set(flow.VarHeard, "")
	if ps := r.prompts(s.Prompts, s.In); len(ps) > 0 {
		res, err := r.call.Play(ctx, voice.PlaySpec{Prompts: ps, BargeIn: s.MaxDigits > 0})
		if err != nil {
			return outcome{}, err
		}
		if res.End == voice.PlayCut {
			return r.keyed(ctx, s, "")
		}
	}
	spec := voice.RecordSpec{Purpose: voice.ForSpeech, Silence: speechPause,
		FirstSilence: cmp.Or(s.Timeout, voice.DefaultFirstDigit), MaxLength: cmp.Or(s.MaxLength, speechLength)}
	if s.MaxDigits > 0 {
		spec.Finish = allKeys
	}
	res, err := r.call.Record(ctx, spec)
	if res.Recording.ID != "" {
		defer r.discard(context.WithoutCancel(ctx), res.Recording)
	}
	switch {
	case err != nil:
		return outcome{}, err
	case res.End == voice.RecordHungUp:
		r.gone = true
		end := r.callerLeft(r.place())
		return outcome{end: &end}, nil
	case res.End == voice.RecordFinishKey:
		return r.keyed(ctx, s, voice.Digits(rune(res.Key)))
	case res.End == voice.RecordFailedEnd:
		return outcome{}, voice.Errorf("interp.listen", voice.Unavailable, "what was said could not be recorded: %s", res.Recording.Words)
	case res.Dropped:
		return outcome{exit: flow.NoInput, words: "nothing was said"}, nil
	}
	return r.understand(ctx, s, res.Recording)
}

// discard removes what was said: it was for understanding alone.
func (r *run) discard(ctx context.Context, rec voice.Recording) {
	if err := r.host.Discard(ctx, rec); err != nil {
		r.noteError("what was said could not be removed: " + voice.Reason(err))
	}
}

// keyed takes the digits of a caller who presses keys instead; one may have
// been pressed already.
func (r *run) keyed(ctx context.Context, s flow.Listen, first voice.Digits) (outcome, error) {
	d := first
	if len(d) < s.MaxDigits {
		spec := voice.GatherSpec{MaxDigits: s.MaxDigits - len(d)}
		if d != "" {
			spec.FirstDigit = voice.DefaultInterDigit
		}
		res, err := r.call.Gather(ctx, spec)
		if err != nil {
			return outcome{}, err
		}
		d += res.Digits
	}
	r.set(flow.VarDigits, string(d))
	for _, p := range s.Phrases {
		if p.Exit == flow.Key(d) {
			return outcome{exit: p.Exit}, nil
		}
	}
	return outcome{exit: flow.GotDigits, words: "digits " + string(d)}, nil
}

// understand has what was said put into words and finds the phrase in it.
func (r *run) understand(ctx context.Context, s flow.Listen, rec voice.Recording) (outcome, error) {
	language := cmp.Or(s.Language, r.vars[flow.VarLanguage])
	var text string
	var failed error
	err := r.await(ctx, comfort{}, func(ctx context.Context) { text, failed = r.host.Transcribe(ctx, rec, language) })
	if err = cmp.Or(err, failed); err != nil {
		return outcome{}, err
	}
	r.set(flow.VarHeard, text)
	heard := spokenWords(text)
	for _, p := range s.Phrases {
		for part := range strings.SplitSeq(p.Words, "|") {
			if part = spokenWords(part); part != "" && strings.Contains(" "+heard, " "+part) {
				return outcome{exit: p.Exit, words: fmt.Sprintf("heard %q, which has %q", text, part)}, nil
			}
		}
	}
	return outcome{exit: flow.NotUnderstood, words: fmt.Sprintf("heard %q, which is none of the phrases", text)}, nil
}

// spokenWords gives a text as words in small letters, parted by single spaces.
func spokenWords(s string) string {
	words := strings.FieldsFunc(strings.ToLower(strings.ToUpper(s)), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsDigit(c)
	})
	return strings.Join(words, " ")
}
