package prompt_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// lame gives the program that makes and reads MP3.
func lame(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("lame")
	if err != nil {
		t.Fatal("lame is not installed (apt-get install lame)")
	}
	return path
}

// TestIngestMP3 has lame make MP3 of a phrase, which must come back as itself.
func TestIngestMP3(t *testing.T) {
	program := lame(t)
	phrase, err := prompt.Embedded("welcome")
	if err != nil {
		t.Fatal(err)
	}
	file, err := prompt.WAV(media.Resample(phrase, 44100))
	if err != nil {
		t.Fatal(err)
	}
	for _, tags := range [][]string{nil, {"--tt", "A title", "--add-id3v2"}} {
		cmd := exec.CommandContext(t.Context(), program, append(tags, "--silent", "-b", "64", "-", "-")...)
		cmd.Stdin = bytes.NewReader(file)
		mp3, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := prompt.Ingest(t.Context(), bytes.NewReader(mp3), "hello.mp3", prompt.Limits{Lame: program})
		if err != nil {
			t.Fatal(err)
		}
		if d := got.Duration - phrase.Duration(); d < 0 || d > 200*time.Millisecond || got.Rate != media.Rate {
			t.Errorf("%v at %d Hz came of %v", got.Duration, got.Rate, phrase.Duration())
		}
		if _, score := audiomatch.Find(got.Samples, phrase.Samples, audiomatch.Options{}); score < 0.9 {
			t.Errorf("the sound is like the phrase by %.2f", score)
		}
		if _, err := prompt.Ingest(t.Context(), bytes.NewReader(mp3), "", prompt.Limits{Lame: program, MaxDuration: time.Second}); !voice.IsKind(err, voice.Limit) {
			t.Errorf("too long: %v", err)
		}
	}
}

// TestIngestBadMP3 wants words, not sound, of what only begins like MP3.
func TestIngestBadMP3(t *testing.T) {
	program := lame(t)
	for name, data := range map[string]string{
		"a tag alone":  "ID3\x03\x00\x00\x00\x00\x00\x00",
		"text":         "ID3 is not all of it: " + strings.Repeat("nothing but text ", 1000),
		"zeros":        "\xff\xfb\x90\x00" + strings.Repeat("\x00", 10),
		"a tag's size": "ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + strings.Repeat("x", 100),
	} {
		_, err := prompt.Ingest(t.Context(), strings.NewReader(data), "x.mp3", prompt.Limits{Lame: program})
		if !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), "x.mp3") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
