package prompt_test

import (
	"bytes"
	"context"
	"io"
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
	asked []string
}

func (s *site) fetch(ctx context.Context, t voice.TenantID, url string) (io.ReadCloser, error) {
	s.asked = append(s.asked, string(t)+" "+url)
	if s.mute {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return io.NopCloser(bytes.NewReader(s.body)), s.fail
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
			time.Sleep(time.Minute)
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
