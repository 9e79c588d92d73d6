package sipua

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// provisional sends 180 or 183, reliably where the peer demands it or, with a
// description, supports it.
func (i *Incoming) provisional(code int, reason string, sdp []byte) error {
	i.mu.Lock()
	switch {
	case i.state == stateEnded:
		i.mu.Unlock()
		return voice.Errorf("sipua.Progress", voice.HungUp, "the caller has left")
	case i.final:
		i.mu.Unlock()
		return nil
	}
	res := i.in.Response(code, reason)
	i.a.stamp(res)
	res.AppendHeader(i.contactLocked())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	if len(sdp) > 0 {
		setSDP(res, sdp)
		i.localSDP = sdp
	}
	if !i.mustRel && !(i.provable && len(sdp) > 0) {
		i.mu.Unlock()
		i.a.sendResponse(i.in, res)
		return nil
	}
	if i.rel != nil {
		i.queued = res // one at a time, RFC 3262 §3
		i.mu.Unlock()
		return nil
	}
	acc := i.reliableLocked(res)
	i.mu.Unlock()
	acc.start()
	return nil
}

// reliableLocked turns a provisional into a reliable one.
func (i *Incoming) reliableLocked(res *sip.Response) *acceptance {
	if i.rseq == 0 {
		i.rseq = rand.Uint32N(1<<20) + 1
	} else {
		i.rseq++
	}
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(i.rseq), 10)))
	acc := &acceptance{in: i.in, res: res, seq: i.in.Req.CSeq().SeqNo, rseq: i.rseq, reliable: true}
	acc.give = func() {
		i.refuse(500, "Server Internal Error", voice.EndNoConfirm, voice.CauseFailed, "the caller never confirmed our provisional response")
	}
	i.rel, i.relSDP = acc, len(res.Body()) > 0
	return acc
}

// pracked takes a PRACK (RFC 3262 §3).
func (d *Dialog) pracked(in *transact.Inbound) {
	i := d.inc
	rseq, cseq, method, ok := parseRAck(header(in.Req, "rack"))
	if i == nil || !ok {
		d.a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	d.mu.Lock()
	acc := i.rel
	if acc == nil || acc.rseq != rseq || acc.seq != cseq || method != "INVITE" {
		d.mu.Unlock()
		d.a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	i.rel = nil
	d.agreed = d.agreed || i.relSDP
	var next *acceptance
	answer := i.answer
	i.answer = nil
	if answer == nil && i.queued != nil && !i.final {
		next = i.reliableLocked(i.queued)
	}
	i.queued = nil
	d.mu.Unlock()
	acc.stop()
	if len(in.Req.Body()) > 0 {
		// A new offer before the answer: what we said stays, which is an answer too.
		res := in.Response(200, "OK")
		d.mu.Lock()
		setSDP(res, bytes.Clone(d.localSDP))
		d.mu.Unlock()
		d.a.sendResponse(in, res)
	} else {
		d.a.reply(in, 200, "OK")
	}
	if next != nil {
		next.start()
	}
	if answer != nil {
		d.mu.Lock()
		if d.state == stateEnded {
			d.mu.Unlock()
			return
		}
		i.acceptLocked(answer)
	}
}

// parseRAck reads "776656 1 INVITE".
func parseRAck(s string) (rseq, cseq uint32, method string, ok bool) {
	n, err := fmt.Sscan(s, &rseq, &cseq, &method)
	return rseq, cseq, method, n == 3 && err == nil
}
