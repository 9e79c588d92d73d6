package gather_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// drive runs a machine: prompts last for prompts, keys are pressed at the
// given offsets, in order. It gives the result, when it came, and the verdicts.
func drive(spec voice.GatherSpec, ahead string, prompts time.Duration, keys []stroke) (voice.GatherResult, time.Duration, []gather.Verdict) {
	if prompts > 0 {
		spec.Prompts = []voice.Prompt{{Kind: voice.PromptSilence, Duration: prompts}}
	}
	m := gather.New(spec, start)
	m.TypeAhead(start, presses(ahead))
	now := start
	var verdicts []gather.Verdict
	for !m.Done() {
		wake, ok := m.Deadline()
		if m.Playing() {
			wake, ok = start.Add(prompts), true
		}
		if !ok {
			break
		}
		if len(keys) > 0 && !start.Add(keys[0].at).After(wake) {
			now = start.Add(keys[0].at)
			verdicts = append(verdicts, m.Digit(now, gather.Press{Key: keys[0].key, Method: voice.ByScript}))
			keys = keys[1:]
			continue
		}
		now = wake
		if m.Playing() {
			m.PromptsOver(now)
		} else {
			m.Expire(now)
		}
	}
	return m.Result(), now.Sub(start), verdicts
}

type stroke struct {
	at  time.Duration
	key byte
}

func presses(s string) []gather.Press {
	var ps []gather.Press
	for i := range len(s) {
		ps = append(ps, gather.Press{Key: s[i], Method: voice.ByScript})
	}
	return ps
}

const ms = time.Millisecond

func TestGather(t *testing.T) {
	menu := []voice.Digits{"1", "2"}
	mixed := []voice.Digits{"1", "2", "101", "102"}
	tests := []struct {
		name    string
		spec    voice.GatherSpec
		ahead   string
		prompts time.Duration
		keys    []stroke
		digits  voice.Digits
		end     voice.GatherEnd
		at      time.Duration
	}{
		{name: "no key", spec: voice.GatherSpec{Choices: menu}, prompts: 3000 * ms, end: voice.EndFirstDigit, at: 8000 * ms},
		{name: "no key without choices", end: voice.EndFirstDigit, at: 5000 * ms},
		{name: "key after the prompt", spec: voice.GatherSpec{Choices: menu}, prompts: 1000 * ms, keys: []stroke{{1500 * ms, '1'}}, digits: "1", end: voice.EndMatched, at: 1500 * ms},
		{name: "key at the deadline", spec: voice.GatherSpec{Choices: menu}, keys: []stroke{{5000 * ms, '1'}}, digits: "1", end: voice.EndMatched, at: 5000 * ms},
		{name: "key that is no choice", spec: voice.GatherSpec{Choices: menu}, keys: []stroke{{10 * ms, '7'}}, digits: "7", end: voice.EndUnmatched, at: 10 * ms},
		{name: "barge-in", spec: voice.GatherSpec{Choices: menu, BargeIn: true}, prompts: 9000 * ms, keys: []stroke{{400 * ms, '2'}}, digits: "2", end: voice.EndMatched, at: 400 * ms},
		{name: "barge-in of the first of several digits", spec: voice.GatherSpec{MaxDigits: 3, BargeIn: true}, prompts: 9000 * ms, keys: []stroke{{400 * ms, '2'}}, digits: "2", end: voice.EndInterDigit, at: 2400 * ms},
		{name: "no barge-in drops", spec: voice.GatherSpec{Choices: menu}, prompts: 1000 * ms, keys: []stroke{{400 * ms, '2'}}, end: voice.EndFirstDigit, at: 6000 * ms},
		{name: "extension hides the key until the gap", spec: voice.GatherSpec{Choices: mixed}, keys: []stroke{{100 * ms, '1'}}, digits: "1", end: voice.EndMatched, at: 2100 * ms},
		{name: "key that begins no extension is at once", spec: voice.GatherSpec{Choices: mixed}, keys: []stroke{{100 * ms, '2'}}, digits: "2", end: voice.EndMatched, at: 100 * ms},
		{name: "extension is at once", spec: voice.GatherSpec{Choices: mixed}, keys: []stroke{{100 * ms, '1'}, {200 * ms, '0'}, {300 * ms, '2'}}, digits: "102", end: voice.EndMatched, at: 300 * ms},
		{name: "unknown extension is taken to its length", spec: voice.GatherSpec{Choices: mixed}, keys: []stroke{{100 * ms, '1'}, {200 * ms, '9'}, {300 * ms, '2'}}, digits: "192", end: voice.EndUnmatched, at: 300 * ms},
		{name: "unknown extension ends by the gap", spec: voice.GatherSpec{Choices: mixed}, keys: []stroke{{100 * ms, '1'}, {200 * ms, '0'}}, digits: "10", end: voice.EndUnmatched, at: 2200 * ms},
		{name: "finish key ends a choice early", spec: voice.GatherSpec{Choices: mixed, Finish: "#"}, keys: []stroke{{100 * ms, '1'}, {200 * ms, '#'}}, digits: "1", end: voice.EndMatched, at: 200 * ms},
		{name: "finish key alone with choices", spec: voice.GatherSpec{Choices: menu, Finish: "#"}, keys: []stroke{{100 * ms, '#'}}, end: voice.EndFirstDigit, at: 100 * ms},
		{name: "finish key that is a choice", spec: voice.GatherSpec{Choices: []voice.Digits{"#"}, Finish: "#"}, keys: []stroke{{100 * ms, '#'}}, digits: "#", end: voice.EndMatched, at: 100 * ms},
		{name: "finish key without choices", spec: voice.GatherSpec{Finish: "#"}, keys: []stroke{{100 * ms, '5'}, {200 * ms, '#'}}, digits: "5", end: voice.EndFinish, at: 200 * ms},
		{name: "limit", spec: voice.GatherSpec{MaxDigits: 2}, keys: []stroke{{100 * ms, '5'}, {200 * ms, '6'}, {300 * ms, '7'}}, digits: "56", end: voice.EndLimit, at: 200 * ms},
		{name: "overall without a key", spec: voice.GatherSpec{Overall: 3000 * ms}, prompts: 1000 * ms, end: voice.EndOverall, at: 4000 * ms},
		{name: "overall between keys", spec: voice.GatherSpec{Overall: 3000 * ms}, keys: []stroke{{1500 * ms, '5'}, {2900 * ms, '6'}}, digits: "56", end: voice.EndOverall, at: 3000 * ms},
		{name: "overall with choices is unmatched", spec: voice.GatherSpec{Overall: 3000 * ms, Choices: mixed}, keys: []stroke{{1500 * ms, '1'}, {2900 * ms, '0'}}, digits: "10", end: voice.EndUnmatched, at: 3000 * ms},
		{name: "typed ahead skips the prompts", spec: voice.GatherSpec{Choices: menu, BargeIn: true}, ahead: "2", prompts: 9000 * ms, digits: "2", end: voice.EndMatched, at: 0},
		{name: "typed ahead waits for prompts without barge-in", spec: voice.GatherSpec{Choices: menu}, ahead: "2", prompts: 4000 * ms, keys: []stroke{{100 * ms, '1'}}, digits: "2", end: voice.EndMatched, at: 4000 * ms},
		{name: "typed ahead begins the input", spec: voice.GatherSpec{Choices: mixed, BargeIn: true}, ahead: "1", prompts: 4000 * ms, keys: []stroke{{100 * ms, '0'}, {200 * ms, '1'}}, digits: "101", end: voice.EndMatched, at: 200 * ms},
		{name: "own time-outs", spec: voice.GatherSpec{FirstDigit: 700 * ms, InterDigit: 300 * ms}, keys: []stroke{{600 * ms, '0'}}, digits: "0", end: voice.EndInterDigit, at: 900 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, at, _ := drive(tt.spec, tt.ahead, tt.prompts, tt.keys)
			if r.Digits != tt.digits || r.End != tt.end || at != tt.at {
				t.Errorf("got %q %s after %v; want %q %s after %v", r.Digits, r.End, at, tt.digits, tt.end, tt.at)
			}
		})
	}
}

func TestTypeAheadLeavesTheRest(t *testing.T) {
	m := gather.New(voice.GatherSpec{Choices: []voice.Digits{"1"}}, start)
	if used := m.TypeAhead(start, presses("123")); used != 1 || !m.Done() {
		t.Errorf("used %d keys, done %v; want 1, true", used, m.Done())
	}
	if v := m.Digit(start, gather.Press{Key: '2'}); v != gather.Unused {
		t.Errorf("key after the end is %s; want unused", v)
	}
}

func TestDigitVerdicts(t *testing.T) {
	prompts := []voice.Prompt{{Kind: voice.PromptSilence}}
	m := gather.New(voice.GatherSpec{Prompts: prompts}, start)
	if v := m.Digit(start, gather.Press{Key: '2'}); v != gather.Dropped {
		t.Errorf("key during a prompt without barge-in is %s; want dropped", v)
	}
	m.PromptsOver(start)
	if v := m.Digit(start, gather.Press{Key: 'x'}); v != gather.Dropped {
		t.Errorf("a letter is %s; want dropped", v)
	}
	if v := m.Digit(start.Add(6*time.Second), gather.Press{Key: '2'}); v != gather.Unused || !m.Done() {
		t.Errorf("key after the deadline is %s, done %v; want unused, true", v, m.Done())
	}
	if r := m.Result(); r.End != voice.EndFirstDigit || r.Digits != "" {
		t.Errorf("result is %+v; want no digit", r)
	}
}

// With Choices the end is EndMatched exactly when the digits are one of them.
func TestResultAgreesWithChoices(t *testing.T) {
	keys := rapid.SampledFrom([]byte("012#*A"))
	digits := rapid.Custom(func(t *rapid.T) voice.Digits {
		return voice.Digits(rapid.SliceOfN(keys, 1, 4).Draw(t, "digits"))
	})
	rapid.Check(t, func(t *rapid.T) {
		spec := voice.GatherSpec{
			Choices:   rapid.SliceOfN(digits, 0, 5).Draw(t, "choices"),
			MaxDigits: rapid.IntRange(0, 5).Draw(t, "max"),
			Finish:    rapid.SampledFrom([]voice.Digits{"", "#", "*#"}).Draw(t, "finish"),
			BargeIn:   rapid.Bool().Draw(t, "barge"),
			Overall:   time.Duration(rapid.IntRange(0, 9).Draw(t, "overall")) * time.Second,
		}
		var strokes []stroke
		at := time.Duration(0)
		for range rapid.IntRange(0, 8).Draw(t, "strokes") {
			at += time.Duration(rapid.IntRange(0, 3000).Draw(t, "gap")) * ms
			strokes = append(strokes, stroke{at, keys.Draw(t, "key")})
		}
		prompts := time.Duration(rapid.IntRange(0, 3000).Draw(t, "prompts")) * ms
		r, _, _ := drive(spec, "", prompts, strokes)
		if len(spec.Choices) == 0 {
			if r.End == voice.EndMatched || r.End == voice.EndUnmatched || r.End == "" {
				t.Fatalf("end %q without choices", r.End)
			}
			return
		}
		is := false
		for _, c := range spec.Choices {
			is = is || c == r.Digits
		}
		want := voice.EndUnmatched
		if is {
			want = voice.EndMatched
		} else if r.Digits == "" {
			want = voice.EndFirstDigit
		}
		if r.End != want {
			t.Fatalf("digits %q end %q; want %q", r.Digits, r.End, want)
		}
	})
}

// C-16: ten thousand keys into one gather. It ends at its bound, whether a flow set one or
// not, and the rest are none of its business.
func TestTenThousandKeys(t *testing.T) {
	const keys = 10_000
	for limit, want := range map[int]int{0: voice.MaxGatherDigits, 5: 5, voice.MaxGatherDigits: voice.MaxGatherDigits} {
		for _, ahead := range []bool{false, true} {
			spec := voice.GatherSpec{MaxDigits: limit, FirstDigit: time.Minute, InterDigit: time.Minute, BargeIn: true,
				Prompts: []voice.Prompt{{Kind: voice.PromptSilence, Duration: time.Second}}}
			m := gather.New(spec, start)
			taken := 0
			if ahead {
				taken = m.TypeAhead(start, presses(strings.Repeat("7", keys)))
			} else {
				for i := range keys {
					if m.Digit(start.Add(time.Duration(i)*ms), gather.Press{Key: '7', Method: voice.ByScript}) == gather.Taken {
						taken++
					}
				}
			}
			r := m.Result()
			if !m.Done() || r.End != voice.EndLimit || len(r.Digits) != want || taken != want {
				t.Errorf("limit %d, typed ahead %v: %d keys taken, done %v, %+v", limit, ahead, taken, m.Done(), r)
			}
		}
	}
}
