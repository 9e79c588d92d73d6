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

	"tandem/internal/voice"
)

// interrupted is why an attempt that was the last came to nothing.
const interrupted = "the program ended while it was sent"

// maxAnswer bounds what is read of an answer, in bytes; none of it is kept.
const maxAnswer = 64 << 10

// errNotTaken is an answer other than 2xx.
var errNotTaken = errors.New("not taken")

// attempt sends a delivery once and gives it with what came of that.
func (w *Worker) attempt(d voice.Delivery, last bool) voice.Delivery {
	begun := w.cfg.Clock.Now()
	status, err := w.send(w.ctx, d)
	took := w.cfg.Clock.Now().Sub(begun)
	if err != nil && w.ctx.Err() != nil && !last {
		d.Next = w.cfg.Clock.Now() // the server is not to blame
		return d
	}
	d.Attempts++
	e := voice.Event{
		Call: d.Call, Tenant: d.Tenant, Kind: voice.EventWebhookSent,
		Data: map[string]string{
			"purpose": d.Purpose, "url": address(d), "attempt": strconv.Itoa(d.Attempts),
			"latency_ms": strconv.FormatInt(took.Milliseconds(), 10),
		},
	}
	said := "no answer"
	if status > 0 {
		said = strconv.Itoa(status)
		e.Data["status"] = said
	}
	if err != nil && !errors.Is(err, errNotTaken) {
		said = oneLine(voice.Reason(err))
	}
	where := d.Purpose + " to " + address(d)
	switch {
	case err == nil:
		d.State, d.Words = voice.DeliveryDone, said
		e.Text = fmt.Sprintf("%s was taken: %s after %d ms", where, said, took.Milliseconds())
	case last && w.ctx.Err() != nil:
		d.State, d.Words = voice.DeliveryDead, interrupted
		e.Kind, e.Text = voice.EventWebhookFailed, where+" failed: "+interrupted
	case last || hopeless(err):
		d.State, d.Words = voice.DeliveryDead, said
		e.Kind, e.Text = voice.EventWebhookFailed, where+" failed: "+said
		if d.Attempts > 1 {
			d.Words = fmt.Sprintf("given up after %d attempts: %s", d.Attempts, said)
			e.Text = where + " failed and was " + d.Words
		}
	default:
		pauses := Schedule()
		d.Words, d.Next = said, w.cfg.Clock.Now().Add(pauses[min(d.Attempts, len(pauses))-1])
		e.Kind, e.Text = voice.EventWebhookFailed, fmt.Sprintf("%s failed and is tried again at %s: %s", where,
			d.Next.UTC().Format("15:04:05 UTC on 2 January"), said)
	}
	if w.cfg.Note != nil && d.Call != "" {
		e.At = w.cfg.Clock.Now()
		w.cfg.Note(e)
	}
	return d
}

// hopeless says that another attempt would come to the same: the address is
// none, or may not be reached.
func hopeless(err error) bool {
	return voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid)
}

// send makes the request; errNotTaken for an answer other than 2xx.
func (w *Worker) send(ctx context.Context, d voice.Delivery) (status int, err error) {
	client := w.cfg.Tenants
	if d.Operator {
		client = w.cfg.Operator
		if w.cfg.Prepare != nil {
			if d, err = w.cfg.Prepare(d); err != nil {
				return 0, err
			}
		}
	}
	req, err := request(voice.WithTenant(ctx, d.Tenant), d)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address, which may hold secrets
		}
		if voice.KindOf(err) == voice.Internal {
			err = voice.E("notify.Send", voice.Unavailable, err)
		}
		return 0, err
	}
	// What is left of the answer matters to nobody, but for the next request on
	// the same connection.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, errNotTaken
	}
	return resp.StatusCode, nil
}

func request(ctx context.Context, d voice.Delivery) (*http.Request, error) {
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
	return req, nil
}

// address gives where a delivery goes, for people: without name, password and
// query, which may hold secrets.
func address(d voice.Delivery) string {
	if d.Operator {
		return "the operator's gateway"
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		return "an address that can't be read"
	}
	return oneLine(u.Scheme + "://" + u.Host + u.EscapedPath())
}

// oneLine keeps what others wrote on one line and short.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
