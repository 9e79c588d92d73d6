// Package espeaktts speaks with espeak-ng, run as a child process for every
// text: more than a hundred languages, each with a male and a female voice.
//
// It is not linked to libespeak-ng, whose licence and global state stay outside
// this program. It starts no goroutine that outlives a call; an Engine may be
// used concurrently.
package espeaktts

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
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
const Program = "espeak-ng"

const (
	wordsPerMinute = 160 // espeak-ng's own is 175, hasty on a telephone
	maxOutput      = 64 << 20
	femaleVariant  = "f2"
	maleVariant    = "m3"
)

// Engine is espeak-ng.
type Engine struct {
	path    string
	version string
	voices  []tts.Voice
	files   map[string]string // voice ID → value of -v
}

// Open finds espeak-ng and asks it for its version and voices. path "" looks
// for Program on the PATH. Unavailable when it is not there or does not work.
func Open(ctx context.Context, path string) (*Engine, error) {
	const op = "espeaktts.Open"
	if path == "" {
		found, err := exec.LookPath(Program)
		if err != nil {
			return nil, voice.Errorf(op, voice.Unavailable, "espeak-ng is not installed: apt-get install espeak-ng")
		}
		path = found
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	banner, err := child.Process{Path: path, Args: []string{"--version"}, MaxOutput: 64 << 10}.Run(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	list, err := child.Process{Path: path, Args: []string{"--voices"}, MaxOutput: 1 << 20}.Run(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	e := &Engine{path: path, version: parseVersion(string(banner))}
	e.voices, e.files = ParseVoices(string(list))
	if len(e.voices) == 0 {
		return nil, voice.Errorf(op, voice.Unavailable, "%s lists no voices", path)
	}
	return e, nil
}

// parseVersion gives "1.51" of "eSpeak NG text-to-speech: 1.51  Data at: …".
func parseVersion(banner string) string {
	_, after, _ := strings.Cut(banner, ":")
	if f := strings.Fields(after); len(f) > 0 {
		return f[0]
	}
	return "unknown"
}

type row struct {
	priority       int
	language, name string
}

// ParseVoices reads the table of espeak-ng --voices: each language becomes a
// female and a male voice. files maps a voice's ID to the value of option -v.
func ParseVoices(table string) (voices []tts.Voice, files map[string]string) {
	var rows []row
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		p, err := strconv.Atoi(f[0])
		if err != nil || f[1] == "variant" || slices.ContainsFunc(rows, func(r row) bool { return r.language == f[1] }) {
			continue
		}
		rows = append(rows, row{p, f[1], strings.ReplaceAll(strings.TrimRight(f[3], "_"), "_", " ")})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.priority - b.priority })
	files = map[string]string{}
	for _, r := range rows {
		for _, g := range []tts.Gender{tts.Female, tts.Male} {
			variant := femaleVariant
			if g == tts.Male {
				variant = maleVariant
			}
			id := "espeak-" + r.language + "-" + string(g)
			voices = append(voices, tts.Voice{ID: id, Name: r.name + " - " + string(g), Language: tag(r.language), Gender: g})
			files[id] = r.language + "+" + variant
		}
	}
	return voices, files
}

// tag writes a language as BCP 47 recommends: "en-US" of "en-us".
func tag(language string) string {
	parts := strings.Split(language, "-")
	for i, p := range parts[1:] {
		if len(p) == 2 && parts[i] != "x" {
			parts[i+1] = strings.ToUpper(p)
		}
	}
	return strings.Join(parts, "-")
}

// Name implements tts.Synthesizer.
func (e *Engine) Name() string { return "espeak" }

// Version implements tts.Synthesizer. The suffix counts changes of how this
// package calls the program.
func (e *Engine) Version() string { return e.version + "-1" }

// Voices implements tts.Synthesizer.
func (e *Engine) Voices() []tts.Voice { return slices.Clone(e.voices) }

// Synthesize implements tts.Synthesizer: 22,050 samples per second.
func (e *Engine) Synthesize(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	const op = "espeaktts.Synthesize"
	file, ok := e.files[u.Voice.ID]
	if !ok {
		return media.PCM{}, voice.InvalidField(op, "voice", "espeak-ng has no voice %q", u.Voice.ID)
	}
	p := child.Process{Path: e.path, MaxOutput: maxOutput, Args: []string{
		"-v", file, "-s", strconv.Itoa(int(math.Round(wordsPerMinute * u.Speed()))), "-b", "1", "--stdin", "--stdout"}}
	out, err := p.Run(ctx, strings.NewReader(plain(u.Text)))
	if err != nil {
		return media.PCM{}, err
	}
	// The program can't go back in a pipe to fill the lengths in.
	pcm, err := media.ReadWAV(bytes.NewReader(out), media.WAVLimits{
		MaxBytes: maxOutput, MaxDuration: tts.MaxSpeech + time.Minute, AllowUnfinished: true})
	if err != nil {
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "espeak-ng wrote no usable sound: %w", err)
	}
	return pcm, nil
}

// plain takes the meaning from what espeak-ng would read as phonemes, "[[…]]".
func plain(text string) string {
	for strings.Contains(text, "[[") {
		text = strings.ReplaceAll(text, "[[", "[ [")
	}
	return text
}
