package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tandem/internal/admin"
	"tandem/internal/blob/fileblob"
	"tandem/internal/browser"
	"tandem/internal/httpapi"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// File names inside the data folder.
const (
	lockFile = "tandem.lock"
	blobDir  = "blobs"
)

func (d *Daemon) openData(ctx context.Context) error {
	if err := os.MkdirAll(d.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", d.cfg.Data, err)
	}
	if err := d.takeLock(); err != nil {
		return err
	}
	box, err := secret.OpenFile(d.cfg.KeyPath())
	if err != nil {
		return err
	}
	d.box = box
	opt := sqlstore.Options{Secrets: box, Logger: d.log}
	if opt.PostgresURL = d.cfg.Postgres; opt.PostgresURL == "" {
		opt.SQLitePath = d.cfg.DatabasePath()
	}
	if d.store, err = sqlstore.Open(ctx, opt); err != nil {
		return err
	}
	d.closing(func() { d.store.Close() })
	d.lookups = &lookups{NumberStore: d.store, ExtensionStore: d.store, AppStore: d.store, TenantStore: d.store, SoundStore: d.store, changes: d.store.Changes}
	d.events = httpapi.NewHub()
	d.pages = browser.New(time.Now)
	d.journal = sqlstore.NewJournal(d.store, 0, d.log)
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := d.journal.Close(ctx); err != nil {
			d.log.Error("timelines not stored", "err", err)
		}
	})
	if d.blobs, err = fileblob.Open(filepath.Join(d.cfg.Data, blobDir)); err != nil {
		return err
	}
	d.closing(func() { d.blobs.Close() })
	return nil
}

// takeLock keeps a second server off the same data folder. The kernel frees
// the lock with the process, however it ends.
func (d *Daemon) takeLock() error {
	f, err := os.OpenFile(filepath.Join(d.cfg.Data, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("another server uses the data folder %s; stop it or give another with --data", d.cfg.Data)
	}
	d.closing(func() { f.Close() })
	return nil
}

// announce tells the other commands where this server is.
func (d *Daemon) announce(ctx context.Context) error {
	s := d.serverInfo(ctx)
	if err := admin.Announce(ctx, d.store, s); err != nil {
		return err
	}
	d.closing(func() {
		if err := admin.Announce(context.Background(), d.store, admin.Server{}); err != nil {
			d.log.Warn("other commands will still look for this server", "err", err)
		}
	})
	return nil
}

// discard removes a recording, its row first: a row without audio would mislead.
func (d *Daemon) discard(ctx context.Context, r voice.Recording) error {
	if err := d.store.DeleteRecording(ctx, r.Tenant, r.ID); err != nil {
		return err
	}
	if r.Blob == "" {
		return nil
	}
	err := d.blobs.Delete(context.WithoutCancel(ctx), r.Blob)
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return err
}
