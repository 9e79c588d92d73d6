package sonetel

import (
	"context"
	"fmt"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// mailbox compiles a mailbox: greeting, beep, message, delivery, goodbye. The
// message is delivered before the goodbye, so that one who hangs up during it,
// or before it, has still left a message.
func (b *builder) mailbox(ctx context.Context) error {
	box := voice.Mailbox{App: b.app.ID, Name: b.app.Name}
	deliver := "/deliver_to_details"
	if b.doc.DeliverTo == "email" {
		box.Email = b.doc.DeliverToDetails
	} else if b.doc.DeliverToDetails != "" {
		box.User = voice.UserID(b.doc.DeliverToDetails)
		_, err := b.r.User(ctx, box.User)
		ok, err := b.found(err, diagDestination, deliver, "user", b.doc.DeliverToDetails)
		if err != nil {
			return err
		}
		b.told[deliver] = ok
		if !ok { // the message is kept in the box; nobody gets it by mail
			box.User = ""
		}
	}
	first, bye := flow.NodeID("record"), flow.NodeID("hangup")
	if b.doc.Greeting == "yes" {
		first = "greeting"
	}
	if b.doc.Goodbye == "yes" {
		bye = "goodbye"
	}
	b.start(first)
	if b.doc.Greeting == "yes" {
		b.add("greeting", "/greeting_prompt", flow.Play{Prompts: []voice.Prompt{b.greeting()}}, exits{flow.Next: "record"})
	}
	b.add("record", "", flow.Record{Purpose: voice.ForVoicemail, User: box.User, Beep: true, Finish: "#",
		MaxLength: b.timers.MessageMax, Silence: b.timers.MessageSilence, MinLength: b.timers.MessageMin},
		exits{flow.Recorded: "deliver", flow.NotRecorded: bye, flow.Failed: b.sharedNode(nodeLost)})
	b.add("deliver", deliver, flow.Deliver{Mailbox: box}, exits{flow.Next: bye, flow.Failed: b.sharedNode(nodeLost)})
	if b.doc.Goodbye == "yes" {
		b.add("goodbye", "/goodbye_prompt", flow.Play{Prompts: []voice.Prompt{b.standard(phraseGoodbye)}}, exits{flow.Next: "hangup"})
	}
	b.add("hangup", "", flow.Hangup{Cause: voice.CauseNormal, Words: "the mailbox has taken its call"}, nil)
	b.addShared()
	return nil
}

// maxRecordable bounds the prompts that one program can offer for recording.
const maxRecordable = flow.MaxNodes/10 - 10

// recordProgram makes the program that records one prompt by telephone, or,
// given several, asks for the record id first.
func recordProgram(ctx context.Context, t voice.TenantID, sounds []voice.Sound, r dialect.Resolver, timers Timers) (flow.Program, error) {
	b, err := newBuilder(ctx, voice.App{Tenant: t, Type: dialect.UserMailbox}, r, timers)
	if err != nil {
		return flow.Program{}, err
	}
	b.doc.Voice = b.system.UserMailboxVoice
	if len(sounds) == 1 {
		b.program.Name = "record prompt " + sounds[0].Name
		b.start("record")
		b.record("record", sounds[0])
	} else {
		b.program.Name = "record a prompt"
		b.start("which")
		b.which(sounds[:min(len(sounds), maxRecordable)])
	}
	b.addShared()
	return b.program, nil
}

// which asks for a record id by keys.
func (b *builder) which(sounds []voice.Sound) {
	ask := voice.Prompt{Kind: voice.PromptStandard, Standard: phraseWhich, Voice: b.doc.Voice}
	g := flow.Gather{Prompts: []voice.Prompt{ask}, BargeIn: true, Finish: "#",
		FirstDigit: 2 * b.timers.FirstDigit, InterDigit: 2 * b.timers.InterDigit}
	out := exits{flow.InvalidKey: "wrong", flow.NoInput: "which.rounds"}
	at := len(b.program.Nodes)
	b.add("which", "", g, out)
	seen := map[string]bool{}
	for _, s := range sounds {
		if s.Ref == "" || seen[s.Ref] {
			continue
		}
		seen[s.Ref] = true
		g.Keys = append(g.Keys, voice.Digits(s.Ref))
		id := flow.NodeID("record." + s.Ref)
		out[flow.Key(voice.Digits(s.Ref))] = id
		b.record(id, s)
	}
	if len(g.Keys) == 0 {
		delete(out, flow.InvalidKey)
		out[flow.GotDigits] = "wrong"
	}
	b.program.Nodes[at].Step = g
	b.add("wrong", "", flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptStandard, Standard: phraseInvalidEntry, Voice: b.doc.Voice}}},
		exits{flow.Next: "which.rounds"})
	b.add("which.rounds", "", flow.Count{Name: countRounds, Limit: b.timers.Rounds},
		exits{flow.Again: "which", flow.Over: b.sharedNode(nodeTooMany)})
}

// Keys of the menu after recording a prompt.
const (
	keySave    voice.Digits = "1"
	keyListen  voice.Digits = "2"
	keyDiscard voice.Digits = "3"
)

// record adds the nodes that record one prompt: instruction, beep, recording up
// to #, then save, listen or discard and record again.
func (b *builder) record(id flow.NodeID, s voice.Sound) {
	phrase := func(key string) []voice.Prompt {
		return []voice.Prompt{{Kind: voice.PromptStandard, Standard: key, Voice: b.doc.Voice}}
	}
	take, menu, tries := id+".take", id+".menu", id+".tries"
	again := exits{flow.Again: menu, flow.Over: b.sharedNode(nodeTooMany)}
	b.add(id, "", flow.Play{Prompts: phrase(phraseRecord), BargeIn: true}, exits{flow.Next: take})
	b.add(take, "", flow.Record{Purpose: voice.ForPrompt, Beep: true, Finish: "#", MaxLength: b.timers.MessageMax, MinLength: b.timers.MessageMin},
		exits{flow.Recorded: menu, flow.NotRecorded: id + ".empty", flow.Failed: b.sharedNode(nodeLost)})
	b.add(menu, "", flow.Gather{Prompts: phrase(phraseRecordMenu), BargeIn: true, Keys: []voice.Digits{keySave, keyListen, keyDiscard},
		FirstDigit: b.timers.FirstDigit, InterDigit: b.timers.InterDigit},
		exits{flow.Key(keySave): id + ".save", flow.Key(keyListen): id + ".listen", flow.Key(keyDiscard): id,
			flow.InvalidKey: tries, flow.NoInput: tries})
	b.add(id+".listen", "", flow.PlayRecording{}, exits{flow.Next: menu})
	b.add(id+".save", "", flow.SaveSound{Sound: s.ID}, exits{flow.Next: id + ".saved", flow.Failed: b.sharedNode(nodeLost)})
	b.add(id+".saved", "", flow.Play{Prompts: phrase(phraseSaved)}, exits{flow.Next: id + ".hangup"})
	b.add(id+".hangup", "", flow.Hangup{Cause: voice.CauseNormal, Words: fmt.Sprintf("prompt %s has been recorded", s.ID)}, nil)
	b.add(tries, "", flow.Count{Name: countRounds, Limit: b.timers.Rounds}, again)
	b.add(id+".empty", "", flow.Count{Name: countRounds, Limit: b.timers.Rounds}, exits{flow.Again: id, flow.Over: again[flow.Over]})
}

// playProgram plays one prompt and hangs up.
func playProgram(s voice.Sound, voiceCode string) flow.Program {
	p := voice.Prompt{Kind: voice.PromptSound, Sound: s.ID, Standard: s.Standard, Voice: voiceCode}
	return flow.Program{Name: "play prompt " + s.Name, Entry: "answer", Nodes: []flow.Node{
		{ID: "answer", Step: flow.Answer{}, Exits: exits{flow.Next: "play"}},
		{ID: "play", Step: flow.Play{Prompts: []voice.Prompt{p}}, Exits: exits{flow.Next: "hangup"}},
		{ID: "hangup", Step: flow.Hangup{Cause: voice.CauseNormal, Words: "prompt " + strings.TrimSpace(s.Name) + " was played"}},
	}}
}
