package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/notify"
	"tandem/internal/voice"
)

func TestSMS(t *testing.T) {
	r := newRig(t)
	header := make(chan http.Header, 10)
	r.answer = func(_ http.ResponseWriter, req *http.Request) { header <- req.Header }
	tricky := "Hi \"you\" & {key} {to}\nback\\"
	for _, tt := range []struct {
		g    notify.Gateway
		want string
	}{
		{notify.Gateway{URL: r.server.URL + "/json", Type: "application/json", Body: `{"to":"{to}","msg":"{text}","k":"{key}"}`},
			`POST /json {"to":"+46701234567","msg":"Hi \"you\" \u0026 {key} {to}\nback\\","k":"s3cr\u0026t"}`},
		{notify.Gateway{URL: r.server.URL + "/form", Type: "application/x-www-form-urlencoded", Body: "to={to}&text={text}&from={from}"},
			"POST /form to=%2B46701234567&text=Hi+%22you%22+%26+%7Bkey%7D+%7Bto%7D%0Aback%5C&from=Acme"},
		{notify.Gateway{URL: r.server.URL + "/get?k={key}&to={to}&text={text}", Method: "GET"},
			"GET /get?k=s3cr%26t&to=%2B46701234567&text=Hi+%22you%22+%26+%7Bkey%7D+%7Bto%7D%0Aback%5C "},
	} {
		tt.g.Key, tt.g.From, tt.g.Headers = "s3cr&t", "Acme", "Authorization: Bearer {key}; X-To: {to}"
		m, err := notify.NewMessenger(tt.g, r.store, func() { r.worker.Kick() }, r.clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		r.cfg.Prepare = m.Prepare
		r.start()
		if err := m.SendSMS(t.Context(), "1", "c1", "+46 70-123 45 67", tricky); err != nil {
			t.Fatal(err)
		}
		if got := in(t, "the message", r.got); got != tt.want {
			t.Errorf("the gateway got\n%s\nwant\n%s", got, tt.want)
		}
		if h := in(t, "the headers", header); h.Get("Authorization") != "Bearer s3cr&t" || h.Get("X-To") != "+46701234567" {
			t.Errorf("headers: %v", h)
		}
		e := in(t, "the event", r.noted)
		if e.Kind != voice.EventWebhookSent || !strings.HasPrefix(e.Text, "SMS to +46701234567 to the operator's gateway was taken: 200") {
			t.Errorf("noted %+v", e)
		}
		r.stop()
	}
	all, err := r.store.Deliveries(t.Context(), "1", voice.DeliveryFilter{Call: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if strings.Contains(d.URL+d.Body+d.Headers["Authorization"], "s3cr") {
			t.Errorf("the gateway's key is stored: %+v", d)
		}
	}
}

func TestSMSRefused(t *testing.T) {
	r := newRig(t)
	none, err := notify.NewMessenger(notify.Gateway{}, r.store, nil, time.Now)
	if err != nil || none.Ready() {
		t.Fatalf("without a gateway: %v", err)
	}
	m, err := notify.NewMessenger(notify.Gateway{URL: "https://sms.example/{to}/{text}"}, r.store, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		m        *notify.Messenger
		to, text string
		kind     voice.Kind
	}{
		"no gateway":     {none, "+46701234567", "x", voice.Unavailable},
		"no number":      {m, "anonymous", "x", voice.Invalid},
		"an extension":   {m, "101", "x", voice.Invalid},
		"an address":     {m, "sip:anna@example.com", "x", voice.Invalid},
		"no text":        {m, "+46701234567", " \n", voice.Invalid},
		"too much text":  {m, "+46701234567", strings.Repeat("å", notify.MaxSMS+1), voice.Limit},
		"as much as may": {m, "0701234567", strings.Repeat("å", notify.MaxSMS), ""},
	} {
		if err := tt.m.SendSMS(t.Context(), "1", "c1", tt.to, tt.text); voice.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	all, err := r.store.Deliveries(t.Context(), "1", voice.DeliveryFilter{})
	if err != nil || len(all) != 1 || all[0].Purpose != "SMS to 0701234567" {
		t.Errorf("queued: %+v, %v", all, err)
	}
	for _, g := range []notify.Gateway{
		{URL: "https://sms.example/"}, {URL: "https://sms.example/{to}"}, {URL: "https://sms.example/{to}/{text}", Headers: "no colon"},
		{URL: "https://sms.example:x/{to}/{text}"}, {URL: "https://sms.example/", Method: "GET", Body: "{to} {text}"},
	} {
		if _, err := notify.NewMessenger(g, r.store, nil, time.Now); voice.KindOf(err) != voice.Invalid {
			t.Errorf("%+v was taken: %v", g, err)
		}
	}
}
