package flow

import (
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// wordsMax bounds the words of one step, in bytes; a spoken text may be long.
const wordsMax = 120

// Words gives a step in words for people: "call user 55".
func Words(s Step) string {
	switch s := s.(type) {
	case Answer:
		return "answer"
	case Play:
		return "play " + promptWords(s.Prompts)
	case Gather:
		return gatherWords(s)
	case Dial:
		return dialWords(s)
	case Goto:
		return "go on in app " + string(s.App)
	case Count:
		return fmt.Sprintf("count %s up to %d", s.Name, s.Limit)
	case Reset:
		return "count " + s.Name + " from nought"
	case Record:
		return "record for " + string(s.Purpose)
	case Deliver:
		return "deliver the message to " + mailboxWords(s.Mailbox)
	case SaveSound:
		return "keep the recording as sound " + string(s.Sound)
	case PlayRecording:
		return "play the recording"
	case Wait:
		return "wait " + s.For.String()
	case Hangup:
		if s.Words != "" {
			return "hang up: " + s.Words
		}
		return "hang up"
	case nil:
		return "no step"
	}
	return outsideWords(s)
}

func promptWords(ps []voice.Prompt) string {
	if len(ps) == 0 {
		return "nothing"
	}
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.String()
	}
	return clip(strings.Join(words, ", "))
}

func gatherWords(g Gather) string {
	var expect []string
	if len(g.Keys) > 0 {
		keys := make([]string, len(g.Keys))
		for i, k := range g.Keys {
			keys[i] = string(k)
		}
		expect = append(expect, "key "+strings.Join(keys, " "))
	}
	if g.Extensions {
		expect = append(expect, "an extension")
	}
	if len(expect) == 0 {
		expect = append(expect, "digits")
	}
	w := "ask for " + strings.Join(expect, " or ")
	if len(g.Prompts) > 0 {
		w += " with " + promptWords(g.Prompts)
	}
	return clip(w)
}

func dialWords(d Dial) string {
	to := toWords(d.To, d.ToVar)
	for _, also := range d.Also {
		to += ", " + also.String()
	}
	if len(d.Also) > 0 && d.Strategy != "" {
		to += " " + strategyWords(d.Strategy)
	}
	if d.RingTime > 0 {
		return clip("call " + to + " for " + d.RingTime.Round(time.Millisecond).String())
	}
	return clip("call " + to)
}

// toWords names a destination, or the variable that its id is in.
func toWords(d voice.Destination, variable string) string {
	if variable != "" {
		return string(d.Kind) + " of " + variable
	}
	return d.String()
}

func transferWords(t Transfer) string {
	w := "transfer to " + toWords(t.To, t.ToVar)
	switch t.How {
	case TransferByRefer:
		w += " by REFER alone"
	case TransferByDial:
		w += " by dialling"
	}
	return clip(w)
}

func mailboxWords(m voice.Mailbox) string {
	switch {
	case m.Name != "":
		return "mailbox " + m.Name
	case m.User != "":
		return "user " + string(m.User)
	case m.Email != "":
		return m.Email
	}
	return "a mailbox without address"
}

// clip bounds words without cutting a character in two.
func clip(s string) string {
	if len(s) <= wordsMax {
		return s
	}
	return strings.ToValidUTF8(s[:wordsMax], "") + "…"
}
