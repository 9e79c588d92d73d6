package prompt_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tandem/internal/blob/memblob"
	"tandem/internal/prompt"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/tts/flitetts"
	"tandem/internal/voice"
)

func keys(code string) (list []string) {
	for _, p := range prompt.Phrases(code) {
		list = append(list, p.Key)
	}
	return list
}

func TestEveryPhraseInEveryVoice(t *testing.T) {
	want := strings.Fields(`welcome main-menu office-closed info-message-1 enter-extension invalid-extension
		invalid-menu-entry please-wait mailbox-greeting mailbox-goodbye system-error-unreachable
		system-error-too-many-tries record-prompt recording-menu recording-saved enter-record-number
		sample-welcome sample-menu sample-announcement queue-first queue-position`)
	var codes []string
	for _, c := range prompt.Codes() {
		codes = append(codes, c.Code)
		if got := keys(c.Code); !slices.Equal(got, want) {
			t.Errorf("%s has %v", c.Code, got)
		}
		for _, p := range prompt.Phrases(c.Code) {
			if _, err := tts.Clean(p.Text); err != nil {
				t.Errorf("%s in %s: %v", p.Key, c.Code, err)
			}
			if err := tts.CheckScript(p.Text, c.Lang); err != nil {
				t.Errorf("%s in %s: %v", p.Key, c.Code, err)
			}
			if en, _ := prompt.PhraseText(p.Key, "en"); en == p.Text && !strings.HasPrefix(c.Lang, "en") {
				t.Errorf("%s in %s is English", p.Key, c.Code)
			}
		}
	}
	if got := strings.Join(codes, " "); got != "en swe spa hin-fe tam-fe tel-fe en-fe gr-fe en-uk-fe fr-fe ara-fe se" {
		t.Errorf("codes %s", got)
	}
	if prompt.Phrases("xx") != nil {
		t.Error("there are phrases in an unknown voice")
	}
}

func TestEmbeddedEnglish(t *testing.T) {
	total := int64(0)
	files, err := filepath.Glob("english/*.wav")
	if err != nil || len(files) != len(keys("en")) {
		t.Errorf("%d files for %d phrases, %v: run prompt/gen", len(files), len(keys("en")), err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 900<<10 {
		t.Errorf("the embedded phrases have %d bytes", total)
	}
	texts, err := os.ReadFile("english/texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prompt.Phrases("en") {
		if !strings.Contains(string(texts), p.Key+": "+p.Text+"\n") {
			t.Errorf("%s has another text than its sound: run prompt/gen", p.Key)
		}
	}
	for _, k := range keys("en") {
		pcm, err := prompt.Embedded(k)
		if err != nil {
			t.Errorf("%v: run prompt/gen", err)
			continue
		}
		if l, peak, d := pcm.Level(), pcm.Peak(), pcm.Duration().Seconds(); l < -26 || l > -14 || peak > 32000 || d < 1 || d > 12 {
			t.Errorf("%s: level %.1f dB, peak %d, %.1f s", k, l, peak, d)
		}
	}
}

// TestEveryVoiceIsHeard speaks with the engines of this machine, all phrases in
// one voice and a few in the others, and lets sox judge.
func TestEveryVoiceIsHeard(t *testing.T) {
	espeak, err := espeaktts.Open(t.Context(), "")
	if err != nil {
		t.Fatal("espeak-ng is not installed (apt-get install espeak-ng)")
	}
	engines := []tts.Synthesizer{espeak}
	if flite, err := flitetts.Open(t.Context(), ""); err == nil {
		engines = append(engines, flite)
	}
	l := prompt.New(prompt.Config{Sounds: &sounds{}, Blobs: memblob.New(), Speech: tts.NewPool(engines, tts.Options{})})
	for _, c := range prompt.Codes() {
		some := []string{"welcome", "mailbox-greeting", "recording-menu"}
		if c.Code == "swe" {
			some = keys(c.Code)
			if err := l.PrepareCode(t.Context(), c.Code); err != nil {
				t.Errorf("%s: %v", c.Code, err)
			}
		} else if testing.Short() {
			continue
		}
		for _, k := range some {
			clip, err := l.Clip(t.Context(), "", voice.Prompt{Kind: voice.PromptStandard, Standard: k, Voice: c.Code})
			if err != nil {
				t.Fatalf("%s in %s: %v", k, c.Code, err)
			}
			pcm := clip.PCM()
			if level, d := pcm.Level(), pcm.Duration().Seconds(); level < -26 || level > -14 || pcm.Peak() > 32124 || d < 1 || d > 16 {
				t.Errorf("%s in %s: level %.1f dB, peak %d, %.1f s", k, c.Code, level, pcm.Peak(), d)
			}
		}
		clip, _ := l.Clip(t.Context(), "", voice.Prompt{Kind: voice.PromptStandard, Standard: "mailbox-greeting", Voice: c.Code})
		data, err := prompt.WAV(clip.PCM())
		if err != nil {
			t.Fatal(err)
		}
		soxStats(t, c.Code, data)
	}
}

func soxStats(t *testing.T, code string, wav []byte) {
	t.Helper()
	sox, err := exec.LookPath("sox")
	if err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "x.wav")
	if err := os.WriteFile(path, wav, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), sox, path, "-n", "stat").CombinedOutput()
	if err != nil {
		t.Fatalf("sox: %v: %s", err, out)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(out)) {
		if name, v, ok := strings.Cut(line, ":"); ok {
			values[strings.Join(strings.Fields(name), " ")], _ = strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	if rms, peak := values["RMS amplitude"], values["Maximum amplitude"]; rms < 0.03 || rms > 0.3 || peak > 0.99 || peak < 0.1 {
		t.Errorf("%s: sox finds RMS %.3f, peak %.3f", code, rms, peak)
	}
}
