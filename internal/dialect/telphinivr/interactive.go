package telphinivr

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Bounds of an answer of Call Interactive.
const (
	MaxAnswer = 64 << 10 // bytes
	maxVerbs  = 100
	maxNested = 3 // elements
	maxPause  = 600
	// maxCollected bounds the digits of a PlaySound with digitvar.
	maxCollected = 32
)

// defaultPause is how long a Pause without length is.
const defaultPause = 10

// verb is one element of an answer.
type verb struct {
	name string
	attr map[string]string
	text string
}

// Reply makes a program of the XML answer of an application: Invalid, with the
// reason in words, when it is none. ways are the exits that its jumps may take.
func Reply(ctx context.Context, data []byte, ways []flow.Exit, r dialect.Resolver) (*flow.Program, error) {
	verbs, err := parseAnswer(data)
	if err != nil {
		return nil, voice.E("telphinivr.Reply", voice.Invalid, err)
	}
	p := &flow.Program{Name: "answer of the application", Entry: "end"}
	if len(verbs) > 0 {
		p.Entry = verbID(0)
	}
	for i, v := range verbs {
		next := verbID(i + 1)
		if i == len(verbs)-1 {
			next = "end"
		}
		step, exits, err := v.step(ctx, next, ways, r)
		if err != nil {
			return nil, err
		}
		p.Nodes = append(p.Nodes, flow.Node{ID: verbID(i), Origin: "/Response/" + strconv.Itoa(i) + "/" + v.name, Step: step, Exits: exits})
	}
	p.Nodes = append(p.Nodes, flow.Node{ID: "end", Origin: "/Response", Step: flow.Return{}})
	return p, nil
}

func verbID(i int) flow.NodeID { return flow.NodeID("v" + strconv.Itoa(i+1)) }

// parseAnswer reads <Response> and its verbs.
func parseAnswer(data []byte) ([]verb, error) {
	if len(data) > MaxAnswer {
		return nil, errors.New("the answer is larger than 64 KiB")
	}
	dec := xml.NewDecoder(bytes.NewReader(input.UTF8(data)))
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 by now
	var verbs []verb
	depth, root := 0, false
	for {
		token, err := dec.Token()
		if err == io.EOF {
			if !root {
				return nil, errors.New("the answer holds no <Response>")
			}
			return verbs, nil
		}
		if err != nil {
			return nil, errors.New("the answer is no XML: " + err.Error())
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxNested {
				return nil, errors.New("the answer is nested too deep")
			}
			switch {
			case depth == 1 && (root || t.Name.Local != "Response"):
				return nil, errors.New("the answer is not one <Response>")
			case depth == 1:
				root = true
			case depth == 2 && len(verbs) == maxVerbs:
				return nil, errors.New("the answer has more than 100 verbs")
			case depth == 2:
				v := verb{name: t.Name.Local, attr: map[string]string{}}
				for _, a := range t.Attr {
					v.attr[strings.ToLower(a.Name.Local)] = strings.TrimSpace(a.Value)
				}
				verbs = append(verbs, v)
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth > 1 {
				v := &verbs[len(verbs)-1]
				v.text += " " + string(t)
			}
		case xml.Directive:
			return nil, errors.New("the answer has a document type, which is not taken")
		}
	}
}

// step gives the step of a verb that goes on at next.
func (v verb) step(ctx context.Context, next flow.NodeID, ways []flow.Exit, r dialect.Resolver) (flow.Step, exits, error) {
	text, on := strings.TrimSpace(v.text), exits{flow.Next: next}
	switch v.name {
	case "Hangup":
		return flow.Hangup{Cause: voice.CauseNormal, Words: "the application hangs up"}, nil, nil
	case "Pause":
		n, err := v.number("length", defaultPause)
		return flow.Wait{For: time.Duration(n) * time.Second}, on, err
	case "SetVar":
		name := strings.TrimPrefix(v.attr["name"], "$")
		if !variablePattern.MatchString(name) || !flow.Settable(name) {
			return nil, nil, v.wrong("name %q is no name of a variable", clip(name))
		}
		return flow.Set{Name: name, Value: template(text)}, on, nil
	case "Jump":
		id, err := v.number("context", 0)
		way := Way(int64(id), option(new(v.attr["option"])))
		if err == nil && !slices.Contains(ways, way) {
			err = v.wrong("context %d of the voice menu has no option %q", id, option(new(v.attr["option"])))
		}
		return flow.Return{Exit: way}, nil, err
	case "SetCaller", "SetCallerId":
		s := flow.SetCaller{Number: template(v.attr["number"]), Name: template(v.attr["name"])}
		if s.Number == "" && s.Name == "" {
			return nil, nil, v.wrong("name or number is needed")
		}
		return s, on, nil
	case "PlaySound":
		return v.play(ctx, text, next, r)
	case "Transfer":
		return v.transfer(text, next, voice.ToDialled)
	case "SimpleTransfer":
		return v.transfer(text, next, voice.ToPhones)
	}
	return nil, nil, voice.Errorf("telphinivr.Reply", voice.Invalid, "<%s> is no verb", clip(v.name))
}

func (v verb) wrong(format string, args ...any) error {
	return voice.Errorf("telphinivr.Reply", voice.Invalid, "<"+v.name+">: "+format, args...)
}

// number reads an attribute that is a whole number up to maxPause.
func (v verb) number(name string, other int) (int, error) {
	s, ok := v.attr[name]
	if !ok && other > 0 {
		return other, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxPause {
		return 0, v.wrong("%s %q is no number up to %d", name, clip(s), maxPause)
	}
	return n, nil
}

// play finds the sound by its file name. In the background a key cuts it and is
// kept for what comes next, or goes into digitvar with those that follow.
func (v verb) play(ctx context.Context, file string, next flow.NodeID, r dialect.Resolver) (flow.Step, exits, error) {
	where := v.attr["where"]
	if where != "" && where != Foreground && where != Background {
		return nil, nil, v.wrong("where %q is neither foreground nor background", clip(where))
	}
	sounds, err := r.Sounds(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(sounds, func(s voice.Sound) bool {
		return file != "" && (s.FileName == file || strconv.FormatInt(s.Serial, 10) == file)
	})
	if i < 0 {
		return nil, nil, v.wrong("there is no sound with file name %q", clip(file))
	}
	prompts := []voice.Prompt{{Kind: voice.PromptSound, Sound: sounds[i].ID}}
	into := strings.TrimPrefix(v.attr["digitvar"], "$")
	if into == "" {
		return flow.Play{Prompts: prompts, BargeIn: where == Background}, exits{flow.Next: next}, nil
	}
	if !variablePattern.MatchString(into) || !flow.Settable(into) {
		return nil, nil, v.wrong("digitvar %q is no name of a variable", clip(into))
	}
	return flow.Gather{Prompts: prompts, BargeIn: where != Foreground, Into: into, MaxDigits: maxCollected, Finish: "#"},
		exits{flow.GotDigits: next, flow.NoInput: next}, nil
}

func (v verb) transfer(text string, next flow.NodeID, kind voice.DestinationKind) (flow.Step, exits, error) {
	var to []voice.Destination
	for _, t := range targets(text) {
		d, ok := destination(t, kind)
		if !ok {
			return nil, nil, v.wrong("%q is no number", clip(t))
		}
		to = append(to, d)
	}
	if len(to) == 0 || len(to) > maxTargets {
		return nil, nil, v.wrong("1 to %d numbers are needed", maxTargets)
	}
	return flow.Dial{To: to[0], Also: to[1:], Strategy: voice.AllAtOnce}, dialExits(next), nil
}
