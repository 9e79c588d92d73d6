package sonetel

import (
	"context"
	"encoding/json"

	"tandem/internal/dialect"
	"tandem/internal/dialect/sonetelapp"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

var _ dialect.Expresser = (*Dialect)(nil)

// Express writes a program as a voice app in normal form.
func (d *Dialect) Express(ctx context.Context, p flow.Program, r dialect.Resolver) (json.RawMessage, []dialect.Loss, error) {
	_, doc, losses, err := express(ctx, p, r, d.cfg.Timers)
	if err != nil {
		return nil, losses, err
	}
	raw, err := doc.marshal()
	return raw, losses, err
}

// express makes the document of a program. It is read as a client's would be, so
// that what comes out is what the API takes.
func express(ctx context.Context, p flow.Program, r dialect.Resolver, timers Timers) (sonetelapp.App, document, []dialect.Loss, error) {
	const op = "sonetel.Express"
	app, losses, err := sonetelapp.Express(ctx, p, r, expressRules(timers.withDefaults()))
	if err != nil {
		return app, document{}, losses, err
	}
	body, err := json.Marshal(app)
	if err != nil {
		return app, document{}, losses, voice.E(op, voice.Internal, err)
	}
	doc, err := parseDocument(voice.App{ID: p.App, Type: app.Type, Document: body})
	if err != nil {
		return app, document{}, losses, voice.E(op, voice.Internal, err)
	}
	return app, doc, losses, nil
}

func expressRules(t Timers) sonetelapp.Rules {
	return sonetelapp.Rules{
		FirstDigit: t.FirstDigit, InterDigit: t.InterDigit, Ring: t.Ring, Rounds: t.Rounds,
		MessageSilence: t.MessageSilence, MessageMax: t.MessageMax, MessageMin: t.MessageMin,
		Voices: voiceCodes(), MaxName: MaxName, Called: calledAddress,
		Welcome: phraseWelcome, Menu: phraseMenu, EnterExtension: phraseEnterExt, InvalidEntry: phraseInvalidEntry,
		InvalidExtension: phraseInvalidExt, Wait: phraseWait, Greeting: phraseGreeting, Goodbye: phraseGoodbye,
		Unreachable: phraseUnreachable, TooManyTries: phraseTooMany,
	}
}

// keepMeta notes what the program's flow does not tell of the document, for the
// way back.
func (b *builder) keepMeta() error {
	meta := map[string]string{}
	aside := sonetelapp.App{}
	switch b.doc.Type {
	case typeSystem:
		meta[sonetelapp.MetaType] = typeSystem
		aside.ErrorVoice, aside.ErrorRepeatVoice, aside.UserMailboxVoice = b.doc.ErrorVoice, b.doc.ErrorRepeatVoice, b.doc.UserMailboxVoice
	case typeIVR:
		meta[sonetelapp.MetaVoice] = b.doc.Voice
		for key, a := range b.doc.Menu {
			if !b.told["/menu/"+key] {
				if aside.Menu == nil {
					aside.Menu = map[string]sonetelapp.Action{}
				}
				aside.Menu[key] = sonetelapp.Action(a)
			}
		}
		if a := sonetelapp.Action(b.doc.FinalAction); !b.doc.FinalAction.isZero() && !b.told["/final_action"] {
			aside.FinalAction = &a
		}
	case typeMailbox:
		meta[sonetelapp.MetaVoice] = b.doc.Voice
		if b.doc.DeliverTo == "user" && !b.told["/deliver_to_details"] {
			aside.DeliverToDetails = b.doc.DeliverToDetails
		}
	}
	kept, err := json.Marshal(aside)
	if err != nil {
		return voice.E("sonetel.compile", voice.Internal, err)
	}
	if string(kept) != `{"app_type":"","name":""}` {
		meta[sonetelapp.MetaAside] = string(kept)
	}
	b.program.Meta = meta
	return nil
}

// asWritten gives what a dial keeps of an action whose destination is not
// written as Express would write it; nil when it is.
func asWritten(a action, to voice.Destination) map[string]string {
	usual := map[voice.DestinationKind]string{voice.ToNumber: "phnum", voice.ToSIP: "other"}[to.Kind]
	if usual == "" || a.To == usual && a.ID == to.ID {
		return nil
	}
	return map[string]string{sonetelapp.MetaTo: a.To, sonetelapp.MetaID: a.ID}
}

// Normal gives the normal form of what a client would POST. Kind Invalid names
// the field at fault.
func (d *Dialect) Normal(body json.RawMessage) (json.RawMessage, error) {
	app, err := checkedApp(body)
	if err != nil {
		return nil, voice.E("sonetel.Normal", voice.Invalid, err)
	}
	return app.Document, nil
}
