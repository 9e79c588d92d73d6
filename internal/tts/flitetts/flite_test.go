package flitetts_test

import (
	"testing"

	"tandem/internal/tts"
	"tandem/internal/tts/flitetts"
	"tandem/internal/voice"
)

func TestSpeaks(t *testing.T) {
	e, err := flitetts.Open(t.Context(), "")
	if err != nil {
		t.Fatal("flite is not installed (apt-get install flite)")
	}
	if e.Version() == "unknown-1" {
		t.Error("the version was not found")
	}
	v, ok := tts.Choose(e.Voices(), tts.Voice{Language: "en-US", Gender: tts.Female})
	if !ok || v.ID != "flite-slt" {
		t.Fatalf("voice %+v", v)
	}
	for _, text := range []string{"Press 1 for sales. Press 2 for support.", "-t hello --help", "a < b & \"c\" $(date)", "/etc/passwd"} {
		pcm, err := e.Synthesize(t.Context(), tts.Utterance{Text: text, Voice: v})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if l, d := pcm.Level(), pcm.Duration().Seconds(); l < -35 || l > -6 || d < 0.5 || d > 8 || pcm.Rate != 16000 {
			t.Errorf("%q: %.1f dB, %.1f s, rate %d", text, l, d, pcm.Rate)
		}
	}
	fast, err := e.Synthesize(t.Context(), tts.Utterance{Text: "one two three four five", Voice: v, Rate: 2})
	if err != nil || fast.Duration().Seconds() > 2 {
		t.Errorf("fast: %v, %v", fast.Duration(), err)
	}
	if _, err := e.Synthesize(t.Context(), tts.Utterance{Text: "hi", Voice: tts.Voice{ID: "flite-kal"}}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("unknown voice: %v", err)
	}
}

func TestNotInstalled(t *testing.T) {
	if _, err := flitetts.Open(t.Context(), "/does/not/exist"); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("got %v", err)
	}
}
