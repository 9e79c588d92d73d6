package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/srtp/v3"
)

// secureWay is one connection over TLS that all calls of a generator take.
type secureWay struct {
	suite suite
	conn  *tls.Conn
	mu    sync.Mutex // one writer at a time
}

func dialSecure(ctx context.Context, addr string, by suite) (*secureWay, error) {
	// The server signed its certificate itself; that it is the right one is not measured.
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("SIP over TLS: %w", err)
	}
	return &secureWay{suite: by, conn: c.(*tls.Conn)}, nil
}

func (w *secureWay) local() netip.AddrPort { return w.conn.LocalAddr().(*net.TCPAddr).AddrPort() }

func (w *secureWay) write(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn.Write(b) // a connection that broke answers nothing, which counts
}

// read takes messages until the connection ends.
func (w *secureWay) read(g *generator) {
	in := bufio.NewReaderSize(w.conn, 1<<16)
	for {
		b, err := readMessage(in)
		if err != nil {
			return
		}
		if m, ok := parseMessage(b); ok {
			g.message(m)
		}
	}
}

// readMessage takes one message off a stream (RFC 3261 §18.3).
func readMessage(in *bufio.Reader) ([]byte, error) {
	var b []byte
	body := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(b) == 0 && len(strings.TrimSpace(string(line))) == 0 {
			continue // a keep-alive
		}
		b = append(b, line...)
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.EqualFold(name, "Content-Length") {
			if body, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || body < 0 || body > 1<<16 {
				return nil, errors.New("bad length of a message")
			}
		}
		if len(line) == 2 {
			break
		}
	}
	head := len(b)
	b = append(b, make([]byte, body)...)
	_, err := io.ReadFull(in, b[head:])
	return b, err
}

// suite is how packets are secured (RFC 4568 §6.2, RFC 7714 §14).
type suite struct {
	name    string
	salt    int // octets
	profile srtp.ProtectionProfile
}

var (
	counterSuite = suite{"AES_CM_128_HMAC_SHA1_80", 14, srtp.ProtectionProfileAes128CmHmacSha1_80}
	galoisSuite  = suite{"AEAD_AES_128_GCM", 12, srtp.ProtectionProfileAeadAes128Gcm}
)

const (
	keySize  = 16
	sealRoom = 16 // octets of a packet's tag, at most
)

// sealing secures the media of one call (SRTP with SDES). The writer seals; the
// reader opens the first packets, which shows that both have the right keys, and
// reads the headers alone of the rest, so that the generator keeps up.
type sealing struct {
	suite  suite
	key    []byte // and salt
	out    *srtp.Context
	in     *srtp.Context
	opened int
	room   [packetSize + sealRoom]byte // of the writer
	plain  [packetSize + sealRoom]byte // of the reader
}

const openFirst = 5

func newSealing(by suite) *sealing {
	s := &sealing{suite: by, key: make([]byte, keySize+by.salt)}
	rand.Read(s.key)
	return s
}

func (s *sealing) offer() string {
	return "a=crypto:1 " + s.suite.name + " inline:" + base64.StdEncoding.EncodeToString(s.key) + "\r\n"
}

// answered takes the server's key; false when there is none that can be used.
func (s *sealing) answered(sdp string) bool {
	_, rest, ok := strings.Cut(sdp, "a=crypto:1 "+s.suite.name+" inline:")
	if !ok {
		return false
	}
	text, _, _ := strings.Cut(rest, "\r\n")
	text, _, _ = strings.Cut(text, "|")
	theirs, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(theirs) != len(s.key) {
		return false
	}
	var errs [2]error
	s.out, errs[0] = srtp.CreateContext(s.key[:keySize], s.key[keySize:], s.suite.profile)
	s.in, errs[1] = srtp.CreateContext(theirs[:keySize], theirs[keySize:], s.suite.profile)
	return errors.Join(errs[:]...) == nil
}

// close seals the packet of size octets in b, and returns its size then.
func (s *sealing) close(b []byte, size int) int {
	out, err := s.out.EncryptRTP(s.room[:0], b[:size], nil)
	if err != nil {
		return size // the server drops it, and hears nothing
	}
	return copy(b, out)
}

// open gives the packet in clear, or its header before sealed sound; nil when it
// does not open.
func (s *sealing) open(b []byte) []byte {
	if s.opened >= openFirst {
		return b
	}
	s.opened++
	out, err := s.in.DecryptRTP(s.plain[:0], b, nil)
	if err != nil {
		return nil
	}
	return out
}
