package daemon

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"tandem/internal/blob/fileblob"
	"tandem/internal/blob/memblob"
	"tandem/internal/config"
	"tandem/internal/dialect"
	"tandem/internal/outbound"
	"tandem/internal/prompt"
	"tandem/internal/store/sqlstore"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/tts/flitetts"
	"tandem/internal/tts/httptts"
	"tandem/internal/voice"
)

// speechTime bounds one request to a speech server.
const speechTime = 30 * time.Second

func (d *Daemon) startSpeech(ctx context.Context) error {
	d.policy = outbound.New(outbound.Config{AllowLoopback: d.cfg.AllowLoopback, Private: d.cfg.AllowPrivate, Own: d.own(), Allowed: d.allowed})
	d.downloads = downloads{d.policy.Client(outbound.Audio())}
	d.closing(d.downloads.client.CloseIdleConnections)
	engines := d.openEngines(ctx)
	if len(engines) == 0 {
		d.log.Warn("no speech engine: prompts are the built-in English ones; apt-get install espeak-ng")
	}
	d.prompts = prompt.New(prompt.Config{
		Sounds: d.lookups, Recordings: d.store, Blobs: d.blobs, Speech: tts.NewPool(engines, tts.Options{Timeout: speechTime}),
		Fetch: d.downloads.fetch, Lame: lamePath(),
	})
	return nil
}

func (d *Daemon) openEngines(ctx context.Context) []tts.Synthesizer {
	var engines []tts.Synthesizer
	for _, name := range d.cfg.Speech.Engines {
		e, err := d.openEngine(ctx, name)
		if err != nil {
			d.log.Warn("speech engine left out", "engine", name, "err", err)
			continue
		}
		if e != nil {
			engines = append(engines, e)
		}
	}
	return engines
}

// OpenPrompts gives the prompts of an installation to a command that runs beside or
// without the server; with st nil there are no accounts, and only what the program
// and its speech engines have. close it when done.
func OpenPrompts(ctx context.Context, cfg config.Config, st *sqlstore.Store, log *slog.Logger) (l *prompt.Library, closing func() error, err error) {
	d := &Daemon{cfg: cfg, log: log}
	d.policy = outbound.New(outbound.Config{AllowLoopback: cfg.AllowLoopback, Private: cfg.AllowPrivate, Own: d.own()})
	use := prompt.Config{Speech: tts.NewPool(d.openEngines(ctx), tts.Options{Timeout: speechTime}), Lame: lamePath(), Patience: speechTime}
	if st == nil {
		use.Blobs = memblob.New() // what is spoken is kept while the command runs
		return prompt.New(use), func() error { return nil }, nil
	}
	blobs, err := fileblob.Open(filepath.Join(cfg.Data, blobDir))
	if err != nil {
		return nil, nil, err
	}
	use.Sounds, use.Recordings, use.Blobs = st, st, blobs
	return prompt.New(use), blobs.Close, nil
}

// allowed gives the networks that the operator lets an account's URLs lead to.
func (d *Daemon) allowed(ctx context.Context, t voice.TenantID) ([]netip.Prefix, error) {
	tenant, err := d.lookups.Tenant(ctx, t)
	return tenant.Allow, err
}

// own lists the addresses that this program listens on, which nobody may make
// it fetch from.
func (d *Daemon) own() []netip.AddrPort {
	var list []netip.AddrPort
	for _, a := range []string{d.cfg.HTTP, d.cfg.HTTPTLS, d.cfg.SIP, d.cfg.SIPTLS, d.cfg.SIPWS, d.cfg.SIPWSS} {
		host, port, err := net.SplitHostPort(a)
		n, perr := strconv.ParseUint(port, 10, 16)
		if err != nil || perr != nil || n == 0 {
			continue
		}
		addr, err := netip.ParseAddr(host)
		if err != nil {
			addr = netip.IPv4Unspecified()
		}
		list = append(list, netip.AddrPortFrom(addr, uint16(n)))
	}
	return list
}

// openEngine gives nil for an engine that is not set up.
func (d *Daemon) openEngine(ctx context.Context, name string) (tts.Synthesizer, error) {
	switch name {
	case "espeak":
		return espeaktts.Open(ctx, "")
	case "flite":
		return flitetts.Open(ctx, "")
	case "openai":
		if d.cfg.Speech.OpenAIURL == "" {
			return nil, nil
		}
		return httptts.New(httptts.Config{
			URL: d.cfg.Speech.OpenAIURL, Key: d.cfg.Speech.OpenAIKey, Model: d.cfg.Speech.OpenAIModel,
			Voices: []string{d.cfg.Speech.OpenAIVoice}, Client: d.policy.Operator(speechTime),
		})
	}
	return nil, voice.Errorf("daemon.openEngine", voice.Invalid, "no engine is called %q", name)
}

// audio keeps and makes sound for the dialects.
type audio struct {
	p    *prompt.Library
	lame string // path of the program that reads MP3; "" = none
}

func (a audio) Ingest(ctx context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	in, err := prompt.Ingest(ctx, r, "file", prompt.Limits{PCM16: true})
	if err != nil {
		return dialect.Clip{}, err
	}
	kept, err := a.p.Keep(ctx, prompt.Telephone(in.PCM))
	return dialect.Clip{Blob: kept.Blob, Size: kept.Size, Duration: kept.Duration}, err
}

func (d *Daemon) audio() audio { return audio{d.prompts, lamePath()} }

// IngestFile takes WAV of any whole-number encoding, and MP3 where lame is
// installed.
func (a audio) IngestFile(ctx context.Context, _ voice.TenantID, r io.Reader) (dialect.Clip, error) {
	in, err := prompt.Ingest(ctx, r, "file", prompt.Limits{NoFloat: true, Lame: a.lame})
	if err != nil {
		return dialect.Clip{}, err
	}
	kept, err := a.p.Keep(ctx, prompt.Telephone(in.PCM))
	return dialect.Clip{Blob: kept.Blob, Size: kept.Size, Duration: kept.Duration}, err
}

func (a audio) Speak(ctx context.Context, _ voice.TenantID, u dialect.Utterance) (dialect.Clip, error) {
	pcm, err := a.p.Speak(ctx, tts.Utterance{Text: u.Text, Voice: tts.Voice{ID: u.Voice, Language: u.Language, Gender: tts.Gender(u.Gender)}})
	if err != nil {
		return dialect.Clip{}, err
	}
	kept, err := a.p.Keep(ctx, pcm)
	return dialect.Clip{Blob: kept.Blob, Size: kept.Size, Duration: kept.Duration}, err
}

func (a audio) Voices(context.Context) ([]dialect.SpeechVoice, error) { return Voices(a.p), nil }

// Voices lists those that prompts can be spoken by, as vendors' documents choose of them.
func Voices(l *prompt.Library) []dialect.SpeechVoice {
	var list []dialect.SpeechVoice
	for _, v := range l.SpeechVoices() {
		list = append(list, dialect.SpeechVoice{ID: v.ID, Name: v.Name, Language: v.Language, Gender: string(v.Gender)})
	}
	return list
}

func (a audio) Open(ctx context.Context, blob string) (io.ReadSeekCloser, error) {
	return a.p.Open(ctx, blob)
}

// OpenStandard gives what can be heard, if need be the English instead.
func (a audio) OpenStandard(ctx context.Context, phrase, code string) (io.ReadSeekCloser, error) {
	f, err := a.p.OpenStandard(ctx, phrase, code)
	if f != nil {
		return f, nil
	}
	return nil, err
}
