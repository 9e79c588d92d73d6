package prompt_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/blob/memblob"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// site answers fetches, and counts them.
type site struct {
	body  []byte
	fail  error
	mute  bool
	now   prompt.Version // of body
	asked []string
}

func (s *site) fetch(ctx context.Context, t voice.TenantID, url string, known prompt.Version) (prompt.Fetched, error) {
	asked := string(t) + " " + url
	if known != (prompt.Version{}) {
		asked += " unless " + known.ETag + known.Modified
	}
	s.asked = append(s.asked, asked)
	if s.mute {
		<-ctx.Done()
		return prompt.Fetched{}, context.Cause(ctx)
	}
	if known == s.now && s.now != (prompt.Version{}) && s.fail == nil {
		return prompt.Fetched{Same: true}, nil
	}
	return prompt.Fetched{Body: io.NopCloser(bytes.NewReader(s.body)), Version: s.now}, s.fail
}

// The sound at an address is fetched once a minute for each account; what is no
// sound, is refused or does not come in time is said in words.
func TestFetchedSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sound, err := prompt.WAV(beep(700 * time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		s := &site{body: sound}
		l := prompt.New(prompt.Config{Blobs: memblob.New(), Fetch: s.fetch})
		p := voice.Prompt{Kind: voice.PromptURL, Text: "https://a.example/x.wav"}
		clip := func(tenant voice.TenantID) string {
			c, err := l.Clip(t.Context(), tenant, p)
			if err != nil {
				return string(voice.KindOf(err)) + " " + voice.Reason(err)
			}
			return c.Duration().String()
		}
		for range 2 {
			if got := clip("A"); !strings.HasPrefix(got, "7") && !strings.HasPrefix(got, "6") {
				t.Errorf("the sound lasts %s", got)
			}
		}
		clip("B")
		time.Sleep(time.Minute)
		clip("A")
		if got := strings.Join(s.asked, ", "); got != "A https://a.example/x.wav, B https://a.example/x.wav, A https://a.example/x.wav" {
			t.Errorf("asked %s", got)
		}
		for _, tt := range []struct {
			site site
			want string
		}{
			{site{body: []byte("<html>")}, "invalid"}, {site{body: bytes.Repeat([]byte("RIFF"), prompt.MaxUpload)}, "limit"},
			{site{fail: voice.Errorf("t", voice.Permission, "10.0.0.1 is not a public address")}, "permission 10.0.0.1 is not"},
			{site{mute: true}, "unavailable the sound was not there within 5s"},
		} {
			time.Sleep(time.Hour)
			*s = tt.site
			if got := clip("A"); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		}
	})
	l := prompt.New(prompt.Config{Blobs: memblob.New()})
	if _, err := l.Clip(t.Context(), "A", voice.Prompt{Kind: voice.PromptURL, Text: "https://a.example/"}); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("without a way to fetch: %v", err)
	}
}

// A sound that a server names a version of is asked for by it, and played for an hour
// while the server does not answer.
func TestFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sound := func(d time.Duration) []byte {
			b, err := prompt.WAV(beep(d))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		short, long := sound(300*time.Millisecond), sound(900*time.Millisecond)
		s := &site{body: short, now: prompt.Version{ETag: `"1"`}}
		l := prompt.New(prompt.Config{Blobs: memblob.New(), Fetch: s.fetch})
		play := func() (length time.Duration, err error) {
			c, err := l.Clip(t.Context(), "A", voice.Prompt{Kind: voice.PromptURL, Text: "http://x"})
			if c != nil {
				length = c.Duration().Truncate(100 * time.Millisecond)
			}
			return length, err
		}
		down := voice.Errorf("t", voice.Unavailable, "no answer")
		for i, tt := range []struct {
			pause  time.Duration
			site   site
			asked  string
			length time.Duration
			err    voice.Kind
		}{
			{0, *s, "A http://x", 300 * time.Millisecond, ""},
			{30 * time.Second, *s, "", 300 * time.Millisecond, ""},
			{30 * time.Second, *s, `A http://x unless "1"`, 300 * time.Millisecond, ""},
			{59 * time.Second, *s, "", 300 * time.Millisecond, ""},
			{time.Minute, site{body: long, now: prompt.Version{Modified: "today"}}, `A http://x unless "1"`, 900 * time.Millisecond, ""},
			{time.Minute, site{fail: down}, "A http://x unless today", 900 * time.Millisecond, voice.Unavailable},
			{30 * time.Second, site{fail: down}, "", 900 * time.Millisecond, ""}, // it is not waited for again at once
			{time.Minute, site{mute: true}, "A http://x unless today", 900 * time.Millisecond, voice.Unavailable},
			{time.Minute, site{body: long, now: prompt.Version{Modified: "today"}}, "A http://x unless today", 900 * time.Millisecond, ""},
			{50 * time.Minute, site{fail: down}, "A http://x unless today", 900 * time.Millisecond, voice.Unavailable},
			{11 * time.Minute, site{fail: down}, "A http://x unless today", 0, voice.Unavailable},
			{time.Minute, site{body: short}, "A http://x unless today", 300 * time.Millisecond, ""},
			{time.Minute, site{fail: voice.Errorf("t", voice.NotExist, "gone")}, "A http://x", 0, voice.NotExist},
		} {
			time.Sleep(tt.pause)
			*s = tt.site
			length, err := play()
			if err == nil != (tt.err == "") || err != nil && voice.KindOf(err) != tt.err || length != tt.length || strings.Join(s.asked, ", ") != tt.asked {
				t.Errorf("%d: %s heard, %v; asked %q, want %s, %q, %q", i, length, err, s.asked, tt.length, tt.err, tt.asked)
			}
		}
	})
}

// Sounds in GSM are played.
func TestFetchedGSM(t *testing.T) {
	frames, err := os.ReadFile("../media/gsm/testdata/speech.gsm")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{body: frames}
	l := prompt.New(prompt.Config{Blobs: memblob.New(), Fetch: s.fetch})
	c, err := l.Clip(t.Context(), "A", voice.Prompt{Kind: voice.PromptURL, Text: "https://a.example/x.gsm"})
	if err != nil || c.Duration() < 2*time.Second || c.Duration() > 4*time.Second {
		t.Errorf("%v %v", c, err)
	}
	if _, err := prompt.Ingest(t.Context(), bytes.NewReader(frames), "x.gsm", prompt.Limits{}); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("an upload in GSM: %v", err)
	}
	long := bytes.Repeat(frames[:33], 3000)
	if _, err := prompt.Ingest(t.Context(), bytes.NewReader(long), "", prompt.Limits{GSM: true, MaxDuration: 59 * time.Second}); !voice.IsKind(err, voice.Limit) {
		t.Errorf("a minute where less is taken: %v", err)
	}
	if err := l.Fetch(t.Context(), "A", "https://a.example/x.gsm"); err != nil || len(s.asked) != 1 {
		t.Errorf("again: %v, asked %v", err, s.asked)
	}
}
