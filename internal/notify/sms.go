package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/voice"
)

// MaxSMS bounds a text message, in characters: ten parts of a long one (3GPP TS 23.040).
const MaxSMS = 1530

// smsTries bounds the attempts to hand a message to the gateway: for three hours.
const smsTries = 8

// smsEndpoint is where text messages are kept in order.
const smsEndpoint = "sms"

// Gateway is an SMS gateway behind HTTP, as its operator describes it. In URL,
// Headers and Body {to}, {text}, {from} and {key} stand for values, which are
// written as the place demands: as part of a URL, in a JSON string, as a field
// of a form, or as they are.
type Gateway struct {
	URL     string
	Method  string // "GET" or "POST"; "" = POST
	Type    string // of Body
	Headers string // "Name: value; Name: value"
	Body    string
	From    string // sender
	Key     string
}

// Messenger queues text messages for a gateway: it implements voice.Messenger.
type Messenger struct {
	gateway Gateway
	headers map[string]string
	store   voice.DeliveryStore
	kick    func()
	now     func() time.Time
}

// NewMessenger makes a Messenger; kick wakes the worker. Without a URL every
// message is refused with Unavailable. Invalid, naming the setting, for a
// gateway that can't work.
func NewMessenger(g Gateway, store voice.DeliveryStore, kick func(), now func() time.Time) (*Messenger, error) {
	const op = "notify.NewMessenger"
	if g.Method == "" {
		g.Method = http.MethodPost
	}
	m := &Messenger{gateway: g, store: store, kick: kick, now: now}
	if g.URL == "" {
		return m, nil
	}
	says := g.URL + g.Headers
	if g.Method != http.MethodGet {
		says += g.Body
	}
	if !strings.Contains(says, "{to}") || !strings.Contains(says, "{text}") {
		return nil, voice.InvalidField(op, "sms.body", "neither sms.url nor sms.body holds {to} and {text}")
	}
	if _, err := url.Parse(expand(g.URL, func(string) string { return "x" })); err != nil {
		return nil, voice.InvalidField(op, "sms.url", "it can't be read as a URL")
	}
	var err error
	m.headers, err = parseHeaders(g.Headers)
	return m, err
}

// Ready reports whether there is a gateway.
func (m *Messenger) Ready() bool { return m.gateway.URL != "" }

// message is what is stored of a text message: no secret of the gateway.
type message struct {
	To   string `json:"to"`
	Text string `json:"text"`
	From string `json:"from,omitempty"`
}

// SendSMS implements voice.Messenger: the message is on its way when it returns,
// and what becomes of it is noted on the call. Limit when text is too long.
func (m *Messenger) SendSMS(ctx context.Context, t voice.TenantID, call voice.CallID, to, text string) error {
	const op = "notify.SendSMS"
	number, err := smsNumber(to)
	switch {
	case err != nil:
		return err
	case !m.Ready():
		return voice.Errorf(op, voice.Unavailable, "no SMS gateway is set (sms.url): the message to %s is not sent", number)
	case strings.TrimSpace(text) == "":
		return voice.InvalidField(op, "text", "the message is empty")
	case utf8.RuneCountInString(text) > MaxSMS:
		return voice.Errorf(op, voice.Limit, "the message has %d characters; %d are the most", utf8.RuneCountInString(text), MaxSMS)
	}
	body, err := json.Marshal(message{To: number, Text: text, From: m.gateway.From})
	if err != nil {
		return voice.E(op, voice.Internal, err)
	}
	now := m.now()
	err = m.store.CreateDeliveries(ctx, []voice.Delivery{{
		ID: voice.DeliveryID(voice.NewID("dl")), Tenant: t, Call: call, Endpoint: smsEndpoint, Purpose: "SMS to " + number,
		Method: m.gateway.Method, Body: string(body), Operator: true, Tries: smsTries,
		State: voice.DeliveryQueued, Next: now, Created: now,
	}})
	if err == nil && m.kick != nil {
		m.kick()
	}
	return err
}

// smsNumber gives a number that a message can be sent to: in full with a plus,
// or as a carrier of the country writes it.
func smsNumber(to string) (string, error) {
	national := strings.TrimLeft(to, "0 ")
	if e, err := voice.ParseE164(to); err == nil {
		return string(e), nil
	} else if e, err = voice.ParseE164(national); err == nil && strings.HasPrefix(strings.TrimSpace(to), "0") {
		return "0" + e.Digits(), nil // only the gateway knows its country
	}
	return "", voice.InvalidField("notify.SendSMS", "to", "%q is no number that a message can be sent to", oneLine(to))
}

// Prepare makes the gateway's request of a stored message, for Config.Prepare.
func (m *Messenger) Prepare(d voice.Delivery) (voice.Delivery, error) {
	const op = "notify.Prepare"
	if d.Endpoint != smsEndpoint {
		return d, nil
	}
	if !m.Ready() {
		return d, voice.Errorf(op, voice.Unavailable, "no SMS gateway is set (sms.url)")
	}
	var msg message
	if err := json.Unmarshal([]byte(d.Body), &msg); err != nil {
		return d, voice.Errorf(op, voice.Invalid, "the stored message can't be read: %w", err)
	}
	values := map[string]string{"to": msg.To, "text": msg.Text, "from": msg.From, "key": m.gateway.Key}
	raw := func(name string) string { return values[name] }
	d.URL = expand(m.gateway.URL, func(name string) string { return url.QueryEscape(values[name]) })
	d.Type, d.Method = m.gateway.Type, m.gateway.Method
	d.Headers = map[string]string{}
	for name, value := range m.headers {
		d.Headers[name] = strings.Join(strings.Fields(expand(value, raw)), " ")
	}
	switch {
	case strings.Contains(d.Type, "json"):
		d.Body = expand(m.gateway.Body, func(name string) string { return inJSON(values[name]) })
	case strings.Contains(d.Type, "form-urlencoded"):
		d.Body = expand(m.gateway.Body, func(name string) string { return url.QueryEscape(values[name]) })
	default:
		d.Body = expand(m.gateway.Body, raw)
	}
	if d.Method == http.MethodGet {
		d.Body, d.Type = "", ""
	}
	return d, nil
}

// inJSON writes a value as the inside of a JSON string.
func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b[1 : len(b)-1])
}

// expand puts values in the place of the names in braces, once: a value that
// holds such a name is left as it is.
func expand(template string, value func(name string) string) string {
	return regexp.MustCompile(`\{(to|text|from|key)\}`).ReplaceAllStringFunc(template, func(name string) string {
		return value(name[1 : len(name)-1])
	})
}

func parseHeaders(s string) (map[string]string, error) {
	headers := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, ":")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, " \t\"(),/<=>?@[]{}") {
			return nil, voice.InvalidField("notify.NewMessenger", "sms.headers", "%s", fmt.Sprintf("%q is not of the form Name: value", part))
		}
		headers[name] = strings.TrimSpace(value)
	}
	return headers, nil
}
