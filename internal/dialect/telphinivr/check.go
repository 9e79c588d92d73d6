package telphinivr

import (
	"context"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// The actions of a rule.
const (
	Transfer             = "transfer"
	SimpleTransfer       = "simple_transfer"
	Hangup               = "hangup"
	PlaySound            = "play_sound"
	PlaySilence          = "play_silence"
	JumpToContext        = "jump_to_context"
	PlayDigits           = "play_digits"
	PlayDigitsFrom       = "play_digits_from_variable"
	RecordDigits         = "record_digits"
	SetVariable          = "set_variable"
	TransferFromVariable = "transfer_from_variable"
	CallInteractive      = "call_interactive"
	SetCallerNumber      = "set_caller_id_number"
	SetCallerName        = "set_caller_id_name"
	QualityRate          = "quality_rate"
	VoiceHelper          = "voice_helper"
	CheckVariable        = "check_variable"
	MatchVariable        = "match_variable"
	PlaySoundFrom        = "play_sound_from_variable"
)

// Sounds of rules.
const (
	Foreground = "foreground"
	Background = "background"
)

// Bounds of values.
const (
	maxText     = 2000
	maxName     = 100
	maxMillis   = 600_000
	maxLifetime = 86_400
	maxDigitLen = 32
	maxTargets  = 10 // of a transfer; a simple transfer has voice.MaxTargets
)

// needs lists the parameter that each action can't do without.
func needs() map[string]string {
	return map[string]string{Transfer: "transfer_dst", SimpleTransfer: "transfer_dst", Hangup: "", PlaySound: "sound",
		PlaySilence: "silence_time", JumpToContext: "context", PlayDigits: "digits", PlayDigitsFrom: "play_digits_variable",
		RecordDigits: "record_digits_variable", SetVariable: "set_variable_name", TransferFromVariable: "transfer_variable",
		CallInteractive: "call_interactive_url", SetCallerNumber: "caller_id_number", SetCallerName: "caller_id_name",
		QualityRate: "max_rate", VoiceHelper: "voice_helper_rules", CheckVariable: "match_variable_name",
		MatchVariable: "match_variable_name", PlaySoundFrom: "play_sound_from_variable"}
}

// CheckRule says what is wrong with a rule of a context: kind Invalid, naming the
// field. Other errors are those of r.
func CheckRule(ctx context.Context, d *Document, c *Context, rule *Rule, r dialect.Resolver) error {
	needed, known := needs()[rule.Action]
	switch {
	case rule.Action == "":
		return invalid("action", "it is missing")
	case !known:
		return invalid("action", "%q is no action", clip(rule.Action))
	}
	if needed != "" && empty(rule.Field(needed)) {
		return invalid(needed, "action %s needs it", rule.Action)
	}
	for _, name := range rule.Names() {
		if p, ok := rule.Field(name).(**string); ok && *p != nil {
			if err := plainText(name, **p, maxText); err != nil {
				return err
			}
		}
	}
	if err := rule.checkNumbers(); err != nil {
		return err
	}
	for name, id := range map[string]*int64{"sound": rule.Sound, "record_digits_sound": rule.RecordDigitsSound} {
		if err := CheckSound(ctx, name, id, r); err != nil {
			return err
		}
	}
	if err := rule.checkTexts(); err != nil {
		return err
	}
	return rule.checkJumps(d, c)
}

func empty(p any) bool {
	switch p := p.(type) {
	case **string:
		return *p == nil || **p == ""
	case **int64:
		return *p == nil
	case *[]Phrase:
		return len(*p) == 0
	}
	return false
}

func (r *Rule) checkNumbers() error {
	for _, b := range []struct {
		name      string
		v         *int64
		low, high int64
	}{
		{"silence_time", r.SilenceTime, 0, maxMillis},
		{"record_digits_max", r.RecordDigitsMax, 1, voice.MaxGatherDigits},
		{"max_rate", r.MaxRate, 1, 99},
		{"voice_helper_timeout", r.VoiceHelperTimeout, 0, maxMillis},
		{"voice_helper_digits_max", r.VoiceHelperDigitsMax, 0, maxDigitLen},
		{"voice_helper_final_count", r.VoiceHelperFinalCount, 0, 20},
	} {
		if b.v != nil {
			if err := within(b.name, *b.v, b.low, b.high); err != nil {
				return err
			}
		}
	}
	return nil
}

func within(name string, v, low, high int64) error {
	if v < low || v > high {
		return invalid(name, "%d is not within %d and %d", v, low, high)
	}
	return nil
}

func plainText(name, s string, most int) error {
	if len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }) {
		return invalid(name, "at most %d printable bytes are allowed", most)
	}
	return nil
}

// variablePattern is how variables are named in documents.
var variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// checkVariables looks at the names of variables, which are of what we call them in
// a program.
func (r *Rule) checkVariables() error {
	for name, v := range map[string]*string{"play_digits_variable": r.PlayDigitsVariable, "record_digits_variable": r.RecordDigitsVariable,
		"set_variable_name": r.SetVariableName, "transfer_variable": r.TransferVariable, "match_variable_name": r.MatchVariableName,
		"play_sound_from_variable": r.PlaySoundFromVariableOf} {
		if v != nil && *v != "" && !(variablePattern.MatchString(variable(v)) && flow.Settable(variable(v))) {
			return invalid(name, "%q is no name of a variable: letters, digits and _ are allowed", clip(*v))
		}
	}
	return nil
}

func (r *Rule) checkTexts() error {
	if err := r.checkVariables(); err != nil {
		return err
	}
	if r.SoundType != nil && *r.SoundType != Foreground && *r.SoundType != Background {
		return invalid("sound_type", "%q is neither foreground nor background", clip(*r.SoundType))
	}
	if r.Action == CallInteractive {
		if err := checkURL("call_interactive_url", *r.CallInteractiveURL); err != nil {
			return err
		}
	}
	if m := r.CallInteractiveMethod; m != nil && !slices.Contains([]string{"GET", "POST"}, strings.ToUpper(*m)) {
		return invalid("call_interactive_method", "%q is neither GET nor POST", clip(*m))
	}
	if r.Action == Transfer || r.Action == SimpleTransfer {
		most := maxTargets
		if r.Action == SimpleTransfer {
			most = voice.MaxTargets
		}
		return CheckTargets("transfer_dst", *r.TransferDst, most)
	}
	return nil
}

func checkURL(name, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return invalid(name, "%q is no http or https address", clip(s))
	}
	return nil
}

// CheckTargets says what is wrong with a list of numbers.
func CheckTargets(name, s string, most int) error {
	list := targets(s)
	switch {
	case len(list) == 0:
		return invalid(name, "it names no number")
	case len(list) > most:
		return invalid(name, "it names %d numbers; at most %d are allowed", len(list), most)
	}
	for _, t := range list {
		if _, ok := destination(t, voice.ToDialled); !ok {
			return invalid(name, "%q is no number", clip(t))
		}
	}
	return nil
}

// checkJumps holds what a rule leads to against the document.
func (r *Rule) checkJumps(d *Document, c *Context) error {
	if r.Action == CheckVariable || r.Action == MatchVariable {
		if r.Context == nil {
			return invalid("context", "action %s needs it", r.Action)
		}
	}
	if r.Context != nil {
		to, ok := d.Context(*r.Context)
		if !ok {
			return invalid("context", "context %d does not exist in this voice menu", *r.Context)
		}
		if o := option(r.ContextOption); r.ContextOption != nil {
			if _, ok := to.Option(o); !ok {
				return invalid("context_option", "context %d has no option %q", *r.Context, clip(o))
			}
		}
	}
	for i, p := range r.VoiceHelperRules {
		if _, ok := c.Option(p.ToOption); !ok {
			return invalid(at("voice_helper_rules", i)+".to_option", "the context has no option %q", clip(p.ToOption))
		}
		if strings.Trim(p.Transcription, "| ") == "" {
			return invalid(at("voice_helper_rules", i)+".transcription", "it holds no words")
		}
	}
	return nil
}

// CheckSound says that a sound does not exist in the account.
func CheckSound(ctx context.Context, name string, id *int64, r dialect.Resolver) error {
	if id == nil || *id == 0 {
		return nil
	}
	_, err := r.SoundBySerial(ctx, *id)
	if voice.IsKind(err, voice.NotExist) {
		return invalid(name, "sound %d does not exist in this account", *id)
	}
	return err
}

// CheckIVR says what is wrong with the configuration of a voice menu.
func CheckIVR(ctx context.Context, d *Document, r dialect.Resolver) error {
	v := d.IVR
	for _, p := range []**int64{&v.EntryContext, &v.VMGreeting} {
		if *p != nil && **p == 0 { // the documented default
			*p = nil
		}
	}
	if v.EntryContext != nil {
		if _, ok := d.Context(*v.EntryContext); !ok {
			return invalid("entry_context", "context %d does not exist in this voice menu", *v.EntryContext)
		}
	}
	if err := within("sleep_time", v.SleepTime, 0, maxMillis); err != nil {
		return err
	}
	if err := within("lifetime", v.Lifetime, 0, maxLifetime); err != nil {
		return err
	}
	if !slices.Contains([]string{ExpireHangup, ExpireTransfer, ExpireVoicemail}, v.LifetimeExpAction) {
		return invalid("lifetime_exp_action", "%q is none of hangup, transfer, voicemail", clip(v.LifetimeExpAction))
	}
	if dst := v.LifetimeExpTransferDst; v.LifetimeExpAction == ExpireTransfer && (dst == nil || *dst == "") {
		return invalid("lifetime_exp_transfer_dst", "action transfer needs it")
	} else if dst != nil && *dst != "" {
		if err := CheckTargets("lifetime_exp_transfer_dst", *dst, maxTargets); err != nil {
			return err
		}
	}
	if v.VMMailto != nil && *v.VMMailto != "" {
		if err := addresses("vm_mailto", *v.VMMailto); err != nil {
			return err
		}
	}
	return CheckSound(ctx, "vm_greeting", v.VMGreeting, r)
}

func addresses(name, s string) error {
	parts := strings.Split(s, ",")
	if len(parts) > 20 {
		return invalid(name, "at most 20 addresses are allowed")
	}
	for _, p := range parts {
		p = strings.TrimSpace(p)
		if a, err := mail.ParseAddress(p); err != nil || a.Address != p || len(p) > 254 {
			return invalid(name, "%q is no e-mail address", clip(p))
		}
	}
	return nil
}

// Check says what is wrong with the fields of a context.
func (c *Context) Check() error {
	if strings.TrimSpace(c.Name) == "" {
		return invalid("name", "it is missing")
	}
	if err := plainText("name", c.Name, maxName); err != nil {
		return err
	}
	for name, v := range map[string]*string{"description": c.Description, "extra_params": c.ExtraParams} {
		if v != nil {
			if err := plainText(name, *v, maxText); err != nil {
				return err
			}
		}
	}
	if err := within("timeout", c.Timeout, 0, maxMillis); err != nil {
		return err
	}
	if err := within("inter_digit_timeout", c.InterDigitTimeout, 0, maxMillis); err != nil {
		return err
	}
	if err := within("digit_len", c.DigitLen, 1, maxDigitLen); err != nil {
		return err
	}
	for _, o := range c.Options {
		if !Fixed(o.Digits) && int64(len(o.Digits)) > c.DigitLen {
			return invalid("digit_len", "%d is shorter than option %s", c.DigitLen, o.Digits)
		}
	}
	return nil
}

// CheckDigits says what is wrong with the digits of a new option.
func (c *Context) CheckDigits(digits string) error {
	if Fixed(digits) {
		return nil
	}
	if digits == "" || strings.Trim(digits, "0123456789*#") != "" {
		return invalid("digits", "%q is not made of 0-9 * #", clip(digits))
	}
	if int64(len(digits)) > c.DigitLen {
		return invalid("digits", "%q is longer than the context's digit_len of %d", clip(digits), c.DigitLen)
	}
	return nil
}

// Check says what is wrong with the fields of an extension.
func (e *Extension) Check() error {
	if len(e.Name) < 2 || len(e.Name) > 6 || strings.Trim(e.Name, "0123456789") != "" {
		return invalid("name", "%q is no internal number of 2 to 6 digits", clip(e.Name))
	}
	if !slices.Contains([]string{TypePhone, TypeQueue, TypeIVR, TypeFax}, e.Type) {
		return invalid("type", "%q is none of phone, queue, ivr, fax", clip(e.Type))
	}
	if e.Status != Active && e.Status != Blocked {
		return invalid("status", "%q is neither active nor blocked", clip(e.Status))
	}
	for name, v := range map[string]*string{"label": e.Label, "caller_id_name": e.CallerIDName, "message_did": e.MessageDID} {
		if v != nil {
			if err := plainText(name, *v, maxName); err != nil {
				return err
			}
		}
	}
	if e.ExtraParams != nil {
		return plainText("extra_params", *e.ExtraParams, maxText)
	}
	return nil
}

// CheckQueue says what is wrong with the configuration of a queue.
func CheckQueue(ctx context.Context, q *Queue, r dialect.Resolver) error {
	if _, ok := strategies()[q.Strategy]; !ok {
		return invalid("strategy", "%q is none of linear, ring-all, round-robin, random", clip(q.Strategy))
	}
	for _, b := range []struct {
		name  string
		v     int64
		upper time.Duration
	}{{"agent_ring_time", q.AgentRingTime, voice.MaxRingTime}, {"max_wait_time", q.MaxWaitTime, voice.DefaultMaxDuration},
		{"announce_frequency", q.AnnounceFrequency, voice.DefaultMaxDuration}} {
		if err := within(b.name, b.v, 0, int64(b.upper/time.Second)); err != nil {
			return err
		}
	}
	if err := within("max_length", q.MaxLength, 0, 1000); err != nil {
		return err
	}
	if k := q.ExitKey; k != nil && (len(*k) > 1 || strings.Trim(*k, "0123456789*#") != "") {
		return invalid("exit_key", "%q is no key", clip(*k))
	}
	if len(q.Agents) > voice.MaxTargets {
		return invalid("agents", "there are %d; at most %d are allowed", len(q.Agents), voice.MaxTargets)
	}
	for i, a := range q.Agents {
		if _, ok := destination(a, voice.ToPhones); !ok {
			return invalid(at("agents", i), "%q is no number", clip(a))
		}
	}
	for _, name := range []string{"exit_transfer_dst", "timeout_transfer_dst", "no_agent_timeout_transfer_dst"} {
		if dst := *q.Field(name).(**string); dst != nil && *dst != "" {
			if err := CheckTargets(name, *dst, maxTargets); err != nil {
				return err
			}
		}
	}
	return CheckSound(ctx, "music_sound", q.MusicSound, r)
}

// LeadsTo reports whether the rule, of context own, leads to an option of a
// context; option "" = to any of it.
func (r *Rule) LeadsTo(own, id int64, opt string) bool {
	if r.Context != nil && *r.Context == id && (opt == "" || option(r.ContextOption) == opt) {
		return true
	}
	return own == id && slices.ContainsFunc(r.VoiceHelperRules, func(p Phrase) bool { return opt == "" || p.ToOption == opt })
}

// Plays reports whether a document plays a sound.
func Plays(d *Document, sound int64) bool {
	is := func(id *int64) bool { return id != nil && *id == sound }
	if d.IVR != nil && is(d.IVR.VMGreeting) || d.Queue != nil && is(d.Queue.MusicSound) {
		return true
	}
	for _, c := range d.Contexts {
		for _, o := range c.Options {
			if slices.ContainsFunc(o.Rules, func(r Rule) bool { return is(r.Sound) || is(r.RecordDigitsSound) }) {
				return true
			}
		}
	}
	return false
}
