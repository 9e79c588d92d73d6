package sipua

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// request takes every new request; it runs on the socket's goroutine and hands
// on whatever may wait.
func (a *Agent) request(in *transact.Inbound) {
	req := in.Req
	if req.Method == sip.ACK {
		return
	}
	if bad := unsupported(req); len(bad) > 0 {
		a.reply(in, 420, "Bad Extension", sip.NewHeader("Unsupported", strings.Join(bad, ", ")))
		return
	}
	_, tagged := req.To().Params.Get("tag")
	if (tagged || req.Method != sip.INVITE) && len(req.GetHeaders("replaces")) > 0 {
		a.reply(in, 400, "Replaces Belongs In A First INVITE") // RFC 3891 §3
		return
	}
	if tagged && req.Method != sip.REGISTER {
		a.inDialog(in)
		return
	}
	switch req.Method {
	case sip.INVITE:
		a.invited(in)
	case sip.REGISTER:
		a.register(in)
	case sip.OPTIONS:
		a.options(in)
	case sip.BYE, sip.INFO, sip.UPDATE, sip.PRACK, sip.CANCEL:
		a.reply(in, 481, "Call/Transaction Does Not Exist")
	case sip.REFER:
		a.reply(in, 403, "Forbidden")
	case sip.SUBSCRIBE, sip.PUBLISH:
		a.reply(in, 489, "Bad Event", sip.NewHeader("Allow", allowed))
	case sip.NOTIFY:
		a.reply(in, 481, "Subscription Does Not Exist")
	case sip.MESSAGE:
		a.reply(in, 405, "Method Not Allowed", sip.NewHeader("Allow", allowed))
	default:
		a.reply(in, 501, "Not Implemented", sip.NewHeader("Allow", allowed))
	}
}

// reply answers and logs what the transport refuses: the peer will ask again.
func (a *Agent) reply(in *transact.Inbound, code int, reason string, headers ...sip.Header) {
	res := in.Response(code, reason)
	a.stamp(res)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	a.sendResponse(in, res)
}

func (a *Agent) sendResponse(in *transact.Inbound, res *sip.Response) {
	if err := in.Send(res); err != nil {
		a.log.Debug("SIP response was not sent", "status", res.StatusCode, "peer", in.Source(), "error", err)
	}
}

// unsupported lists required extensions that we do not have (RFC 3261 §8.2.2.3).
func unsupported(req *sip.Request) []string {
	if req.Method == sip.CANCEL {
		return nil
	}
	var out []string
	for _, t := range tokens(req, "require", "proxy-require") {
		switch strings.ToLower(t) {
		case "100rel", "timer", "replaces", "norefersub", "histinfo", "privacy":
		case "path":
			if req.Method == sip.REGISTER {
				continue
			}
			out = append(out, "path")
		default:
			if len(out) < 16 {
				out = append(out, cleanText(t))
			}
		}
	}
	return out
}

// options answers OPTIONS outside of dialogs (RFC 3261 §11).
func (a *Agent) options(in *transact.Inbound) {
	if a.busy() {
		a.reply(in, 503, "Service Unavailable", sip.NewHeader("Retry-After", "10"))
		return
	}
	a.reply(in, 200, "OK", capabilities()...)
}

func capabilities() []sip.Header {
	return []sip.Header{
		sip.NewHeader("Allow", allowed),
		sip.NewHeader("Accept", "application/sdp"),
		sip.NewHeader("Supported", supported),
	}
}

// busy reports that no new call is taken.
func (a *Agent) busy() bool {
	a.mu.Lock()
	closing := a.closing
	a.mu.Unlock()
	return closing || (a.cfg.Draining != nil && a.cfg.Draining())
}

// ack takes an ACK of a 2xx.
func (a *Agent) ack(req *sip.Request) {
	if d := a.find(req); d != nil {
		d.acked(req)
	}
}

// cancelled takes the CANCEL of a call that came in.
func (a *Agent) cancelled(in *transact.Inbound, req *sip.Request) {
	a.mu.Lock()
	inc := a.merged[mergeKey(in.Req)]
	a.mu.Unlock()
	if inc == nil || inc.in != in {
		return
	}
	inc.withdrawn(req)
}

// mergeKey tells an INVITE that arrived twice by different ways (RFC 3261
// §8.2.2.2).
func mergeKey(req *sip.Request) string {
	tag, _ := req.From().Params.Get("tag")
	return req.CallID().Value() + "\x00" + tag + "\x00" + strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)
}
