package sipua

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// Bounds of the registration loop.
const (
	registerFor   = time.Hour             // asked for
	retryFirst    = 5 * time.Second       // after the first failure, then doubling
	retryMost     = 10 * time.Minute      // longest wait
	refusedWait   = time.Minute           // first wait after 403 or 404
	unregisterFor = time.Second           // grace for the withdrawal at the end
	spread        = 50 * time.Millisecond // between the first attempts of many trunks, on average
	spreadMost    = 30 * time.Second      // until the last of them
	spreadFrom    = 5                     // so many trunks begin at once
)

// TrunkState is where a trunk's registration stands.
type TrunkState struct {
	Trunk      voice.TrunkID
	Name       string
	Registers  bool // the trunk is configured to register
	Registered bool
	Status     int    // last final status; 0 = none came
	Words      string // "registered", or what is wrong
	Since      time.Time
	Next       time.Time // next attempt
	Address    string    // what its host resolves to, "" = unknown
}

// registration keeps one trunk's registration alive (RFC 3261 §10.2).
type registration struct {
	a      *Agent
	trunk  voice.Trunk
	cancel context.CancelFunc
	done   chan struct{}
	poke   chan struct{} // has it registered anew at once
	callID string
	tag    string
	seq    uint32
	delay  time.Duration // before the first attempt

	mu      sync.Mutex
	state   TrunkState
	service []sip.Uri // Service-Route of the last success (RFC 3608)
}

func (a *Agent) newRegistration(k voice.Trunk) (*registration, context.Context) {
	r := &registration{
		a: a, trunk: k, done: make(chan struct{}), poke: make(chan struct{}, 1), callID: sip.GenerateTagN(24), tag: sip.GenerateTagN(16),
		state: TrunkState{Trunk: k.ID, Name: k.Name, Registers: true, Words: "not tried yet"},
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(a.ctx)
	return r, ctx
}

// TrunkStates tells where each trunk stands, in the order of SetTrunks.
func (a *Agent) TrunkStates() []TrunkState {
	s := &a.trunks
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]TrunkState, 0, len(s.list))
	for _, k := range s.list {
		st := TrunkState{Trunk: k.ID, Name: k.Name, Words: "does not register"}
		if r := s.regs[k.ID]; r != nil {
			r.mu.Lock()
			st = r.state
			r.mu.Unlock()
		} else if t := s.keys[keysOf(k)]; t != nil && t.words != "" {
			st.Words += ", " + t.words
		}
		if list := s.addrs[k.ID]; len(list) > 0 {
			st.Address = list[0].String()
		} else {
			st.Words = "host " + k.Host + " is not resolved"
		}
		out = append(out, st)
	}
	return out
}

// run registers, waits and registers again until ctx ends; then it withdraws
// the registration.
func (r *registration) run(ctx context.Context) {
	defer close(r.done)
	failures, expires := 0, registerFor
	select {
	case <-time.After(r.delay):
	case <-ctx.Done():
		return
	}
	for {
		granted, status, wait, err := r.once(ctx, expires)
		if ctx.Err() != nil {
			break
		}
		switch {
		case err == nil && status == 423 && wait > 0 && wait <= 24*time.Hour && wait > expires:
			expires = wait
			continue
		case err == nil && status >= 200 && status < 300:
			failures = 0
			wait = refreshAfter(granted)
			r.report(true, status, r.registeredWords(), wait)
		default:
			failures++
			// What many were asked alike they don't do at once.
			wait += time.Duration(rand.Int64N(int64(wait/10) + 1))
			wait = max(wait, backOff(status, failures))
			words := "no answer"
			if err != nil {
				words = voice.Reason(err)
			} else if status != 0 {
				words = "refused with " + (&Failure{Status: status, Reason: r.lastReason()}).Error()
			}
			r.report(false, status, words, wait)
		}
		select {
		case <-time.After(wait):
			continue
		case <-r.poke:
			continue
		case <-ctx.Done():
		}
		break
	}
	r.withdraw()
}

func (r *registration) withdraw() {
	r.mu.Lock()
	registered := r.state.Registered
	r.state.Registered = false
	r.mu.Unlock()
	if !registered {
		return
	}
	ctx, cancel := context.WithTimeout(r.a.ctx, unregisterFor)
	defer cancel()
	// A trunk that does not answer forgets us by itself.
	_, _, _, _ = r.once(ctx, 0)
}

// refreshAfter leaves room for a few tries before the registration ends.
func refreshAfter(granted time.Duration) time.Duration {
	at := granted * 4 / 5
	return max(at-time.Duration(rand.Int64N(int64(granted/10)+1)), time.Second)
}

// backOff doubles from retryFirst to retryMost with a third of jitter; a trunk
// that refuses the account is asked less often.
func backOff(status, failures int) time.Duration {
	d := retryFirst
	if status == 403 || status == 404 {
		d = refusedWait
	}
	for range min(failures-1, 10) {
		d = min(d*2, retryMost)
	}
	return d*5/6 + time.Duration(rand.Int64N(int64(d/3)))
}

func (r *registration) report(ok bool, status int, words string, wait time.Duration) {
	r.mu.Lock()
	changed := r.state.Registered != ok || r.state.Since.IsZero()
	if changed {
		r.state.Since = time.Now()
	}
	r.state.Registered, r.state.Status, r.state.Words = ok, status, words
	r.state.Next = time.Now().Add(wait)
	r.mu.Unlock()
	if changed {
		r.a.log.Info("trunk registration", "trunk", r.trunk.Name, "registered", ok, "words", words, "next", wait)
	}
}

func (r *registration) lastReason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Words
}

// once sends REGISTER with what authentication it takes. wait is what a
// refusal asks for.
func (r *registration) once(ctx context.Context, expires time.Duration) (granted time.Duration, status int, wait time.Duration, err error) {
	uri, routes, places, err := r.a.place(ctx, Target{Trunk: &r.trunk, User: r.trunk.Username, registering: true})
	if err != nil {
		return 0, 0, 0, err
	}
	dest := destOf(places[0])
	creds := &credentials{username: r.trunk.Username, password: r.trunk.Password}
	req := r.request(uri, routes, dest, expires)
	for try := 0; ; try++ {
		r.seq++
		req.CSeq().SeqNo = r.seq
		tctx, cancel := context.WithTimeout(ctx, 64*sip.T1)
		var res *sip.Response
		res, dest, err = r.a.tryPlaces(tctx, &req, places, false, r.a.roundTripWithin)
		cancel()
		if err != nil {
			return 0, 0, 0, err
		}
		if challenged(res) && try < maxAuthTries-1 {
			if again, err := creds.answer(req, res); err == nil {
				req = again
				continue
			}
		}
		r.mu.Lock()
		r.state.Words = cleanText(res.Reason)
		r.mu.Unlock()
		if res.StatusCode == 423 {
			d, _ := parseExpires(header(res, "min-expires"))
			return 0, 423, d, nil
		}
		if res.IsSuccess() && expires > 0 {
			r.serve(res, dest)
		}
		return r.granted(res, dest, expires), res.StatusCode, failureFrom(res).RetryAfter, nil
	}
}

func (r *registration) request(uri sip.Uri, routes []sip.Uri, dest transact.Dest, expires time.Duration) *sip.Request {
	aor := sip.Uri{Scheme: "sip", User: uri.User, Host: uri.Host}
	to := uri
	to.User = ""
	req := sip.NewRequest(sip.REGISTER, to)
	for _, u := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *u.Clone()})
	}
	from := &sip.FromHeader{Address: aor}
	from.Params.Add("tag", r.tag)
	callID := sip.CallIDHeader(r.callID)
	forwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: aor})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{MethodName: sip.REGISTER})
	req.AppendHeader(&forwards)
	r.a.stamp(req)
	req.AppendHeader(r.a.contact(uri.User, dest))
	req.AppendHeader(sip.NewHeader("Expires", seconds(expires)))
	return req
}

// granted finds how long our contact stays registered.
func (r *registration) granted(res *sip.Response, dest transact.Dest, asked time.Duration) time.Duration {
	own := r.a.contact(cleanUser(r.trunk.Username), dest).Address
	for _, h := range res.GetHeaders("contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || !strings.EqualFold(c.Address.Host, own.Host) || c.Address.Port != own.Port || c.Address.User != own.User {
			continue
		}
		if text, ok := c.Params.Get("expires"); ok {
			if d, ok := parseExpires(text); ok && d > 0 {
				return d
			}
		}
	}
	if d, ok := parseExpires(header(res, "expires")); ok && d > 0 {
		return d
	}
	return asked
}
