package phone

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// sessionTimer is the agreed RFC 4028 timer of a call.
type sessionTimer struct {
	mu        sync.Mutex
	interval  time.Duration // 0 for none
	ours      bool          // we refresh
	running   bool
	refreshed chan struct{} // holds one token when a refresh came or a new interval was set
}

func (t *sessionTimer) get() (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.interval, t.ours
}

// header is the Session-Expires value for our own refresh, "" without timer.
func (t *sessionTimer) header() string {
	interval, ours := t.get()
	if interval == 0 {
		return ""
	}
	who := "uas"
	if ours {
		who = "uac"
	}
	return fmt.Sprintf("%d;refresher=%s", int(interval.Seconds()), who)
}

func (t *sessionTimer) refresh() {
	select {
	case t.refreshed <- struct{}{}:
	default:
	}
}

// acceptTimer puts the session timer that a request asks for into its 2xx:
// the refresher it names, or else the asking side, RFC 4028 §9.
func acceptTimer(req *sip.Request, res *sip.Response) {
	asked := headerValue(req, "Session-Expires")
	if asked == "" {
		return
	}
	if !strings.Contains(asked, "refresher=") {
		if headerHas(req, "Supported", "timer") {
			asked += ";refresher=uac"
		} else {
			asked += ";refresher=uas"
		}
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", asked))
	if headerHas(req, "Supported", "timer") {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
}

// setTimer takes over the Session-Expires value of a 2xx; weAsked says that
// the request was ours. The first one starts the goroutine.
func (c *Call) setTimer(value string, weAsked bool) {
	seconds, params, _ := strings.Cut(value, ";")
	n, err := strconv.Atoi(strings.TrimSpace(seconds))
	if err != nil || n <= 0 {
		return
	}
	t := &c.timer
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interval = time.Duration(n) * time.Second
	t.ours = strings.Contains(params, "refresher=uac") == weAsked
	t.refresh()
	if !t.running {
		t.running = true
		c.run(c.watchTimer)
	}
}

// watchTimer refreshes at half the interval or, when that is the far end's
// part, hangs up shortly before the interval ends unrefreshed (RFC 4028 §10).
func (c *Call) watchTimer() {
	for {
		interval, ours := c.timer.get()
		wait := interval / 2
		if !ours {
			wait = interval - min(32*time.Second, interval/3)
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.done:
			timer.Stop()
			return
		case <-c.timer.refreshed:
			timer.Stop()
			continue
		case <-timer.C:
		}
		if !ours {
			c.bye(Ending{ByUs: true, Method: "BYE", Text: "hung up here: the far end did not refresh the session in time"})
			return
		}
		if err := c.refreshSession(); err != nil {
			c.note(Event{Kind: KindSent, Text: "session refresh failed: " + err.Error()})
		}
	}
}

func (c *Call) refreshSession() error {
	ctx, stop := context.WithTimeout(context.Background(), requestTime)
	defer stop()
	c.mu.Lock()
	byUpdate := slices.Contains(c.allow, "UPDATE")
	c.mu.Unlock()
	if !byUpdate {
		return c.Reinvite(ctx)
	}
	req := c.newRequest(sip.UPDATE)
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	req.AppendHeader(sip.NewHeader("Session-Expires", c.timer.header()))
	res, err := c.do(ctx, req)
	if err == nil && !res.IsSuccess() {
		err = &RefusedError{What: "UPDATE", Status: res.StatusCode, Phrase: res.Reason}
	}
	return err
}
