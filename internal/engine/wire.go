package engine

import (
	"bytes"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/sipua"
)

// wire is what a capture of a call can see: the ports of its legs and their SIP
// messages. Any goroutine may use it; its mutex is held for a look only.
type wire struct {
	hush   rtpport.Hush
	secret atomic.Bool // the call has had a step whose keys are hidden

	mu     sync.Mutex
	ports  []*rtpport.Port
	early  []message // that came before the call was answered, while nothing is captured
	late   bool      // it is answered: they are not kept any more
	on     *capture  // nil = nothing is captured
	closed bool      // the call is over
}

// message is a SIP message as it is captured.
type message struct {
	at          time.Time
	in          bool
	peer, local netip.AddrPort
	transport   string
	text        []byte
	hidden      bool // its body is
}

// Bounds of the messages that are kept of a call before it is answered.
const (
	earlyMessages = 32
	earlyText     = 16 << 10 // bytes of each; longer ones are not kept
)

// conceals says whether the caller's keys are secret, and whether a talk is going on,
// in which nothing is asked: then keys alone are hidden.
func (w *wire) conceals(on, talk bool) {
	if on {
		w.secret.Store(true)
	}
	w.hush.Hide(on, on && !talk)
}

// join lets the packets of a port be captured; it is the call's now.
func (w *wire) join(p *rtpport.Port) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ports = append(w.ports, p)
	if w.on != nil {
		w.on.attach(p)
	}
}

// part ends that: the port is closed, or another call's now.
func (w *wire) part(p *rtpport.Port) {
	w.mu.Lock()
	w.ports = slices.DeleteFunc(w.ports, func(x *rtpport.Port) bool { return x == p })
	k := w.on
	w.mu.Unlock()
	if k != nil {
		k.detach(p)
	}
}

// sees takes a message of one of the call's dialogs.
func (w *wire) sees(m sipua.Message) {
	if len(m.Raw) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on == nil && (w.late || len(w.early) >= earlyMessages || len(m.Raw) > earlyText) {
		return
	}
	hides := m.Method == "INFO" && m.Status == 0 && w.secret.Load()
	k := message{at: m.At, in: m.In, peer: m.Peer, local: m.Local, transport: m.Transport, text: discreet(m.Raw, hides), hidden: hides}
	if w.on == nil {
		w.early = append(w.early, k)
		return
	}
	w.on.take(k)
}

// answered says that the call is: what came before is of use no more.
func (w *wire) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late, w.early = true, nil
}

// over says that the call has ended. A capture goes on for the last messages.
func (w *wire) over() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed, w.late, w.early = true, true, nil
	if w.on != nil {
		w.on.callOver()
	}
}

// discreet copies a message for a capture: without what proves a password, without the
// keys of SRTP, and where hides says so without its body. An x stands for each octet.
func discreet(raw []byte, hides bool) []byte {
	b := bytes.Clone(raw)
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(b)
	}
	proof := false
	for line := range bytes.SplitSeq(b[:end], []byte("\r\n")) {
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' { // else it continues the one before
			name, _, _ := bytes.Cut(line, []byte(":"))
			name = bytes.TrimRight(name, " \t")
			proof = bytes.EqualFold(name, []byte("Authorization")) || bytes.EqualFold(name, []byte("Proxy-Authorization"))
		}
		if proof {
			maskProof(line)
		}
	}
	body := b[min(end+4, len(b)):]
	if hides {
		mask(body)
		return b
	}
	for rest := body; ; {
		at := bytes.Index(rest, []byte("inline:")) // RFC 4568 §6.1
		if at < 0 {
			return b
		}
		rest = rest[at+len("inline:"):]
		n := bytes.IndexAny(rest, "|; \t\r\n")
		if n < 0 {
			n = len(rest)
		}
		mask(rest[:n])
	}
}

// maskProof masks the response of a digest (RFC 7616), and all of another scheme's.
func maskProof(line []byte) {
	lower := bytes.ToLower(line)
	if !bytes.Contains(lower, []byte("digest")) && !bytes.HasPrefix(lower, []byte(" ")) && !bytes.HasPrefix(lower, []byte("\t")) {
		_, value, _ := bytes.Cut(line, []byte(":"))
		mask(value)
		return
	}
	at := bytes.Index(lower, []byte("response="))
	if at < 0 {
		return
	}
	value := bytes.TrimLeft(line[at+len("response="):], `"`)
	if n := bytes.IndexAny(value, `", `); n >= 0 {
		value = value[:n]
	}
	mask(value)
}

func mask(b []byte) {
	for i := range b {
		b[i] = 'x'
	}
}
