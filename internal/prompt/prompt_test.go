package prompt_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/blob"
	"tandem/internal/blob/memblob"
	"tandem/internal/media"
	"tandem/internal/prompt"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

// sounds is a store of sounds in memory.
type sounds struct {
	voice.SoundStore
	mu   sync.Mutex
	rows map[voice.SoundID]voice.Sound
	fail error
}

func (s *sounds) Sound(_ context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[id]
	if !ok || row.Tenant != t {
		return voice.Sound{}, voice.Errorf("sounds.Sound", voice.NotExist, "there is no sound %s", id)
	}
	return row, nil
}

func (s *sounds) UpdateSound(_ context.Context, row voice.Sound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		s.rows[row.ID] = row
	}
	return s.fail
}

// speaker is an engine whose sound depends on the text's length.
type speaker struct {
	languages []string
	calls     atomic.Int32
	gate      chan struct{} // when set, a synthesis waits for it
	fail      error
}

func (e *speaker) Name() string    { return "speaker" }
func (e *speaker) Version() string { return "1" }
func (e *speaker) Voices() (list []tts.Voice) {
	for _, l := range e.languages {
		list = append(list, tts.Voice{ID: "speaker-" + l, Language: l, Gender: tts.Female})
	}
	return list
}

func (e *speaker) Synthesize(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	e.calls.Add(1)
	if e.gate != nil {
		select {
		case <-e.gate:
		case <-ctx.Done():
			return media.PCM{}, ctx.Err()
		}
	}
	if e.fail != nil {
		return media.PCM{}, e.fail
	}
	p := media.PCM{Rate: 16000, Samples: make([]int16, 1600*len(u.Text))}
	for i := range p.Samples {
		p.Samples[i] = int16(i%64) * 100
	}
	return p, nil
}

type fixture struct {
	*prompt.Library
	sounds *sounds
	blobs  blob.Store
	engine *speaker
}

func library(t *testing.T, blobs blob.Store, languages ...string) fixture {
	t.Helper()
	f := fixture{sounds: &sounds{rows: map[voice.SoundID]voice.Sound{}}, blobs: blobs, engine: &speaker{languages: languages}}
	if blobs == nil {
		f.blobs = memblob.New()
	}
	f.Library = prompt.New(prompt.Config{Sounds: f.sounds, Blobs: f.blobs,
		Speech: tts.NewPool([]tts.Synthesizer{f.engine}, tts.Options{}),
		Now:    func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }})
	return f
}

const tenant = voice.TenantID("1001")

func beep(d time.Duration) media.PCM {
	p := media.PCM{Rate: media.Rate, Samples: make([]int16, d*media.Rate/time.Second)}
	for i := range p.Samples {
		p.Samples[i] = int16(8000 * (i/8%2*2 - 1))
	}
	return p
}

func TestClipOfEveryKind(t *testing.T) {
	f := library(t, nil, "en-US", "sv")
	slot := voice.Sound{ID: "S1", Tenant: tenant, Name: "Welcome", Standard: "welcome"}
	f.sounds.rows["S1"] = slot
	f.sounds.rows["S2"] = voice.Sound{ID: "S2", Tenant: tenant, Name: "Promo"}
	english, err := prompt.Embedded("welcome")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    voice.Prompt
		kind voice.Kind    // of the error
		len  time.Duration // 0 = any, -1 = no clip
	}{
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome"}, "", english.Duration()},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome", Voice: "en"}, "", english.Duration()},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome", Voice: "swe"}, "", 0},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome", Voice: "tam-fe"}, voice.Unavailable, english.Duration()},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome", Voice: "klingon"}, voice.Unavailable, english.Duration()},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "nonsense"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "nonsense", Voice: "swe"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptStandard, Standard: "../welcome"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptSound, Sound: "S1", Standard: "welcome", Voice: "en"}, "", english.Duration()},
		{voice.Prompt{Kind: voice.PromptSound, Sound: "S1"}, "", english.Duration()},
		{voice.Prompt{Kind: voice.PromptSound, Sound: "S2"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptSound, Sound: "S9"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptSound, Sound: "S9", Standard: "welcome"}, voice.NotExist, english.Duration()},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "en"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "sv-SE"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "speaker-sv"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: "hello"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "fi"}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptSpeech, Text: " ", Voice: "en"}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptTone, Standard: "beep"}, "", 250 * time.Millisecond},
		{voice.Prompt{Kind: voice.PromptTone, Standard: "busy", Duration: 3 * time.Second}, "", 3 * time.Second},
		{voice.Prompt{Kind: voice.PromptTone, Standard: "ringback"}, "", 5 * time.Second},
		{voice.Prompt{Kind: voice.PromptTone, Standard: "sit"}, "", 0},
		{voice.Prompt{Kind: voice.PromptTone, Standard: "gong"}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptSilence, Duration: 1500 * time.Millisecond}, "", 1500 * time.Millisecond},
		{voice.Prompt{Kind: voice.PromptSilence}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptSilence, Duration: time.Hour}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptRecorded, Recording: "R"}, voice.NotExist, -1},
		{voice.Prompt{Kind: voice.PromptSay, Format: voice.SayNumber, Text: "42", Voice: "swe"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSay, Format: voice.SayDate, Text: "2026-11-25", Voice: "speaker-sv"}, "", 0},
		{voice.Prompt{Kind: voice.PromptSay, Format: voice.SayDate, Text: "yesterday", Voice: "en"}, voice.Invalid, -1},
		{voice.Prompt{Kind: voice.PromptMusic}, "", 25600 * time.Millisecond},
		{voice.Prompt{Kind: "odd"}, voice.Invalid, -1},
	} {
		clip, err := f.Clip(t.Context(), tenant, c.p)
		if voice.KindOf(err) != c.kind || (clip == nil) != (c.len < 0) {
			t.Errorf("%s: clip %v, error %v", c.p, clip != nil, err)
			continue
		}
		if clip != nil && c.len > 0 && clip.Duration() != c.len {
			t.Errorf("%s lasts %v, want %v", c.p, clip.Duration(), c.len)
		}
		if clip != nil && clip.Len() == 0 {
			t.Errorf("%s is empty", c.p)
		}
	}
}

func TestWithoutAnyEngineMenusSpeakEnglish(t *testing.T) {
	l := prompt.New(prompt.Config{Sounds: &sounds{}, Blobs: memblob.New()})
	for _, c := range prompt.Codes() {
		for _, p := range prompt.Phrases(c.Code) {
			clip, err := l.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptStandard, Standard: p.Key, Voice: c.Code})
			if clip == nil || clip.Duration() < time.Second {
				t.Fatalf("%s in %s is silent: %v", p.Key, c.Code, err)
			}
			if c.Code == prompt.DefaultCode && err != nil {
				t.Errorf("%s: %v", p.Key, err)
			}
			if c.Code != prompt.DefaultCode && (err == nil || !strings.Contains(err.Error(), "is played in English instead of voice")) {
				t.Errorf("%s in %s: the fallback is not told: %v", p.Key, c.Code, err)
			}
		}
	}
}

func TestStoredSound(t *testing.T) {
	f := library(t, nil)
	slot := voice.Sound{ID: "S1", Tenant: tenant, Name: "Welcome", Standard: "welcome", Source: voice.SoundUploaded, FileName: "w.wav"}
	f.sounds.rows["S1"] = slot
	got, err := f.StoreSound(t.Context(), slot, beep(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if got != f.sounds.rows["S1"] || got.Duration != 2*time.Second || got.Size != 32044 || got.Updated.IsZero() || got.FileName != "w.wav" {
		t.Errorf("stored %+v", got)
	}
	play := voice.Prompt{Kind: voice.PromptSound, Sound: "S1"}
	first, err := f.Clip(t.Context(), tenant, play)
	if err != nil || first.Duration() != 2*time.Second {
		t.Fatal(first, err)
	}
	if again, _ := f.Clip(t.Context(), tenant, play); again != first {
		t.Error("the clip was made twice")
	}
	if other, err := f.Clip(t.Context(), "999", play); other != nil || !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another tenant hears it: %v", err)
	}
	replaced, err := f.StoreSound(t.Context(), got, beep(time.Second))
	if err != nil || replaced.Blob == got.Blob {
		t.Fatal("a replaced sound keeps its key", err)
	}
	if c, err := f.Clip(t.Context(), tenant, play); err != nil || c.Duration() != time.Second {
		t.Errorf("the old audio is played: %v", err)
	}
	// A blob that is lost: the phrase of the slot, and the reason.
	lost := library(t, memblob.New())
	lost.sounds.rows["S1"] = replaced
	if c, err := lost.Clip(t.Context(), tenant, play); c == nil || !voice.IsKind(err, voice.NotExist) {
		t.Errorf("clip %v, %v", c != nil, err)
	}
	// A row that can't be written leaves no blob behind.
	f.sounds.fail = voice.Errorf("x", voice.Unavailable, "disk full")
	before, _ := f.blobs.List(t.Context(), "")
	if _, err := f.StoreSound(t.Context(), got, beep(time.Second)); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("got %v", err)
	}
	if after, _ := f.blobs.List(t.Context(), ""); len(after) != len(before) {
		t.Errorf("%d blobs, %d before", len(after), len(before))
	}
}

func TestStoreRecordingEvensOut(t *testing.T) {
	f := library(t, nil)
	quiet := beep(3 * time.Second)
	for i, s := range quiet.Samples {
		quiet.Samples[i] = s / 10
		if i < media.Rate || i >= 2*media.Rate {
			quiet.Samples[i] = 0
		}
	}
	kept, err := f.Keep(t.Context(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	f.sounds.rows["S1"] = voice.Sound{ID: "S1", Tenant: tenant}
	got, err := f.StoreRecording(t.Context(), f.sounds.rows["S1"], kept.Blob)
	if err != nil || got.Duration != 1200*time.Millisecond {
		t.Fatalf("%v, %v", got.Duration, err)
	}
	clip, err := f.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptSound, Sound: "S1"})
	if err != nil || clip.PCM().Level() < -22 {
		t.Errorf("%v, %v", clip, err)
	}
	if _, err := f.StoreRecording(t.Context(), got, "no/such.wav"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("got %v", err)
	}
}

func TestSpeechIsMadeOnceAndSurvives(t *testing.T) {
	blobs := memblob.New()
	f := library(t, blobs, "en-US")
	say := voice.Prompt{Kind: voice.PromptSpeech, Text: "hello there", Voice: "en"}
	if err := f.Prepare(t.Context(), tenant, say, say); err != nil {
		t.Fatal(err)
	}
	a, err := f.Clip(t.Context(), tenant, say)
	if err != nil || f.engine.calls.Load() != 1 {
		t.Fatalf("%d syntheses, %v", f.engine.calls.Load(), err)
	}
	again := library(t, blobs, "en-US")
	b, err := again.Clip(t.Context(), "another", say)
	if err != nil || again.engine.calls.Load() != 0 || b.Len() != a.Len() {
		t.Errorf("after a restart: %d syntheses, %v", again.engine.calls.Load(), err)
	}
	pcm, err := again.Speak(t.Context(), tts.Utterance{Text: "hello  there ", Voice: tts.Voice{Language: "en-US"}})
	if err != nil || again.engine.calls.Load() != 0 || len(pcm.Samples) != a.Len() || pcm.Rate != media.Rate {
		t.Errorf("speak: %d syntheses, %v", again.engine.calls.Load(), err)
	}
}

func TestOneMakesWhatManyWaitFor(t *testing.T) {
	f := library(t, nil, "en-US")
	f.engine.gate = make(chan struct{})
	say := voice.Prompt{Kind: voice.PromptSpeech, Text: "hello", Voice: "en"}
	impatient, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			ctx := t.Context()
			if i == 0 {
				ctx = impatient
			}
			clip, err := f.Clip(ctx, tenant, say)
			if i > 0 && (err != nil || clip == nil) {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	leave()
	close(f.engine.gate)
	wg.Wait()
	if n := f.engine.calls.Load(); n > 2 {
		t.Errorf("%d syntheses for one text", n)
	}
}

// A call does not wait long for an engine that hangs: a phrase is English then,
// free text is left out.
func TestEngineThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := library(t, nil, "sv")
		f.engine.gate = make(chan struct{})
		from := time.Now()
		clip, err := f.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptStandard, Standard: "welcome", Voice: "swe"})
		if clip == nil || !voice.IsKind(err, voice.Unavailable) || !strings.Contains(err.Error(), "in English instead of voice \"swe\": the speech was not ready within 5s") {
			t.Errorf("phrase: %v, %v", clip != nil, err)
		}
		clip, err = f.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptSpeech, Text: "hej", Voice: "swe"})
		if clip != nil || !voice.IsKind(err, voice.Unavailable) || time.Since(from) != 10*time.Second {
			t.Errorf("text: %v, %v, after %v", clip != nil, err, time.Since(from))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		from = time.Now()
		if err := f.Prepare(ctx, tenant, voice.Prompt{Kind: voice.PromptSpeech, Text: "hej", Voice: "swe"}); err == nil || time.Since(from) != 20*time.Second {
			t.Errorf("prepare: %v after %v", err, time.Since(from))
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	f := library(t, nil)
	l := prompt.New(prompt.Config{Sounds: f.sounds, Blobs: f.blobs, Memory: 100_000}) // five clips of a second
	for i := range 50 {
		if _, err := l.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptSilence, Duration: time.Second + time.Duration(i)*time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		if used := l.MemoryUsed(); used > 100_000 || used < 16_000 {
			t.Fatalf("after %d clips %d bytes", i+1, used)
		}
	}
	before := l.MemoryUsed()
	if clip, err := l.Clip(t.Context(), tenant, voice.Prompt{Kind: voice.PromptSilence, Duration: time.Minute}); err != nil || clip.Duration() != time.Minute {
		t.Fatal(clip, err)
	}
	if l.MemoryUsed() != before {
		t.Error("one long clip drove the others out")
	}
}

func TestOpenStandard(t *testing.T) {
	f := library(t, nil, "sv")
	for _, c := range []struct {
		code string
		kind voice.Kind
	}{{"en", ""}, {"swe", ""}, {"gr-fe", voice.Unavailable}} {
		file, err := f.OpenStandard(t.Context(), "main-menu", c.code)
		if file == nil || voice.KindOf(err) != c.kind {
			t.Fatalf("%s: %v", c.code, err)
		}
		data, _ := io.ReadAll(file)
		if pcm, err := media.ReadWAV(strings.NewReader(string(data)), media.WAVLimits{}); err != nil || pcm.Rate != media.Rate {
			t.Errorf("%s: %v", c.code, err)
		}
		file.Close()
	}
	if file, err := f.OpenStandard(t.Context(), "nonsense", "en"); file != nil || !voice.IsKind(err, voice.NotExist) {
		t.Errorf("got %v", err)
	}
}
