package dtlssrtp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/transport/v4/packetio"
)

const (
	// HandshakeTime is how long a handshake may take from Start on.
	HandshakeTime = 10 * time.Second
	// lingerTime is for how long after it the last flight is sent again to a peer that
	// has missed it (RFC 6347 §4.2.4); then the memory is freed and keys stay.
	lingerTime = 10 * time.Second
	queueLen   = 32 // packets that wait for a handshake's goroutine
	queueBytes = 64 << 10
)

// The protection profiles of SRTP, in our order (RFC 5764 §4.1.2, RFC 7714 §14.2).
const (
	AES128GCM    = "AEAD_AES_128_GCM"
	AES128SHA180 = "AES_CM_128_HMAC_SHA1_80"
)

// Keys are the master keys and salts of both directions.
type Keys struct {
	Profile               string
	LocalKey, LocalSalt   []byte // of what we send
	RemoteKey, RemoteSalt []byte
}

// ErrNothing is the result of a handshake of which nothing came in its time.
var ErrNothing = errors.New("no DTLS from the peer")

// Config is one handshake.
type Config struct {
	Identity     *Identity
	Fingerprints []Fingerprint // of the peer, at least one
	Active       bool          // we begin
	// Send sends a packet to the peer. It is called in the handshake's goroutines,
	// must not block, and must not keep the packet.
	Send func(packet []byte)
	// Done is told the result, once, in a goroutine of the session; not after Close.
	Done func(Keys, error)
	// Time is how long it may take; 0 = HandshakeTime.
	Time time.Duration
}

// IsDTLS reports whether a packet of a media port is DTLS (RFC 7983 §7).
func IsDTLS(b []byte) bool { return len(b) > 12 && b[0] >= 20 && b[0] <= 63 }

// Session is a handshake under way or done.
type Session struct {
	conf   Config
	in     *packetio.Buffer
	heard  atomic.Bool
	muted  atomic.Bool
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Start begins the handshake, or waits for the peer to.
func Start(conf Config) *Session {
	s := &Session{conf: conf, in: packetio.NewBuffer()}
	s.in.SetLimitCount(queueLen)
	s.in.SetLimitSize(queueBytes)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.wg.Go(func() { s.run(ctx) })
	return s
}

// Packet takes a packet of the peer; it is copied, or dropped when too many wait.
func (s *Session) Packet(b []byte) {
	s.heard.Store(true)
	_, _ = s.in.Write(b)
}

// Close ends the session, and says so to a peer whose handshake is done and young.
func (s *Session) Close() {
	s.cancel()
	s.wg.Wait()
}

func (s *Session) run(ctx context.Context) {
	defer s.in.Close()
	conn, err := s.connect()
	if err != nil {
		s.report(ctx, Keys{}, err)
		return
	}
	limit := s.conf.Time
	if limit <= 0 {
		limit = HandshakeTime
	}
	within, stop := context.WithTimeout(ctx, limit)
	err = conn.HandshakeContext(within)
	stop()
	if err != nil {
		s.muted.Store(errors.Is(err, context.Canceled))
		_ = conn.Close() // what it was about is said by the handshake's error
		s.report(ctx, Keys{}, s.words(err))
		return
	}
	keys, err := s.keys(conn)
	s.report(ctx, keys, err)
	if err == nil {
		s.linger(ctx, conn)
	}
	s.muted.Store(ctx.Err() == nil) // the peer need not know that the memory is freed
	_ = conn.Close()
}

// linger reads, and throws away, what comes after the handshake.
func (s *Session) linger(ctx context.Context, conn *dtls.Conn) {
	over := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer over()
	if conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	var b [2048]byte
	for range queueLen {
		if _, err := conn.Read(b[:]); err != nil {
			return
		}
	}
}

// report tells the result, unless nobody wants it any more.
func (s *Session) report(ctx context.Context, k Keys, err error) {
	if ctx.Err() == nil {
		s.conf.Done(k, err)
	}
}

// connect makes the connection, without a packet yet.
func (s *Session) connect() (*dtls.Conn, error) {
	both := []dtls.Option{
		dtls.WithCertificates(s.conf.Identity.cert),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithExtendedMasterSecret(dtls.RequestExtendedMasterSecret),
		dtls.WithInsecureSkipVerify(true), // no authority, but the fingerprint
		dtls.WithVerifyPeerCertificate(s.verify),
		dtls.WithLoggerFactory(silence{}),
		dtls.WithFlightInterval(250 * time.Millisecond),
	}
	var conn *dtls.Conn
	var err error
	if s.conf.Active {
		var opts []dtls.ClientOption
		for _, o := range both {
			opts = append(opts, o)
		}
		conn, err = dtls.ClientWithOptions(wire{s}, peer{}, opts...)
	} else {
		opts := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
		for _, o := range both {
			opts = append(opts, o)
		}
		conn, err = dtls.ServerWithOptions(wire{s}, peer{}, opts...)
	}
	if err != nil {
		return nil, fmt.Errorf("begin DTLS: %w", err)
	}
	return conn, nil
}

func (s *Session) verify(certs [][]byte, _ [][]*x509.Certificate) error {
	if len(certs) == 0 {
		return ErrFingerprint
	}
	return check(certs[0], s.conf.Fingerprints)
}

// words gives the error of a handshake for people.
func (s *Session) words(err error) error {
	switch {
	case errors.Is(err, ErrFingerprint):
		return ErrFingerprint
	case !s.heard.Load():
		return ErrNothing
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the DTLS handshake did not come to its end in time")
	}
	return fmt.Errorf("the DTLS handshake failed: %w", err)
}

// keys exports what RFC 5764 §4.2 makes of the handshake.
func (s *Session) keys(conn *dtls.Conn) (Keys, error) {
	var k Keys
	keyLen, saltLen := 16, 12
	profile, _ := conn.SelectedSRTPProtectionProfile()
	switch profile {
	case dtls.SRTP_AEAD_AES_128_GCM:
		k.Profile = AES128GCM
	case dtls.SRTP_AES128_CM_HMAC_SHA1_80:
		k.Profile, saltLen = AES128SHA180, 14
	default:
		return k, errors.New("the peer's DTLS has no use for SRTP")
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return k, errors.New("the DTLS handshake has no result")
	}
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(keyLen+saltLen))
	if err != nil {
		return k, fmt.Errorf("export the keys of SRTP: %w", err)
	}
	take := func(n int) []byte {
		part := b[:n:n]
		b = b[n:]
		return part
	}
	client, server, clientSalt, serverSalt := take(keyLen), take(keyLen), take(saltLen), take(saltLen)
	k.LocalKey, k.LocalSalt, k.RemoteKey, k.RemoteSalt = server, serverSalt, client, clientSalt
	if s.conf.Active {
		k.LocalKey, k.LocalSalt, k.RemoteKey, k.RemoteSalt = client, clientSalt, server, serverSalt
	}
	return k, nil
}

// wire is the session as the packet connection that DTLS wants.
type wire struct{ s *Session }

func (w wire) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := w.s.in.Read(b)
	return n, peer{}, err
}

func (w wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	if w.s.muted.Load() {
		return 0, io.ErrClosedPipe
	}
	w.s.conf.Send(b)
	return len(b), nil
}

func (w wire) Close() error                      { return w.s.in.Close() }
func (w wire) LocalAddr() net.Addr               { return peer{} }
func (w wire) SetDeadline(t time.Time) error     { return w.s.in.SetReadDeadline(t) }
func (w wire) SetReadDeadline(t time.Time) error { return w.s.in.SetReadDeadline(t) }
func (w wire) SetWriteDeadline(time.Time) error  { return nil }

// peer is the one address there is: the port knows where that is.
type peer struct{}

func (peer) Network() string { return "udp" }
func (peer) String() string  { return "peer" }

// silence keeps the library from writing to the standard output.
type silence struct{}

func (silence) NewLogger(string) logging.LeveledLogger {
	return &logging.DefaultLeveledLogger{}
}
