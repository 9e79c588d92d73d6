package espeaktts_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/voice"
)

const table = `Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  af              --/M      Afrikaans          gmw/af               
 5  chr-US-Qaaa-x-west --/M      Cherokee_          iro/chr              
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  en-gb-x-rp      --/M      English_(Received_Pronunciation) gmw/en-GB-x-rp       (en-gb 4)(en 5)
 5  variant         --/F      Linda              !v/linda             
`

func TestParseVoices(t *testing.T) {
	voices, files := espeaktts.ParseVoices(table)
	want := []tts.Voice{
		{ID: "espeak-en-us-female", Name: "English (America) - female", Language: "en-US", Gender: tts.Female},
		{ID: "espeak-en-us-male", Name: "English (America) - male", Language: "en-US", Gender: tts.Male},
		{ID: "espeak-af-female", Name: "Afrikaans - female", Language: "af", Gender: tts.Female},
	}
	if diff := cmp.Diff(want, voices[:3]); diff != "" {
		t.Error(diff)
	}
	if len(voices) != 8 || voices[6].Language != "en-GB-x-rp" || files["espeak-en-us-female"] != "en-us+f2" {
		t.Errorf("%d voices, %+v, %v", len(voices), voices, files)
	}
}

func open(t *testing.T) *espeaktts.Engine {
	t.Helper()
	e, err := espeaktts.Open(t.Context(), "")
	if err != nil {
		t.Fatal("espeak-ng is not installed (apt-get install espeak-ng)")
	}
	return e
}

func speak(t *testing.T, e *espeaktts.Engine, text string, v tts.Voice, rate float64) media.PCM {
	t.Helper()
	v, ok := tts.Choose(e.Voices(), v)
	if !ok {
		t.Fatalf("no voice for %+v", v)
	}
	pcm, err := e.Synthesize(t.Context(), tts.Utterance{Text: text, Voice: v, Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestSpeaks(t *testing.T) {
	e := open(t)
	for _, c := range []struct{ language, text string }{
		{"en-US", "Press 1 for sales."}, {"en-GB", "Press 1 for sales."}, {"sv", "Tryck ett för försäljning."},
		{"es", "Pulse uno."}, {"de", "Drücken Sie die Eins."}, {"fr", "Tapez un, s'il vous plaît."},
		{"hi", "कृपया प्रतीक्षा करें।"}, {"ta", "தயவுசெய்து காத்திருக்கவும்."}, {"te", "దయచేసి వేచి ఉండండి."}, {"ar", "يرجى الانتظار."},
	} {
		pcm := speak(t, e, c.text, tts.Voice{Language: c.language, Gender: tts.Female}, 0)
		if d := pcm.Duration().Seconds(); d < 0.6 || d > 6 {
			t.Errorf("%s: %.1f s", c.language, d)
		}
		if l, peak := pcm.Level(), pcm.Peak(); l < -35 || l > -6 || peak > 32766 {
			t.Errorf("%s: level %.1f dB, peak %d", c.language, l, peak)
		}
	}
}

func TestTextIsOnlyText(t *testing.T) {
	e := open(t)
	en := tts.Voice{Language: "en-US"}
	// Options, markup and phoneme brackets are spoken, not obeyed.
	for _, text := range []string{"--version", "-v sv", "<voice name=\"de\">hello</voice>", "a < b", "[[h@l@U]]", "[[[[h@]]]]", "$(date)", "a & b > c"} {
		if pcm := speak(t, e, text, en, 0); pcm.Duration().Seconds() < 0.3 {
			t.Errorf("%q: %v", text, pcm.Duration())
		}
	}
	if a, b := speak(t, e, "[[h@l@U]]", en, 0), speak(t, e, "hello", en, 0); slices.Equal(a.Samples, b.Samples) {
		t.Error("phonemes were obeyed")
	}
}

func TestRateAndGender(t *testing.T) {
	e := open(t)
	const text = "Please wait while your call is being connected."
	slow := speak(t, e, text, tts.Voice{Language: "en-US"}, 0.5).Duration()
	own := speak(t, e, text, tts.Voice{Language: "en-US"}, 1).Duration()
	fast := speak(t, e, text, tts.Voice{Language: "en-US"}, 2).Duration()
	if slow < own*3/2 || fast > own*3/4 {
		t.Errorf("slow %v, own %v, fast %v", slow, own, fast)
	}
	f := speak(t, e, text, tts.Voice{Language: "en-US", Gender: tts.Female}, 0)
	m := speak(t, e, text, tts.Voice{Language: "en-US", Gender: tts.Male}, 0)
	if slices.Equal(f.Samples, m.Samples) {
		t.Error("the female voice is the male one")
	}
}

func TestErrors(t *testing.T) {
	if _, err := espeaktts.Open(t.Context(), "/does/not/exist"); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("without the program: %v", err)
	}
	e := open(t)
	if _, err := e.Synthesize(t.Context(), tts.Utterance{Text: "hi", Voice: tts.Voice{ID: "../x"}}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("unknown voice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Synthesize(ctx, tts.Utterance{Text: "hi", Voice: e.Voices()[0]}); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("cancelled: %v", err)
	}
}
