package transact

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// socket is a pipe of a WebSocket, where each message is one of SIP (RFC 7118).
type socket struct {
	*websocket.Conn
	local net.Addr
}

func (s socket) write(b []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	kind := websocket.MessageText
	if !utf8.Valid(b) {
		kind = websocket.MessageBinary
	}
	return s.Write(ctx, kind, b)
}

func (s socket) LocalAddr() net.Addr { return s.local }
func (s socket) Close() error        { return s.CloseNow() }

// counted is a connection that ServeHTTP need not count.
type counted struct{}

// webServer serves WebSockets alone on a listener of their own.
func (l *Layer) webServer() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(l.ServeHTTP),
		ReadHeaderTimeout: l.cfg.Limits.Handshake, ReadTimeout: l.cfg.Limits.Handshake,
		WriteTimeout: l.cfg.Limits.Handshake, MaxHeaderBytes: l.cfg.Limits.MessageSize,
		ConnContext:  func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, counted{}, true) },
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1 alone
		ErrorLog:     log.New(handshakeLog{l}, "", 0),
	}
}

// handshakeLog takes what net/http says of connections that come to nothing.
type handshakeLog struct{ l *Layer }

func (h handshakeLog) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("TLS handshake")) {
		h.l.handshakes.Add(1)
	}
	h.l.cfg.Logger.Log(h.l.ctx, slog.LevelDebug, "WebSocket", "words", strings.TrimSpace(string(b)))
	return len(b), nil
}

// admitting is a listener whose connections are counted, until they are closed.
type admitting struct {
	net.Listener
	l    *Layer
	paid bool // each costs a handshake, which counts as something that begins
}

func (a admitting) Accept() (net.Conn, error) {
	for {
		c, err := a.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := peerOf(c).Addr()
		switch {
		case a.paid && !a.l.exempt(peer) && !a.l.limit.allow(peer, time.Now()):
			a.l.limited.Add(1)
		case a.l.admit(peer, true):
			return &admitted{Conn: c, release: func() { a.l.release(peer) }}, nil
		}
		_ = c.Close()
	}
}

type admitted struct {
	net.Conn
	once    sync.Once
	release func()
}

func (a *admitted) Close() error {
	a.once.Do(a.release)
	return a.Conn.Close()
}

// ServeHTTP takes a WebSocket that speaks SIP, "ws" or, over TLS, "wss".
func (l *Layer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	switch {
	case !slices.ContainsFunc(r.Header.Values("Sec-WebSocket-Protocol"), asksForSIP) && r.Header.Get("Upgrade") != "":
		http.Error(w, "the subprotocol sip must be asked for (RFC 7118)", http.StatusBadRequest)
		return
	case !l.originAllowed(r):
		l.handshakes.Add(1)
		http.Error(w, "pages of this origin may not speak SIP here", http.StatusForbidden)
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, "no address", http.StatusBadRequest)
		return
	}
	peer = unmap(peer)
	release := func() {}
	if r.Context().Value(counted{}) == nil {
		if !l.admit(peer.Addr(), true) {
			http.Error(w, "too many connections", http.StatusServiceUnavailable)
			return
		}
		release = func() { l.release(peer.Addr()) }
	}
	key := Dest{Transport: "ws", Addr: peer}
	if r.TLS != nil {
		key.Transport = "wss"
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	w.Header().Del("Connection")
	// The origin was looked at above; its check here would compare ports, too.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sip"}, InsecureSkipVerify: true})
	if err != nil {
		release()
		return // it has answered
	}
	conn.SetReadLimit(int64(l.cfg.Limits.MessageSize))
	t := l.enterCounted(key, socket{conn, local}, release)
	if t == nil || !l.spawn(func() { l.readSocket(t, conn) }) {
		_ = conn.CloseNow()
		release()
	}
}

func asksForSIP(list string) bool {
	for p := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(p), "sip") {
			return true
		}
	}
	return false
}

// originAllowed says whether the page that asks may: one of the host that was asked,
// whatever the port, or one of Config.Origins. Programs that are no browsers say none.
func (l *Layer) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if asked, err := url.Parse("//" + r.Host); err == nil && strings.EqualFold(u.Hostname(), asked.Hostname()) {
		return true
	}
	return slices.ContainsFunc(l.cfg.Origins, func(o string) bool {
		return o == "*" || strings.EqualFold(o, origin)
	})
}

// readSocket takes messages until the connection ends, with the same times as a
// stream's, and asks now and then whether the peer is still there.
func (l *Layer) readSocket(t *stream, conn *websocket.Conn) {
	ctx, cancel := context.WithCancel(l.ctx)
	var probing sync.WaitGroup
	defer l.drop(t)
	defer probing.Wait()
	defer cancel()
	probing.Go(func() { l.probe(ctx, t, conn) })
	limit := time.AfterFunc(l.cfg.Limits.FirstMessage, cancel)
	defer limit.Stop()
	for {
		_, r, err := conn.Reader(ctx)
		if err != nil {
			t.why = err
			return
		}
		limit.Reset(l.cfg.Limits.MessageComplete)
		b, err := io.ReadAll(r)
		if err != nil {
			t.why = err
			return
		}
		limit.Reset(l.cfg.Limits.IdleConnection)
		body := bytes.TrimLeft(b, "\r\n")
		start, _, _ := bytes.Cut(body, []byte("\r\n"))
		switch {
		case len(body) > 0 && !bytes.Contains(start, []byte("SIP/")):
			l.malformed.Add(1) // who speaks something else is not heard any longer
			return
		case len(body) > 0:
			t.spoke = true
			l.receive(body, t)
		case bytes.HasPrefix(b, []byte("\r\n\r\n")):
			if t.writeRaw([]byte("\r\n")) != nil { // RFC 5626 §3.5.1
				return
			}
		}
	}
}

// probe sends pings, which keep proxies and NATs open, and ends a connection that
// does not answer one.
func (l *Layer) probe(ctx context.Context, t *stream, conn *websocket.Conn) {
	tick := time.NewTicker(l.cfg.Limits.Ping)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		within, cancel := context.WithTimeout(ctx, l.cfg.Limits.MessageComplete)
		err := conn.Ping(within)
		cancel()
		if err != nil {
			t.shut()
			return
		}
	}
}
