package interp

import (
	"cmp"
	"context"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// sms hands a text message to the gateway.
func (r *run) sms(ctx context.Context, s flow.SMS) (outcome, error) {
	const op = "interp.sms"
	to := cmp.Or(strings.TrimSpace(r.expand(s.To)), r.info.From)
	text := r.expand(s.Text)
	switch {
	case to == "":
		return outcome{}, voice.Errorf(op, voice.Invalid, "there is no number to send the message to")
	case strings.TrimSpace(text) == "":
		return outcome{}, voice.Errorf(op, voice.Invalid, "the message is empty")
	}
	if cut := min(len(text), flow.MaxSMSText); cut < len(text) {
		r.noteError("the message is too long and is cut")
		text = strings.ToValidUTF8(text[:cut], "")
	}
	var sent error
	// What was asked for is sent even if the caller leaves meanwhile.
	err := r.await(ctx, comfort{}, func(ctx context.Context) {
		sent = r.host.SendSMS(context.WithoutCancel(ctx), r.info.Tenant, r.info.ID, to, text)
	})
	if err = cmp.Or(err, sent); err != nil {
		return outcome{}, err
	}
	return outcome{exit: flow.Next, words: "message for " + to + " sent"}, nil
}
