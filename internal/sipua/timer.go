package sipua

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/voice"
)

// sessionTimer is a dialog's session timer (RFC 4028). Guarded by Dialog.mu.
type sessionTimer struct {
	interval time.Duration // 0 = none
	min      time.Duration // the peer's Min-SE
	ours     bool          // we refresh
	required bool          // the peer supports timers, so the answer may require them
	timer    *time.Timer
}

func (t *sessionTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
}

// start arms the timer: half-way when we refresh, shortly before the end when
// the peer should have.
func (t *sessionTimer) start(d *Dialog) {
	t.stop()
	if t.interval <= 0 || d.state == stateEnded {
		return
	}
	after := t.interval / 2
	if !t.ours {
		after = t.interval - min(32*time.Second, t.interval/3)
	}
	ours := t.ours
	t.timer = time.AfterFunc(after, func() {
		if ours {
			d.a.spawn(d.refresh)
			return
		}
		d.HangupFor(voice.EndNoRefresh, voice.CauseFailed, "the session timer ran out: the peer did not refresh the call")
	})
}

// take reads the timer headers of a peer's INVITE or UPDATE; 422 refuses it.
func (t *sessionTimer) take(req *sip.Request, l Limits) (code int) {
	has := supports(req, "timer")
	want, refresher, given := parseSession(header(req, "session-expires"), header(req, "x"))
	minSE, _, _ := parseSession(header(req, "min-se"), "")
	if given && want < l.MinSession {
		if has {
			return 422
		}
		want = l.MinSession
	}
	ours := l.Session
	if !given && ours < 0 {
		t.interval = 0
		return 0
	}
	t.required = has
	t.min = minSE
	t.interval = want
	if !given || (ours > 0 && ours < want && has) {
		t.interval = max(ours, minSE, l.MinSession)
	}
	switch {
	case !has:
		t.ours = true
	case given && refresher == "uas":
		t.ours = true
	case given:
		t.ours = false
	default:
		t.ours = true
	}
	return 0
}

// decorate puts the timer into a 2xx to a peer's request.
func (t *sessionTimer) decorate(res *sip.Response) {
	if t.interval <= 0 {
		return
	}
	who := "uac"
	if t.ours {
		who = "uas"
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", seconds(t.interval)+";refresher="+who))
	if t.required && !t.ours {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
}

// ask puts our wish into a request of ours.
func (t *sessionTimer) ask(req *sip.Request, l Limits, within bool) {
	if l.Session < 0 && t.interval == 0 {
		return
	}
	want := t.interval
	if want == 0 {
		want = max(l.Session, t.min)
	}
	value := seconds(want)
	if within {
		value += ";refresher=" + map[bool]string{true: "uac", false: "uas"}[t.ours]
	}
	req.AppendHeader(sip.NewHeader("Session-Expires", value))
	req.AppendHeader(sip.NewHeader("Min-SE", seconds(max(t.min, l.MinSession))))
}

// settle reads the timer from a 2xx to a request of ours.
func (t *sessionTimer) settle(res *sip.Response, l Limits) {
	got, refresher, given := parseSession(header(res, "session-expires"), header(res, "x"))
	if !given {
		t.interval = 0
		return
	}
	t.interval = max(got, l.MinSession) // or a peer could make us refresh without pause
	t.ours = refresher != "uas"
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// parseSession reads "1800;refresher=uac" from the long or the compact header.
func parseSession(long, compact string) (d time.Duration, refresher string, ok bool) {
	if long == "" {
		long = compact
	}
	number, params, _ := strings.Cut(long, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
	if err != nil {
		return 0, "", false
	}
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(value))
		}
	}
	return time.Duration(n) * time.Second, refresher, true
}

// session settles the timer of a call that came in; false when it was refused.
func (i *Incoming) session() bool {
	i.mu.Lock()
	code := i.timer.take(i.in.Req, i.a.cfg.Limits)
	i.mu.Unlock()
	if code == 0 {
		return true
	}
	i.refuse(422, "Session Interval Too Small", voice.EndNoRefresh, voice.CauseFailed, "the session timer asked for is too short",
		sip.NewHeader("Min-SE", seconds(i.a.cfg.Limits.MinSession)))
	return false
}

// refresh keeps the session alive: UPDATE where the peer has it, else INVITE.
func (d *Dialog) refresh() {
	ctx, cancel := context.WithTimeout(d.a.ctx, 64*sip.T1)
	defer cancel()
	d.mu.Lock()
	update := strings.Contains(strings.ToUpper(d.allow), "UPDATE")
	sdp := d.localSDP
	d.mu.Unlock()
	var err error
	if update {
		err = d.update(ctx)
	} else {
		var s *offer.Session
		s, err = d.Reinvite(ctx, sdp)
		d.tellAnswer(s)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil && d.state != stateEnded {
		// The peer may be busy with an offer of its own: once more, later.
		d.timer.stop()
		d.timer.timer = time.AfterFunc(max(d.timer.interval/4, time.Second), func() { d.refreshOrEnd() })
	}
}

// refreshOrEnd is the last try to refresh.
func (d *Dialog) refreshOrEnd() {
	d.a.spawn(func() {
		ctx, cancel := context.WithTimeout(d.a.ctx, 64*sip.T1)
		defer cancel()
		d.mu.Lock()
		sdp := d.localSDP
		d.mu.Unlock()
		if _, err := d.Reinvite(ctx, sdp); err != nil {
			d.HangupFor(voice.EndNoRefresh, voice.CauseFailed, "the session timer ran out: "+voice.Reason(err))
		}
	})
}

// update sends an UPDATE without a description.
func (d *Dialog) update(ctx context.Context) error {
	req := d.request(sip.UPDATE)
	req.AppendHeader(sip.NewHeader("Supported", supported))
	d.mu.Lock()
	d.timer.ask(req, d.a.cfg.Limits, true)
	d.mu.Unlock()
	res, err := d.send(ctx, req)
	if err != nil {
		return err
	}
	return d.refreshed(res)
}

// refreshed takes the answer to a refresh or re-INVITE.
func (d *Dialog) refreshed(res *sip.Response) error {
	if res.IsSuccess() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.timer.settle(res, d.a.cfg.Limits)
		d.timer.start(d)
		return nil
	}
	f := failureFrom(res)
	if res.StatusCode == 481 || res.StatusCode == 408 {
		d.HangupFor(voice.EndPeerForgot, voice.CauseFailed, "the peer no longer knows the call: "+f.Error())
	}
	return failed("sipua.Refresh", f)
}
