package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tandem/internal/config"
	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type listenCmd struct {
	File     string        `arg:"" help:"A flow, in our form or a vendor's, or a file of tests (NAME.test) that says which, and which application answers."`
	Kind     string        `placeholder:"KIND" help:"Form of the file: native, sonetel, telphin, smartflo or routee (default what it looks like)."`
	Keys     string        `placeholder:"PATH" xor:"what" help:"What the caller does: keys, each pressed when its question has been heard, and times to press sooner or later: \"1 2s 3\"."`
	Menu     bool          `xor:"what" help:"The whole menu: each question once, a chapter for every key."`
	Out      string        `short:"o" required:"" placeholder:"FILE.wav" help:"Write the sound there, with chapters as cue points."`
	Subtitle []string      `name:"subtitles" placeholder:"FILE" help:"Write subtitles there too: FILE.srt or FILE.vtt; FILE.txt takes the transcript."`
	Account  string        `placeholder:"ID" help:"Play the sounds and go on in the apps of this account."`
	From     string        `placeholder:"NUMBER" help:"Who calls."`
	To       string        `placeholder:"NUMBER" help:"What is dialled."`
	App      string        `placeholder:"URL" help:"The application that the flow asks, or that orders what it does, as of tandem test. Without it nothing is asked."`
	Run_     string        `name:"run" placeholder:"COMMAND" help:"Start that application, by the shell. It listens on the port in $$PORT, and finds the APIs in $$HOIIO_BASE, $$ROUTEE_URL and so on."`
	API      string        `name:"api" placeholder:"ADDRESS" help:"Where the application finds the vendors' APIs (default a free port of 127.0.0.1)."`
	Think    time.Duration `default:"1s" placeholder:"TIME" help:"How long an application may take, in real time, to order something after it was told of something (default 1s)."`
	At       time.Time     `placeholder:"TIME" help:"When the call comes, for opening hours: 2026-11-26T14:00:00+01:00."`
}

func (c *listenCmd) Run(p *program) error {
	for _, name := range c.Subtitle {
		switch filepath.Ext(name) {
		case ".srt", ".vtt", ".txt":
		default:
			return voice.InvalidField("listen", "subtitles", "%s ends neither in .srt, .vtt nor .txt", name)
		}
	}
	if c.Account == "" {
		cfg, err := p.settings(nil)
		if err != nil {
			return err
		}
		return c.listen(p, cfg, nil, listen.Flow{}, dialect.OpenResolver{})
	}
	cfg, err := p.settings(nil)
	if err != nil {
		return err
	}
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) error {
		return c.listen(p, cfg, st, listen.Flow{Tenant: t, Lookup: appsOf(st, t, r)}, r)
	})
}

// appsOf compiles the apps of an account.
func appsOf(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) func(context.Context, voice.AppID) (*flow.Program, error) {
	return func(ctx context.Context, id voice.AppID) (*flow.Program, error) {
		app, err := st.App(ctx, t, id)
		if err != nil {
			return nil, err
		}
		for _, f := range daemon.Formats() {
			if f.Kind() == app.Kind {
				prog, ds, err := f.CompileFile(ctx, app.Document, r)
				if bad, has := ds.FirstError(); has && err == nil {
					err = voice.Errorf("listen", voice.Invalid, "%s", bad)
				}
				prog.App = id
				return &prog, err
			}
		}
		return nil, voice.Errorf("listen", voice.Invalid, "apps of kind %s have no flow of their own", app.Kind)
	}
}

func (c *listenCmd) listen(p *program, cfg config.Config, st *sqlstore.Store, f listen.Flow, r dialect.Resolver) (err error) {
	clips, closing, err := daemon.OpenPrompts(p.ctx, cfg, st, slog.New(slog.NewTextHandler(p.stderr, nil)))
	if err != nil {
		return err
	}
	defer func() {
		if cerr := closing(); err == nil {
			err = cerr
		}
	}()
	t := c.asking()
	t.voices = daemon.Voices(clips)
	defer t.close(p)
	f.Call = voice.CallInfo{Direction: voice.Inbound, Tenant: f.Tenant}
	if err := c.application(p, t, &f); err != nil {
		return err
	}
	if c.tested() {
		f.Main, err = c.ofTest(p, t, r)
	} else {
		f.Main, err = c.compiled(p, r)
	}
	if err != nil {
		return err
	}
	f.Clips, f.Start = clips, c.At
	f.Call.From, f.Call.To = c.From, c.To
	var rec *listen.Recording
	if c.Menu {
		rec, err = f.Menu(p.ctx)
	} else {
		rec, err = f.Path(p.ctx, c.Keys)
	}
	if err != nil {
		return err
	}
	return c.write(p, rec)
}

// compiled reads a flow.
func (c *listenCmd) compiled(p *program, r dialect.Resolver) (*flow.Program, error) {
	data, err := readFlow(c.File)
	if err != nil {
		return nil, err
	}
	compile, err := compilerOf("kind", cmp.Or(c.Kind, string(kindIn(data)), kindOf(c.File)))
	if err != nil {
		return nil, err
	}
	prog, ds, err := compile(p.ctx, data, r)
	found, err := findings(c.File, data, ds, err)
	if err != nil {
		return nil, err
	}
	return &prog, told(p.stderr, found)
}

// listenJSON is what was made, for machines.
type listenJSON struct {
	File     string           `json:"file"`
	Seconds  float64          `json:"seconds"`
	Ended    string           `json:"ended"`
	Chapters []listen.Chapter `json:"chapters"`
	Missing  []string         `json:"missing"`    // what could not be played
	Unasked  []string         `json:"unanswered"` // what the flow asked in vain, and why
	Waits    bool             `json:"waits"`      // for orders of an application that nobody gives
}

func (c *listenCmd) write(p *program, rec *listen.Recording) error {
	out, err := os.Create(c.Out)
	if err != nil {
		return voice.InvalidField("listen", "out", "%v", err)
	}
	err = rec.WriteWAV(out)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	for _, name := range c.Subtitle {
		text := rec.Transcript()
		switch filepath.Ext(name) {
		case ".srt":
			text = rec.SRT()
		case ".vtt":
			text = rec.VTT()
		}
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
	}
	if err != nil {
		return err
	}
	res := listenJSON{File: c.Out, Seconds: rec.Length().Seconds(), Ended: rec.Ended, Chapters: rec.Chapters, Missing: []string{}, Unasked: []string{}, Waits: rec.Waits}
	for _, l := range rec.Lines {
		if l.Failed {
			res.Missing = append(res.Missing, l.Text)
		}
	}
	for _, a := range rec.Asked {
		if a.Fault != "" {
			res.Unasked = append(res.Unasked, a.URL+": "+a.Fault)
		}
	}
	return p.show(res, func(w io.Writer) {
		fmt.Fprint(w, printableLines(rec.Transcript()))
		for _, u := range res.Unasked {
			fmt.Fprintln(w, "asked in vain:", printable(u))
		}
		if (len(res.Unasked) > 0 || rec.Waits) && c.App == "" && c.Run_ == "" {
			fmt.Fprintln(w, "an application decides what happens: --run starts it, --app says where it is (docs/listen.md)")
		}
		fmt.Fprintf(w, "%s: %.1f s, %s\n", printable(c.Out), res.Seconds, many(len(rec.Chapters), "chapter"))
	})
}

// printableLines is printable for several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}
