package daemon

import (
	"context"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"tandem/internal/blob"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// captures keeps captures of packets within their bounds: no account's take more than
// most bytes, those that go on counted as large as they may become.
type captures struct {
	*sqlstore.Store
	d          *Daemon
	each, most int64

	mu sync.Mutex // held while room is made
}

// CreateCapture makes room for one more by removing the account's oldest. Limit when
// those that go on may take all of it.
func (c *captures) CreateCapture(ctx context.Context, v voice.Capture) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, err := c.CaptureUsage(ctx, v.Tenant)
	if err != nil {
		return err
	}
	taken := int64(u.Active+1) * c.each
	if taken > c.most {
		return voice.Errorf("daemon.capture", voice.Limit, "%d calls of the account are captured, which is as many as may be within capture.account_mb", u.Active)
	}
	for excess := u.Bytes + taken - c.most; excess > 0; {
		old, err := c.Captures(ctx, voice.CaptureFilter{Tenant: v.Tenant, Over: true, Limit: 20})
		if err != nil {
			return err
		}
		if len(old) == 0 {
			break
		}
		for _, o := range old {
			if excess <= 0 {
				break
			}
			if err := c.remove(ctx, o); err != nil {
				return err
			}
			c.d.log.Info("a capture was removed to make room for another", "capture", o.ID, "account", o.Tenant)
			excess -= max(o.Size, 1)
		}
	}
	return c.Store.CreateCapture(ctx, v)
}

// remove removes a capture, its row first: a row without its file would mislead.
func (c *captures) remove(ctx context.Context, v voice.Capture) error {
	if err := c.DeleteCapture(ctx, v.Tenant, v.ID); err != nil && !voice.IsKind(err, voice.NotExist) {
		return err
	}
	err := c.d.blobs.Delete(context.WithoutCancel(ctx), v.Blob)
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return err
}

// captureBatch is how many captures are looked at at once.
const captureBatch = 100

// tidy removes captures that are too old, once now and then every hour, until ctx ends.
func (c *captures) tidy(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if err := c.purge(ctx, time.Now().Add(-time.Duration(c.d.cfg.Captures.Hours)*time.Hour)); err != nil && ctx.Err() == nil {
			c.d.log.Error("old captures are not removed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// purge removes the captures that began before a time.
func (c *captures) purge(ctx context.Context, before time.Time) error {
	for {
		old, err := c.Captures(ctx, voice.CaptureFilter{Over: true, Before: before, Limit: captureBatch})
		if err != nil || len(old) == 0 {
			return err
		}
		for _, v := range old {
			if err := c.remove(ctx, v); err != nil {
				return err
			}
		}
	}
}

// startCaptures gives where captures are kept; nil = nothing is captured.
func (d *Daemon) startCaptures() voice.CaptureStore {
	if d.cfg.Captures.Hours <= 0 {
		return nil
	}
	d.captures = &captures{Store: d.store, d: d, each: d.captureBytes(), most: int64(d.cfg.Captures.AccountMB) << 20}
	return d.captures
}

func (d *Daemon) captureBytes() int64 { return int64(d.cfg.Captures.CallMB) << 20 }

// recoverCaptures makes what there is of captures that an earlier process left open
// whole files, and gives what is to be noted of each.
func (d *Daemon) recoverCaptures(ctx context.Context) ([]voice.Event, error) {
	open, err := d.store.Captures(ctx, voice.CaptureFilter{State: voice.CaptureActive, Limit: 10_000})
	if err != nil {
		return nil, err
	}
	var notes []voice.Event
	for _, c := range open {
		// One that can't be closed is no reason not to start; the next start tries again.
		if err := d.recoverCapture(ctx, &c); err != nil {
			d.log.Error("capture of the last run not closed", "capture", c.ID, "blob", c.Blob, "err", err)
			continue
		}
		kind := voice.EventCaptureEnded
		if c.State == voice.CaptureFailed {
			kind = voice.EventCaptureFailed
		}
		notes = append(notes, voice.Event{Call: c.Call, Tenant: c.Tenant, At: time.Now().Truncate(time.Microsecond), Kind: kind,
			Text: "the capture of packets is " + string(c.State) + ": " + c.Words, Data: map[string]string{"capture": string(c.ID)}})
	}
	return notes, nil
}

func (d *Daemon) recoverCapture(ctx context.Context, c *voice.Capture) error {
	c.State, c.Ended, c.Words = voice.CapturePartial, time.Now(), "the server ended while packets were captured"
	draft, size, err := d.blobs.Reopen(ctx, c.Blob)
	switch {
	case voice.IsKind(err, voice.NotExist):
		info, err := d.blobs.Stat(ctx, c.Blob)
		if voice.IsKind(err, voice.NotExist) {
			c.State = voice.CaptureFailed
		} else if err != nil {
			return err
		}
		c.Size = info.Size
	case err != nil:
		return err
	default:
		whole, packets, err := wholeBlocks(draft, size)
		if err == nil {
			err = draft.Truncate(whole)
		}
		if err != nil {
			return err
		}
		var info blob.Info
		if info, err = draft.Finish(); err != nil {
			return err
		}
		c.Size, c.SHA256, c.Packets = info.Size, info.SHA256, packets
	}
	return d.store.UpdateCapture(ctx, *c)
}

// wholeBlocks gives how many bytes of a capture are whole blocks of pcapng, and how many
// of these are packets.
func wholeBlocks(f io.ReaderAt, size int64) (whole, packets int64, err error) {
	const least, packetBlock = 12, 6
	var head [8]byte
	for whole+least <= size {
		if _, err := f.ReadAt(head[:], whole); err != nil {
			return whole, packets, err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		if n < least || n%4 != 0 || whole+n > size {
			break
		}
		if binary.LittleEndian.Uint32(head[:]) == packetBlock {
			packets++
		}
		whole += n
	}
	return whole, packets, nil
}

// StartCapture and StopCapture order captures of calls that are up.
func (c liveCalls) StartCapture(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.CaptureID, error) {
	return c.d.board.StartCapture(ctx, t, id)
}

func (c liveCalls) StopCapture(ctx context.Context, t voice.TenantID, id voice.CallID) error {
	return c.d.board.StopCapture(ctx, t, id)
}
