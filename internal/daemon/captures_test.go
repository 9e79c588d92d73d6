package daemon_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/pcap"
	"tandem/internal/voice"
)

// TestCapturesStayWithinTheirBounds has the oldest captures of an account go for new
// ones, those that are too old go, and no more be begun than there is room for.
func TestCapturesStayWithinTheirBounds(t *testing.T) {
	ctx := t.Context()
	cfg := settings(t)
	cfg.Captures.CallMB, cfg.Captures.AccountMB = 1, 3
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { d.Close() }()
	now := time.Now()
	row := func(i int, t voice.TenantID) voice.Capture {
		return voice.Capture{ID: voice.CaptureID(fmt.Sprint("CP", i)), Tenant: t, Call: "c1", State: voice.CaptureActive, Blob: fmt.Sprintf("captures/%d.pcapng", i), Created: now.Add(time.Duration(i) * time.Minute)}
	}
	finish := func(c voice.Capture, size int) {
		t.Helper()
		info, err := d.Blobs().Put(ctx, c.Blob, bytes.NewReader(make([]byte, size)), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		c.State, c.Size = voice.CaptureFinished, info.Size
		if err := d.Captures().UpdateCapture(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(of voice.TenantID) (ids string) {
		t.Helper()
		list, err := d.Captures().Captures(ctx, voice.CaptureFilter{Tenant: of})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			ids += string(c.ID) + " "
		}
		return ids
	}
	create := func(c voice.Capture) {
		t.Helper()
		if err := d.Captures().CreateCapture(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	create(row(9, "other"))
	for i := range 3 {
		create(row(i, "one"))
		finish(row(i, "one"), 900_000)
	}
	create(row(3, "one")) // 2.7 MB are there: the oldest goes for what this may become
	if got := kept("one"); got != "CP1 CP2 CP3 " {
		t.Errorf("kept: %s", got)
	}
	if _, err := d.Blobs().Stat(ctx, "captures/0.pcapng"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("the file of the one that went: %v", err)
	}
	create(row(4, "one"))
	create(row(5, "one")) // three may take all
	if got := kept("one"); got != "CP3 CP4 CP5 " {
		t.Errorf("kept: %s", got)
	}
	if err := d.Captures().CreateCapture(ctx, row(6, "one")); !voice.IsKind(err, voice.Limit) {
		t.Errorf("a fourth at once: %v", err)
	}
	finish(row(3, "one"), 10)
	if err := d.PurgeCaptures(ctx, now.Add(4*time.Minute)); err != nil || kept("one") != "CP4 CP5 " || kept("other") != "CP9 " {
		t.Errorf("after the old ones went: %s, %v", kept("one"), err)
	}
}

// TestCapturesOfALastRun has what a process that was killed left be whole files.
func TestCapturesOfALastRun(t *testing.T) {
	ctx := t.Context()
	cfg := settings(t)
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pcap.New(&file, pcap.Header{Application: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.UDP(pcap.Packet{At: time.Now(), From: netip.MustParseAddrPort("192.0.2.1:1"), To: netip.MustParseAddrPort("192.0.2.2:2"), Payload: []byte("abc")}); err != nil {
			t.Fatal(err)
		}
	}
	for id, cut := range map[voice.CaptureID]int{"CPcut": 5, "CPnone": -1} {
		c := voice.Capture{ID: id, Tenant: "one", Call: "c1", State: voice.CaptureActive, Blob: "captures/" + string(id) + ".pcapng", Created: time.Now()}
		if err := d.Captures().CreateCapture(ctx, c); err != nil {
			t.Fatal(err)
		}
		if cut < 0 {
			continue
		}
		draft, err := d.Blobs().Create(ctx, c.Blob)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := draft.Write(file.Bytes()[:file.Len()-cut]); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	if d, err = daemon.New(cfg, daemon.Options{}); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c, err := d.Store().Capture(ctx, "one", "CPcut")
	if err != nil || c.State != voice.CapturePartial || c.Packets != 1 || c.Size >= int64(file.Len()) || c.Size%4 != 0 || c.SHA256 == "" {
		t.Errorf("one that was cut: %+v, %v", c, err)
	}
	if c, err = d.Store().Capture(ctx, "one", "CPnone"); err != nil || c.State != voice.CaptureFailed || c.Size != 0 {
		t.Errorf("one without a file: %+v, %v", c, err)
	}
}
