package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// interrupted is why an attempt that was the last came to nothing.
const interrupted = "the program ended while it was sent"

// Bounds of an answer, in bytes.
const (
	maxAnswer = 64 << 10 // is read
	answered  = 500      // is kept
)

// errNotTaken is an answer other than 2xx.
var errNotTaken = errors.New("not taken")

// sent is a request as it was made, and its answer.
type sent struct {
	delivery voice.Delivery // as it was sent
	headers  map[string]string
	signed   string
	status   int // 0 = no answer
	answer   string
	after    time.Duration // the endpoint asks to be spared for so long
}

// attempt sends a delivery once and gives what came of that.
func (w *Worker) attempt(d voice.Delivery, last bool) outcome {
	begun := w.cfg.Clock.Now()
	s, err := w.send(w.ctx, d, begun)
	took := w.cfg.Clock.Now().Sub(begun)
	unmade := errors.Is(err, errUnsigned) && voice.IsKind(err, voice.Unavailable) // nobody was asked
	if unmade || err != nil && w.ctx.Err() != nil && !(last && d.Operator) {
		d.Next = w.cfg.Clock.Now() // the endpoint is not to blame
		if unmade {
			d.Next = d.Next.Add(storePause)
		}
		return outcome{delivery: d}
	}
	d.Attempts++
	o := outcome{attempt: &voice.DeliveryAttempt{
		Delivery: d.ID, N: d.Attempts, Tenant: d.Tenant, At: begun, Latency: took, Status: s.status, Headers: s.headers,
		Signed: cut(s.signed, voice.MaxShown), Answer: s.answer,
	}}
	said := "no answer"
	if s.status > 0 {
		said = strconv.Itoa(s.status)
	}
	if err != nil && !errors.Is(err, errNotTaken) {
		said = oneLine(voice.Reason(err))
	}
	if s.after > 0 {
		o.spare = w.cfg.Clock.Now().Add(s.after)
	}
	kind, text := voice.EventWebhookFailed, ""
	where := d.Purpose + " to " + address(d)
	switch {
	case err == nil:
		d.State, d.Words = voice.DeliveryDone, said
		kind, text = voice.EventWebhookSent, fmt.Sprintf("%s was taken: %s after %d ms", where, said, took.Milliseconds())
	case w.ctx.Err() != nil:
		d.State, d.Words, text = voice.DeliveryDead, interrupted, where+" failed: "+interrupted
	case s.status == http.StatusGone:
		d.State, d.Words, text = voice.DeliveryDead, "410: the endpoint is gone", where+" failed: 410, the endpoint is gone"
		if w.cfg.Gone != nil {
			w.cfg.Gone(w.ctx, d)
		}
	case last || hopeless(err):
		d.State, d.Words, text = voice.DeliveryDead, said, where+" failed: "+said
		if d.Attempts > 1 {
			d.Words = fmt.Sprintf("given up after %d attempts: %s", d.Attempts, said)
			text = where + " failed and was " + d.Words
		}
	default:
		pause := w.cfg.Pauses[min(d.Attempts, len(w.cfg.Pauses))-1]
		d.Words, d.Next = said, w.cfg.Clock.Now().Add(max(pause, s.after))
		text = fmt.Sprintf("%s failed and is tried again at %s: %s", where, d.Next.UTC().Format("15:04:05 UTC on 2 January"), said)
	}
	o.delivery, o.attempt.Words = d, d.Words
	if w.cfg.Note != nil && d.Call != "" {
		w.cfg.Note(voice.Event{Call: d.Call, Tenant: d.Tenant, At: w.cfg.Clock.Now(), Kind: kind, Text: text, Data: shown(s, o)})
	}
	return o
}

// hopeless says that another attempt would come to the same: the address is
// none, or may not be reached, or who signs is gone.
func hopeless(err error) bool {
	return voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid) || voice.IsKind(err, voice.NotExist)
}

// errUnsigned is why a delivery was not sent whose signature can't be made.
var errUnsigned = errors.New("it can't be signed")

// send makes the request; errNotTaken for an answer other than 2xx.
func (w *Worker) send(ctx context.Context, d voice.Delivery, now time.Time) (s sent, err error) {
	s.delivery = d
	if w.cfg.Sign != nil && !d.Operator {
		if s.headers, s.signed, err = w.cfg.Sign(ctx, d, now); err != nil {
			return s, voice.E("notify.Sign", voice.KindOf(err), fmt.Errorf("%w: %s", errUnsigned, voice.Reason(err)))
		}
	}
	client := w.cfg.Tenants
	if d.Operator {
		client = w.cfg.Operator
		if w.cfg.Prepare != nil {
			if d, err = w.cfg.Prepare(d); err != nil {
				return s, err
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	req, err := request(ctx, d, s.headers)
	if err != nil {
		return s, err
	}
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address, which may hold secrets
		}
		if voice.KindOf(err) == voice.Internal {
			err = voice.E("notify.Send", voice.Unavailable, err)
		}
		return s, err
	}
	s.status = resp.StatusCode
	// The beginning is kept; what is left matters to nobody, but for the next request
	// on the same connection.
	head, _ := io.ReadAll(io.LimitReader(resp.Body, answered))
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer-answered))
	_ = resp.Body.Close()
	if !d.Operator {
		s.answer = oneLine(string(head))
	}
	if s.status == http.StatusTooManyRequests || s.status == http.StatusServiceUnavailable {
		s.after = retryAfter(resp.Header.Get("Retry-After"), w.cfg.Clock.Now())
	}
	if s.status < 200 || s.status > 299 {
		return s, errNotTaken
	}
	return s, nil
}

// retryAfter reads how long an endpoint asks to be spared (RFC 9110 §10.2.3):
// seconds or a date; 0 = it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	after := time.Duration(0)
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		after = time.Duration(min(max(n, 0), int(MaxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), MaxRetryAfter)
}

func request(ctx context.Context, d voice.Delivery, signature map[string]string) (*http.Request, error) {
	const op = "notify.Send"
	body := io.Reader(http.NoBody)
	if d.Body != "" {
		body = strings.NewReader(d.Body)
	}
	req, err := http.NewRequestWithContext(ctx, d.Method, d.URL, body)
	if err != nil {
		return nil, voice.InvalidField(op, "url", "the address can't be read")
	}
	req.Header.Set("User-Agent", "Tandem")
	for name, value := range d.Headers {
		req.Header.Set(name, value)
	}
	if d.Type != "" {
		req.Header.Set("Content-Type", d.Type)
	}
	for name, value := range signature {
		req.Header.Set(name, value)
	}
	return req, nil
}
