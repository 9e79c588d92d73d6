package transact

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
	"net/netip"
	"strconv"
	"time"
)

// Opening is a request that would begin something: it is of no dialog that we
// know, and begins no answer, acknowledgement or end. It is read from the bytes of
// the message, before that is parsed.
type Opening struct {
	Method string // "other" when it is none of those known
	User   string // user part of the request URI as it stands; "" = none, or too long
	Source netip.Addr
	Exempt bool          // the source is free of limits
	Waited time.Duration // in the socket
}

// openingMethods are those that an Opening tells apart.
var openingMethods = [...]string{"INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE", "NOTIFY", "PUBLISH", "REFER", "INFO"}

const maxUser = 32

// gate turns requests away before anything is done for them. What was turned away
// is remembered for a while by a hash, so that the same request, when it comes
// again because its answer was lost or late, is not let in after all.
type gate struct {
	tag  string // that our To tags begin with, so that their ACKs are known
	seed maphash.Seed
	// turned holds the Retry-After, in seconds, of requests that were turned away.
	turned *aged[uint64, uint8]
}

// Bounds of what was turned away.
const (
	turnedFor = 8 * time.Second // and up to twice as long
	turnedMax = 1 << 14
)

func newGate() *gate {
	g := &gate{seed: maphash.MakeSeed(), turned: newAged[uint64, uint8](turnedFor, turnedMax)}
	g.tag = "away" + strconv.FormatUint(maphash.Bytes(g.seed, nil)>>32, 16) + "."
	return g
}

func (o *outline) opening(f flow, exempt bool, now time.Time) Opening {
	n := Opening{Method: "other", Source: f.peer().Addr(), Exempt: exempt}
	if u, ok := f.(*udpFlow); ok {
		n.Waited = now.Sub(u.at)
	}
	for _, m := range openingMethods {
		if string(o.method) == m {
			n.Method = m
		}
	}
	if _, rest, ok := bytes.Cut(o.uri, []byte(":")); ok {
		user, _, _ := bytes.Cut(rest, []byte("@"))
		if user, _, _ = bytes.Cut(user, []byte(";")); len(user) <= maxUser {
			n.User = string(user)
		}
	}
	return n
}

// pass says whether a request may go on. It answers those that may not, and drops
// the ACKs of such answers.
func (l *Layer) pass(b []byte, f flow, exempt bool) bool {
	var o outline
	if !o.read(b) {
		return true // it is refused for what it lacks
	}
	tag := tagOf(o.to)
	if string(o.method) == "ACK" && bytes.HasPrefix(tag, []byte(l.gate.tag)) {
		return false
	}
	if l.cfg.Known != nil && l.cfg.Known(o.callID) {
		return true
	}
	now := time.Now()
	if !begins(b) {
		return exempt || l.stray(f, now)
	}
	if len(tag) > 0 || l.cfg.Gate == nil {
		return true
	}
	h := l.gate.hash(&o)
	seconds, again := l.gate.turned.get(h, now)
	if !again {
		wait, ok := l.cfg.Gate(o.opening(f, exempt, now))
		if ok {
			return true
		}
		seconds = uint8(min(max(wait, time.Second), 255*time.Second) / time.Second)
		l.gate.turned.put(h, seconds, now)
	}
	l.turnAway(b, &o, h, f, exempt, seconds)
	return false
}

// stray counts a message that belongs to nothing we know, such as a BYE or an ACK
// with tags that somebody made up, against its source's share of those. Those beyond
// it are dropped.
func (l *Layer) stray(f flow, now time.Time) bool {
	if l.strays.allow(f.peer().Addr(), now) {
		return true
	}
	l.strayed.Add(1)
	return false
}

// awaited says whether a response is one to a request of ours, or else whether its
// source may still send one that is not.
func (l *Layer) awaited(b []byte, f flow) bool {
	var o outline
	if !o.read(b) {
		return true // it is counted as malformed
	}
	_, method, _ := bytes.Cut(o.cseq, []byte(" "))
	key := string(branchOf(o.via)) + "\x00" + string(bytes.TrimSpace(method))
	l.mu.Lock()
	_, ok := l.clients[key]
	l.mu.Unlock()
	return ok || l.cfg.Known != nil && l.cfg.Known(o.callID) || l.stray(f, time.Now())
}

func (g *gate) hash(o *outline) uint64 {
	var h maphash.Hash
	h.SetSeed(g.seed)
	h.Write(o.callID)
	h.WriteByte(0)
	h.Write(o.cseq)
	h.WriteByte(0)
	h.Write(tagOf(o.from))
	return h.Sum64()
}

// turnAway answers 503 without any state of a transaction.
func (l *Layer) turnAway(b []byte, o *outline, h uint64, f flow, exempt bool, seconds uint8) {
	var sum [8]byte
	for i := range sum {
		sum[i] = byte(h >> (8 * i))
	}
	tag := append([]byte(l.gate.tag), hex.EncodeToString(sum[:])...)
	out := make([]byte, 0, 640)
	out = append(out, "SIP/2.0 503 Service Unavailable\r\n"...)
	out, ok := o.appendVias(out, b, f)
	if !ok {
		return
	}
	for _, h := range [...]struct {
		name  string
		value []byte
	}{{"From: ", o.from}, {"\r\nTo: ", o.to}, {";tag=", tag}, {"\r\nCall-ID: ", o.callID}, {"\r\nCSeq: ", o.cseq}} {
		out = append(append(out, h.name...), h.value...)
	}
	out = append(out, "\r\nRetry-After: "...)
	out = strconv.AppendUint(out, uint64(seconds), 10)
	out = append(out, "\r\nContent-Length: 0\r\n\r\n"...)
	if f.network() == "udp" && !exempt && len(out) > len(b)*3/2 {
		l.limited.Add(1)
		return // whoever it was would be sent more than came
	}
	l.turnedAway.Add(1)
	// A peer that can't be reached asks again.
	_ = f.writeRaw(out)
}

// appendVias copies the Via headers; in the first it notes where the request came
// from (RFC 3261 §18.2.1, RFC 3581 §4) and aims the answer as those have it.
func (o *outline) appendVias(out, b []byte, f flow) ([]byte, bool) {
	src := f.peer()
	if o.vias > maxVias {
		return out, false
	}
	out = append(append(out, "Via: "...), bytes.Replace(o.via, []byte(";rport"), nil, 1)...)
	symmetric := bytes.Contains(bytes.ToLower(o.via), []byte(";rport"))
	out = append(append(out, ";received="...), src.Addr().String()...)
	if symmetric {
		out = strconv.AppendUint(append(out, ";rport="...), uint64(src.Port()), 10)
	}
	out = append(out, crlf...)
	if u, ok := f.(*udpFlow); ok && !symmetric {
		u.to = netip.AddrPortFrom(src.Addr(), sentByPort(o.via))
	}
	seen := 0
	for line := range bytes.SplitSeq(b, crlf) {
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if o.place(bytes.TrimRight(name, " \t")) != &o.via {
			continue
		}
		if seen++; seen > 1 {
			out = append(append(append(out, "Via: "...), bytes.TrimSpace(value)...), crlf...)
		}
	}
	return out, true
}

// sentByPort gives the port of a Via's sent-by, 5060 when there is none.
func sentByPort(via []byte) uint16 {
	host, _, _ := bytes.Cut(via, []byte(";"))
	host = bytes.TrimSpace(host)
	i := bytes.LastIndexByte(host, ':')
	if i < 0 || bytes.IndexByte(host[i:], ']') >= 0 {
		return 5060
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(host[i+1:])), 10, 16)
	if err != nil || n == 0 {
		return 5060
	}
	return uint16(n)
}
