package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tandem/internal/config"
	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/tts/flitetts"
)

type callCmd struct {
	Address   string        `arg:"" name:"address" help:"Whom to call: sip:+4685000000@192.0.2.7."`
	Keys      string        `placeholder:"SCRIPT" help:"Keys and waits after the answer: \"3s 1 500ms 2#\"."`
	Method    string        `enum:"rfc4733,info,inband," default:"" placeholder:"rfc4733|info|inband" help:"How keys are sent (default as the far end takes them)."`
	Record    string        `placeholder:"FILE.wav" help:"Write what is heard."`
	Say       string        `xor:"sound" placeholder:"TEXT" help:"Speak a text after the answer."`
	Play      string        `xor:"sound" placeholder:"FILE.wav" help:"Play a WAV file after the answer."`
	For       time.Duration `default:"0s" placeholder:"20s" help:"Hang up after so long; without it, when the far end does."`
	From      string        `placeholder:"SIP-ADDRESS" help:"Address to show."`
	User      string        `placeholder:"NAME" help:"User for digest authentication: an extension's."`
	Password  string        `placeholder:"PASSWORD" help:"Password of --user."`
	Transport string        `enum:"udp,tcp," default:"" placeholder:"udp|tcp" help:"Transport (default udp)."`
	Proxy     string        `placeholder:"HOST:PORT" help:"Send everything there instead of where the address points."`
	Bind      string        `placeholder:"HOST:PORT" help:"Local address (default the one that leads there)."`
}

func (c *callCmd) Run(p *program) error {
	uri := c.Address
	if !strings.HasPrefix(uri, "sip:") && !strings.HasPrefix(uri, "sips:") {
		uri = "sip:" + uri
	}
	var sound []int16
	if c.Say != "" {
		cfg, err := p.settings(nil)
		if err != nil {
			return err
		}
		if sound, err = spoken(p.ctx, cfg, c.Say); err != nil {
			return fmt.Errorf("--say: %w", err)
		}
	}
	return phone.Run(p.ctx, phone.RunOptions{
		URI: uri, Keys: c.Keys, Method: phone.KeyMethod(c.Method), Record: c.Record, Play: c.Play, Sound: sound, For: c.For,
		JSON: p.cli.JSON, Out: p.stdout, From: c.From, Username: c.User, Password: c.Password,
		Transport: c.Transport, Proxy: c.Proxy, Bind: c.Bind,
	})
}

// spoken gives a text as samples at the telephone's rate, by the first local
// engine of the settings that works.
func spoken(ctx context.Context, cfg config.Config, text string) ([]int16, error) {
	var engines []tts.Synthesizer
	var failed error
	for _, name := range cfg.Speech.Engines {
		var e tts.Synthesizer
		var err error
		switch name {
		case "espeak":
			e, err = espeaktts.Open(ctx, "")
		case "flite":
			e, err = flitetts.Open(ctx, "")
		default:
			continue // a test telephone sends nobody's text away
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		engines = append(engines, e)
	}
	if len(engines) == 0 {
		return nil, errors.Join(errors.New("no speech engine works"), failed)
	}
	pool := tts.NewPool(engines, tts.Options{})
	speech, err := pool.Check(tts.Utterance{Text: text, Voice: tts.Voice{Language: "en-US"}})
	if err != nil {
		return nil, err
	}
	pcm, _, err := pool.Speak(ctx, speech)
	if err != nil {
		return nil, err
	}
	return media.Resample(pcm, phone.Rate).Samples, nil
}
