package daemon_test

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tandem/internal/blob"
	"tandem/internal/blob/fileblob"
	"tandem/internal/config"
	"tandem/internal/daemon"
	"tandem/internal/phone"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// until asks again and again until ok, for ten seconds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if ok() {
			return
		}
		<-tick.C
	}
	t.Fatalf("%s does not come", what)
}

func tone(d time.Duration) []int16 {
	s := make([]int16, int(d*8000/time.Second))
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*500*float64(i)/8000))
	}
	return s
}

// leaveMessage calls the sample's mailbox and speaks after the beep for two
// seconds; the call is up when it returns.
func leaveMessage(t *testing.T, d *daemon.Daemon) *phone.Call {
	t.Helper()
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := p.Dial(ctx, "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Press(ctx, "2", phone.PressOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the recording", func() bool {
		rows, err := d.Store().Recordings(ctx, "", voice.RecordingFilter{State: voice.RecordingActive, AllTenants: true})
		return err == nil && len(rows) == 1
	})
	if err := c.Play(ctx, tone(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func account(t *testing.T, s *sqlstore.Store) voice.TenantID {
	t.Helper()
	tenants, err := s.Tenants(t.Context())
	if err != nil || len(tenants) == 0 {
		t.Fatal("no account", err)
	}
	return tenants[0].ID
}

// message gives the one message there is and its recording.
func message(t *testing.T, s *sqlstore.Store) (voice.Message, voice.Recording) {
	t.Helper()
	messages, err := s.Messages(t.Context(), account(t, s), "", 10)
	if err != nil || len(messages) != 1 {
		t.Fatalf("messages: %+v %v", messages, err)
	}
	r, err := s.Recording(t.Context(), messages[0].Tenant, messages[0].Recording)
	if err != nil {
		t.Fatal(err)
	}
	return messages[0], r
}

func TestMessageSurvivesTheServersEnd(t *testing.T) {
	cfg := settings(t)
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := leaveMessage(t, d)
	d.Close()
	<-c.Done()
	again, _ := run(t, cfg)
	m, r := message(t, again.Store())
	if r.State != voice.RecordingFinished || r.Duration < 1800*time.Millisecond || m.Duration != r.Duration {
		t.Errorf("message %+v\nrecording %+v", m, r)
	}
	cdr, err := again.Store().CDR(t.Context(), "", m.Call)
	if err != nil || cdr.Cause != voice.CauseShutdown || cdr.End.IsZero() || len(cdr.Legs) != 1 {
		t.Errorf("record %+v %v", cdr, err)
	}
}

// TestMailIsNotedAfterTheCall has a mail server that nobody answers at.
func TestMailIsNotedAfterTheCall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cfg := settings(t)
	cfg.SMTP = config.SMTP{Host: "127.0.0.1", Port: port, TLS: cfg.SMTP.TLS}
	d, _ := run(t, cfg)
	c := leaveMessage(t, d)
	c.Hangup(t.Context())
	var events []voice.Event
	until(t, "the event of the mail", func() bool {
		messages, err := d.Store().Messages(t.Context(), account(t, d.Store()), "", 10)
		if err != nil || len(messages) != 1 {
			return false
		}
		events, err = d.Store().Events(t.Context(), messages[0].Call)
		return err == nil && slices.ContainsFunc(events, func(e voice.Event) bool { return e.Kind == voice.EventMailFailed })
	})
	if !slices.ContainsFunc(events, func(e voice.Event) bool { return e.Kind == voice.EventCallEnded }) {
		until(t, "the end", func() bool {
			events, _ = d.Store().Events(t.Context(), events[0].Call)
			return slices.ContainsFunc(events, func(e voice.Event) bool { return e.Kind == voice.EventCallEnded })
		})
	}
	for i, e := range events {
		if e.Seq != i+1 {
			t.Fatalf("event %d of the timeline has number %d: %s", i+1, e.Seq, e.Text)
		}
	}
}

// TestCrashKeepsWhatWasSaid has what a server that was killed leaves behind: a
// row, and a draft whose header is older than its sound.
func TestCrashKeepsWhatWasSaid(t *testing.T) {
	cfg := settings(t)
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant := account(t, d.Store())
	users, err := d.Store().Users(t.Context(), tenant)
	if err != nil || len(users) == 0 {
		t.Fatal(err)
	}
	row := voice.Recording{ID: "RE1", Tenant: tenant, Call: "C1", User: users[0].ID, Purpose: voice.ForVoicemail, State: voice.RecordingActive,
		Blob: blob.NewKey("recordings", "wav", time.Now()), Channels: 1, From: "+46700000001", To: "+12025550100", Created: time.Now()}
	empty, gone := row, row
	empty.ID, empty.Blob = "RE2", blob.NewKey("recordings", "wav", time.Now())
	gone.ID, gone.Blob = "RE3", blob.NewKey("recordings", "wav", time.Now())
	for _, r := range []voice.Recording{row, empty, gone} {
		if err := d.Store().CreateRecording(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Store().PutCDR(t.Context(), voice.CDR{Call: "C1", Tenant: tenant, Direction: voice.Inbound, From: row.From, To: row.To, Start: time.Now()}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	blobs, err := fileblob.Open(filepath.Join(cfg.Data, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, blobs, row.Blob, wav(3*8000, 2*8000))
	write(t, blobs, empty.Blob, nil)
	blobs.Close()

	again, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, r := message(t, again.Store())
	if r.ID != "RE1" || r.State != voice.RecordingPartial || r.Duration != 3*time.Second || r.SHA256 == "" || r.Size != 44+3*16000 {
		t.Errorf("recording %+v", r)
	}
	if m.From != row.From || m.User != users[0].ID || m.Duration != 3*time.Second {
		t.Errorf("message %+v", m)
	}
	for _, id := range []voice.RecordingID{"RE2", "RE3"} {
		if r, err := again.Store().Recording(t.Context(), tenant, id); err != nil || r.State != voice.RecordingFailed || r.Words == "" {
			t.Errorf("%s: %+v %v", id, r, err)
		}
	}
	again.Close()
	blobs, err = fileblob.Open(filepath.Join(cfg.Data, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	f, err := blobs.Open(t.Context(), row.Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 44)
	if _, err := f.Read(head); err != nil || binary.LittleEndian.Uint32(head[40:]) != 3*16000 || binary.LittleEndian.Uint32(head[4:]) != 36+3*16000 {
		t.Errorf("the header tells %d bytes of sound (%v)", binary.LittleEndian.Uint32(head[40:]), err)
	}
}

func write(t *testing.T, s *fileblob.Store, key string, b []byte) {
	t.Helper()
	draft, err := s.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Write(b); err != nil {
		t.Fatal(err)
	}
}

// wav is a file of some samples whose header tells of fewer.
func wav(samples, told int) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+2*told))...)
	b = append(b, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 8000, 16000, 2 | 16<<16} {
		b = le.AppendUint32(b, v)
	}
	b = le.AppendUint32(append(b, "data"...), uint32(2*told))
	return append(b, make([]byte, 2*samples)...)
}
