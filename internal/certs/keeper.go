package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Files of the certificate that is our own.
const (
	ownCert = "self-signed.pem"
	ownKey  = "self-signed.key"
)

// Config says where a certificate is. Both Cert and Key are PEM files, or both are ""
// for one of our own.
type Config struct {
	Cert, Key string
	Dir       string           // keeps the one of our own
	Names     []string         // host names and addresses that the one of our own is for
	Logger    *slog.Logger     // nil = silent
	Now       func() time.Time // nil = time.Now
}

// Keeper has the certificate that is shown.
type Keeper struct {
	cfg Config

	mu      sync.Mutex
	cert    *tls.Certificate
	looked  time.Time
	state   string // of the files, when they were read
	refused string // the state that did not do
}

// Open reads the certificate; without files it makes one, unless there is one that
// still does. The error says in words what is wrong.
func Open(cfg Config) (*Keeper, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if (cfg.Cert == "") != (cfg.Key == "") {
		return nil, errors.New("a certificate needs its key, and a key its certificate")
	}
	k := &Keeper{cfg: cfg}
	if k.own() {
		k.cfg.Cert, k.cfg.Key = OwnFiles(cfg.Dir)
		if err := k.sign(); err != nil {
			return nil, err
		}
	}
	k.state = k.look()
	cert, err := load(k.cfg.Cert, k.cfg.Key)
	if err != nil {
		return nil, err
	}
	k.cert, k.looked = cert, cfg.Now()
	return k, nil
}

// OwnFiles gives where the certificate of our own and its key are kept in a folder.
func OwnFiles(dir string) (cert, key string) {
	return filepath.Join(dir, ownCert), filepath.Join(dir, ownKey)
}

func (k *Keeper) own() bool {
	return k.cfg.Cert == "" || k.cfg.Cert == filepath.Join(k.cfg.Dir, ownCert)
}

// sign makes our own certificate, where there is none that still does.
func (k *Keeper) sign() error {
	now := k.cfg.Now()
	have, err := load(k.cfg.Cert, k.cfg.Key)
	if err == nil && has(have.Leaf, k.cfg.Names) && now.Before(have.Leaf.NotAfter.Add(-renewBefore)) {
		return nil
	}
	if err := os.MkdirAll(k.cfg.Dir, 0o700); err != nil {
		return err
	}
	if err := selfSign(k.cfg.Cert, k.cfg.Key, k.cfg.Names, now); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	k.cfg.Logger.Info("made a certificate that no browser or telephone knows: tls.cert and tls.key name a better one", "file", k.cfg.Cert, "names", k.cfg.Names)
	return nil
}

// Get gives the certificate, as tls.Config wants it.
func (k *Keeper) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Now()
	if now.Sub(k.looked) < lookEvery {
		return k.cert, nil
	}
	k.looked = now
	if k.own() && now.After(k.cert.Leaf.NotAfter.Add(-renewBefore)) {
		if err := k.sign(); err != nil {
			k.cfg.Logger.Error("certificate not made anew", "error", err)
		}
	}
	state := k.look()
	if state == k.state || state == k.refused {
		return k.cert, nil
	}
	cert, err := load(k.cfg.Cert, k.cfg.Key)
	if err != nil {
		k.refused = state // it may be half written: it is read again when it changes again
		k.cfg.Logger.Warn("the new certificate does not do, the old one stays", "error", err)
		return k.cert, nil
	}
	k.cert, k.state, k.refused = cert, state, ""
	k.cfg.Logger.Info("certificate read anew", "file", k.cfg.Cert, "until", cert.Leaf.NotAfter)
	return k.cert, nil
}

// look gives what tells the files from others.
func (k *Keeper) look() string {
	text := ""
	for _, name := range []string{k.cfg.Cert, k.cfg.Key} {
		if st, err := os.Stat(name); err == nil {
			text += fmt.Sprint(st.Size(), " ", st.ModTime().UnixNano(), " ")
		}
	}
	return text
}

// Server gives the settings for those who connect.
func (k *Keeper) Server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.Get}
}
