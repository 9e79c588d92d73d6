package interptest

import (
	"fmt"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Read takes down a scenario in text: one sentence a line, "#" begins a
// comment line. Durations are as in time.ParseDuration, quotes may stand around
// a last text. An error names the line.
//
//	hears TEXT               hears out TEXT
//	presses KEYS             waits DURATION
//	speaks DURATION          says WORDS
//	hangs up                 server stops
//	storage fails            starts RFC3339
//	caller NUMBER [NAME]     outside answers
//	machine answers          nobody answers (of a party that is listened to)
//	outside did TEXT         queue ID moves
//	far TARGET: busy|failed|no answer|answers|machine [after DURATION] [talks DURATION]
//	refer transferred|busy|no answer|failed|refused [after DURATION] (without it none is taken)
//	room NAME full           room NAME ends DURATION
//	sound DURATION TEXT      sound missing TEXT
//	dials TEXT               enters TEXT
//	step TEXT                error TEXT
//	delivers TEXT            notes KIND TEXT
//	at DURATION              never TEXT
//	command next|instead [at NAME] [key KEY] [last] [replaces] app APP
//	order NAME (see MemoryHost.Orders)
//	ends CAUSE: WORDS        host SENTENCE (see MemoryHost.Read)
func (c *Caller) Read(text string) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := c.sentence(line); err != nil {
			return fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
	}
	return nil
}

func (c *Caller) sentence(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.Trim(strings.TrimSpace(rest), `"`)
	switch line {
	case "hangs up":
		c.HangsUp()
		return nil
	case "server stops":
		c.ServerStops()
		return nil
	case "storage fails":
		c.StorageFails()
		return nil
	case "machine answers":
		c.AnsweredBy(voice.AnsweredByMachine)
		return nil
	case "nobody answers":
		c.AnsweredBy(voice.AnsweredByUnknown)
		return nil
	case "outside answers":
		c.OutsideAnswers()
		return nil
	}
	if rest == "" {
		return fmt.Errorf("%s what?", verb)
	}
	switch verb {
	case "waits", "speaks", "at":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		c.timed(verb, d)
		return nil
	case "starts":
		at, err := time.Parse(time.RFC3339, rest)
		c.Starts(at)
		return err
	case "caller":
		number, name, _ := strings.Cut(rest, " ")
		c.Is(number, name, "")
		return nil
	case "queue":
		id, ok := strings.CutSuffix(rest, " moves")
		if !ok {
			return fmt.Errorf("a queue can only move: \"queue sales moves\"")
		}
		c.QueueMoves(id)
		return nil
	case "command":
		return c.commandLine(rest)
	case "outside":
		text, ok := strings.CutPrefix(rest, "did ")
		if !ok {
			return fmt.Errorf("the outside answers, or did something: \"outside did sms\"")
		}
		c.Outside(text)
		return nil
	case "room":
		return c.roomLine(rest)
	case "order":
		c.Orders(rest)
		return nil
	case "refer":
		return c.referLine(rest)
	case "far":
		return c.farLine(rest)
	case "host":
		c.host = append(c.host, rest)
		return nil
	case "sound":
		return c.soundLine(rest)
	case "notes":
		kind, text, _ := strings.Cut(rest, " ")
		c.Notes(voice.EventKind(kind), text)
		return nil
	case "ends":
		cause, words, _ := strings.Cut(rest, ":")
		c.EndsBecause(voice.Cause(cause), strings.Trim(strings.TrimSpace(words), `"`))
		return nil
	}
	return c.worded(verb, rest)
}

func (c *Caller) timed(verb string, d time.Duration) {
	switch verb {
	case "waits":
		c.Waits(d)
	case "speaks":
		c.Speaks(d)
	case "at":
		c.At(d)
	}
}

// worded takes the sentences that end in a text.
func (c *Caller) worded(verb, text string) error {
	switch verb {
	case "hears":
		if out, ok := strings.CutPrefix(text, "out "); ok {
			c.HearsOut(strings.Trim(out, `"`))
		} else {
			c.Hears(text)
		}
	case "presses":
		c.Presses(voice.Digits(text))
	case "says":
		c.Says(text)
	case "dials":
		c.IsDialled(text)
	case "enters":
		c.Enters(text)
	case "step":
		c.Steps(text)
	case "error":
		c.Errs(text)
	case "delivers":
		c.Delivers(text)
	case "never":
		c.Never(text)
	default:
		return fmt.Errorf("no sentence begins with %q", verb)
	}
	return nil
}

// farLine takes "TARGET: busy after 2s".
func (c *Caller) farLine(s string) error {
	target, does, ok := strings.Cut(s, ": ")
	if !ok {
		return fmt.Errorf("a far end is written \"far extension 101: busy\"")
	}
	var far sim.FarEnd
	var after, talk string
	does, talk, _ = strings.Cut(does, " talks ")
	does, after, _ = strings.Cut(does, " after ")
	switch does {
	case "busy", "failed", "answers":
		far.Does = sim.FarAction(does)
	case "machine":
		far.Does, far.By = sim.Answers, voice.AnsweredByMachine
	case "no answer":
	default:
		return fmt.Errorf("a far end can't %q", does)
	}
	for _, d := range []struct {
		text string
		to   *time.Duration
	}{{after, &far.After}, {talk, &far.Talk}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return err
		}
	}
	c.Far(target, far)
	return nil
}

// referLine takes "busy after 2s".
func (c *Caller) referLine(s string) error {
	does, after, _ := strings.Cut(s, " after ")
	r := sim.Referred{End: voice.TransferEnd(does)}
	switch r.End {
	case voice.TransferDone, voice.TransferBusy, voice.TransferNoAnswer, voice.TransferFailed, voice.TransferRefused:
	default:
		return fmt.Errorf("a REFER can't end as %q", does)
	}
	if after != "" {
		var err error
		if r.After, err = time.ParseDuration(after); err != nil {
			return err
		}
	}
	c.Refer(r)
	return nil
}

// commandLine takes "instead at ready key k1 last replaces app B".
func (c *Caller) commandLine(s string) error {
	words := strings.Fields(s)
	cmd := flow.Command{Mode: voice.CommandMode(words[0])}
	for i := 1; i < len(words); i++ {
		switch w := words[i]; {
		case w == "last":
			cmd.Last = true
		case w == "replaces":
			cmd.Replace = true
		case i+1 == len(words):
			return fmt.Errorf("%s what?", w)
		case w == "at":
			i++
			cmd.At = words[i]
		case w == "key":
			i++
			cmd.Key = words[i]
		case w == "app" && i+2 == len(words):
			c.Commands(cmd, voice.AppID(words[i+1]))
			return nil
		default:
			return fmt.Errorf("a command has no %q", w)
		}
	}
	return fmt.Errorf("a command ends in the app that it runs: \"command next app B\"")
}

// roomLine takes "sales full" and "sales ends 5s".
func (c *Caller) roomLine(s string) error {
	name, does, _ := strings.Cut(s, " ")
	var r sim.Room
	switch ends, ok := strings.CutPrefix(does, "ends "); {
	case does == "full":
		r.Full = true
	case ok:
		var err error
		if r.Ends, err = time.ParseDuration(ends); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a room is written \"room sales full\" or \"room sales ends 5s\"")
	}
	c.Room(name, r)
	return nil
}

// soundLine takes "1.5s standard welcome" and "missing standard welcome".
func (c *Caller) soundLine(s string) error {
	length, text, _ := strings.Cut(s, " ")
	if length == "missing" {
		c.Sounds(text, -1)
		return nil
	}
	d, err := time.ParseDuration(length)
	if err != nil {
		return err
	}
	c.Sounds(text, d)
	return nil
}
