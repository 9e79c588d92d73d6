// Package flitetts speaks English with flite, run as a child process for every
// text.
//
// Flite seeks in the file it writes, so it gets a file in a folder that is
// removed after each text; the text itself goes in on standard input. It starts
// no goroutine that outlives a call; an Engine may be used concurrently.
package flitetts

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/child"
	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

// Program is what Open looks for on the PATH.
const Program = "flite"

const maxOutput = 64 << 20

// Engine is flite.
type Engine struct {
	path    string
	version string
	voices  []tts.Voice
}

// Open finds flite and asks it for its version and voices. path "" looks for
// Program on the PATH. Unavailable when it is not there or has none of the
// voices known here.
func Open(ctx context.Context, path string) (*Engine, error) {
	const op = "flitetts.Open"
	if path == "" {
		found, err := exec.LookPath(Program)
		if err != nil {
			return nil, voice.Errorf(op, voice.Unavailable, "flite is not installed: apt-get install flite")
		}
		path = found
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := child.Process{Path: path, Args: []string{"-lv"}, MaxOutput: 64 << 10}.Run(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	e := &Engine{path: path, version: "unknown"}
	// Flite gives its version with a status that says failure.
	banner, _ := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if _, after, ok := strings.Cut(string(banner), "version: "); ok {
		if f := strings.Fields(after); len(f) > 0 {
			e.version = f[0]
		}
	}
	e.voices = parseVoices(string(list))
	if len(e.voices) == 0 {
		return nil, voice.Errorf(op, voice.Unavailable, "%s has none of the voices slt, rms and awb", path)
	}
	return e, nil
}

// parseVoices reads "Voices available: kal awb slt": those worth hearing.
func parseVoices(list string) []tts.Voice {
	_, names, _ := strings.Cut(list, ":")
	have := strings.Fields(names)
	var voices []tts.Voice
	for _, v := range []tts.Voice{
		{ID: "flite-slt", Name: "English (America) - female, flite", Language: "en-US", Gender: tts.Female},
		{ID: "flite-rms", Name: "English (America) - male, flite", Language: "en-US", Gender: tts.Male},
		{ID: "flite-awb", Name: "English (Scotland) - male, flite", Language: "en-GB", Gender: tts.Male},
	} {
		if slices.Contains(have, strings.TrimPrefix(v.ID, "flite-")) {
			voices = append(voices, v)
		}
	}
	return voices
}

// Name implements tts.Synthesizer.
func (e *Engine) Name() string { return "flite" }

// Version implements tts.Synthesizer.
func (e *Engine) Version() string { return e.version + "-1" }

// Voices implements tts.Synthesizer.
func (e *Engine) Voices() []tts.Voice { return slices.Clone(e.voices) }

// Synthesize implements tts.Synthesizer: 16,000 samples per second.
func (e *Engine) Synthesize(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	const op = "flitetts.Synthesize"
	if !slices.ContainsFunc(e.voices, func(v tts.Voice) bool { return v.ID == u.Voice.ID }) {
		return media.PCM{}, voice.InvalidField(op, "voice", "flite has no voice %q", u.Voice.ID)
	}
	dir, err := os.MkdirTemp("", "tandem-flite-")
	if err != nil {
		return media.PCM{}, voice.E(op, voice.Unavailable, err)
	}
	defer os.RemoveAll(dir)
	stretch := strconv.FormatFloat(math.Round(1000/u.Speed())/1000, 'f', -1, 64)
	p := child.Process{Path: e.path, Dir: dir, MaxOutput: 64 << 10, Args: []string{
		"-voice", strings.TrimPrefix(u.Voice.ID, "flite-"), "--setf", "duration_stretch=" + stretch,
		"-f", "-", "-o", "speech.wav"}}
	if _, err := p.Run(ctx, strings.NewReader(u.Text+"\n")); err != nil {
		return media.PCM{}, err
	}
	file, err := os.Open(filepath.Join(dir, "speech.wav"))
	if err != nil {
		return media.PCM{}, voice.E(op, voice.Unavailable, err)
	}
	defer file.Close()
	pcm, err := media.ReadWAV(file, media.WAVLimits{MaxBytes: maxOutput, MaxDuration: tts.MaxSpeech + time.Minute})
	if err != nil {
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "flite wrote no usable sound: %w", err)
	}
	return pcm, nil
}
