package flow

import (
	"maps"
	"net/textproto"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// Bounds of what steps send out, in bytes, and of their lists.
const (
	MaxRequestURL    = 4_000
	MaxRequestBody   = 64 << 10
	MaxRequestHeader = 50 // headers
	MaxSaveFields    = 50
	MaxSMSText       = 1_600
	MaxPhrases       = 100
	MaxValue         = 8_000 // of a template of Set, If and Save
)

// variableStep checks the steps of variables, hours and records.
func (v *validator) variableStep(n *Node) {
	switch s := n.Step.(type) {
	case Set:
		v.settable(n, "name", s.Name)
		v.value(n, "value", s.Value)
	case If:
		all := []Operator{Equal, NotEqual, Less, Greater, BeginsWith, EndsWith, Contains, OneOf, IsSet}
		v.must(n, slices.Contains(all, s.Op), "has operator %q, which there is not", s.Op)
		v.value(n, "left", s.Left)
		v.value(n, "right", s.Right)
	case Hours:
		for _, fault := range s.Schedule.Faults() {
			v.must(n, false, "has a fault in its schedule at %s: %s", fault.Field, voice.Reason(fault))
		}
	case SetCaller:
		v.must(n, s.Number != "" || s.Name != "", "sets neither number nor name")
		v.value(n, "number", s.Number)
		v.value(n, "name", s.Name)
	case Save:
		v.must(n, s.Topic != "", "has no topic")
		v.must(n, !strings.Contains(s.Topic, "/"), "has topic %q; it must not hold a slash", s.Topic)
		v.must(n, len(s.Fields) <= MaxSaveFields, "has %d fields; at most %d are allowed", len(s.Fields), MaxSaveFields)
		for _, f := range sortedKeys(s.Fields) {
			v.must(n, f != "", "has a field without a name")
			v.value(n, "field "+f, s.Fields[f])
		}
	}
}

// outsideStep checks the steps that ask somebody outside the flow.
func (v *validator) outsideStep(n *Node) {
	switch s := n.Step.(type) {
	case Request:
		v.request(n, s)
	case Fetch:
		v.fetch(n, s)
	case Subflow:
		v.must(n, s.App != "", "names no app")
	case SMS:
		v.must(n, s.Text != "", "has no text")
		v.must(n, len(s.Text) <= MaxSMSText, "has a text of %d bytes; at most %d are allowed", len(s.Text), MaxSMSText)
		v.template(n, "to", s.To)
		v.template(n, "text", s.Text)
	case Listen:
		v.listen(n, s)
	case Queue:
		v.queue(n, s)
	case Await:
		v.must(n, s.Name != "" && len(s.Name) <= MaxAwaitName, "has name %q; it must have 1 to %d bytes", clip(s.Name), MaxAwaitName)
		v.span(n, "idle", s.Idle, MaxIdle)
		v.prompts(n, s.Music)
	case Notice:
		v.notice(n, s)
	case Conference:
		v.conference(n, s)
	case Tape:
		v.tape(n, s)
	case DetectMachine:
		v.span(n, "max_time", s.MaxTime, MaxMachineTime)
	case Collect:
		v.collect(n, s)
	}
}

func (v *validator) request(n *Node, s Request) {
	methods := []string{"", "GET", "POST", "PUT", "DELETE"}
	v.must(n, slices.Contains(methods, s.Method), "has method %q; it must be GET, POST, PUT or DELETE", s.Method)
	v.url(n, s.URL)
	v.span(n, "timeout", s.Timeout, MaxRequestTime)
	v.must(n, len(s.Body) <= MaxRequestBody, "has a body of %d bytes; at most %d are allowed", len(s.Body), MaxRequestBody)
	v.template(n, "body", s.Body)
	v.must(n, len(s.Headers) <= MaxRequestHeader, "has %d headers; at most %d are allowed", len(s.Headers), MaxRequestHeader)
	for _, h := range sortedKeys(s.Headers) {
		v.must(n, isToken(h), "has a header %q, which is no name of a header", h)
		v.must(n, !managed(h), "has header %s, which can't be set", h)
		v.value(n, "header "+h, s.Headers[h])
	}
	v.must(n, len(s.Extract) <= MaxExtractions, "takes out %d values; at most %d are allowed", len(s.Extract), MaxExtractions)
	for i, x := range s.Extract {
		v.must(n, x.Pointer == "" || x.Pointer[0] == '/', "has pointer %q in extraction %d; a JSON pointer begins with /", x.Pointer, i+1)
		v.settable(n, "the variable of an extraction", x.Variable)
	}
	v.prompts(n, s.Music)
}

func (v *validator) fetch(n *Node, s Fetch) {
	v.must(n, s.Dialect != "", "names no dialect")
	v.must(n, s.Method == "" || s.Method == "GET" || s.Method == "POST", "has method %q; it must be GET or POST", s.Method)
	v.url(n, s.URL)
	if s.Fallback != "" {
		v.url(n, s.Fallback)
	}
	v.span(n, "timeout", s.Timeout, MaxRequestTime)
	v.prompts(n, s.Comfort)
	v.must(n, !s.Replace || len(s.Ways) == 0, "has ways, which an answer that replaces the flow can't take")
	for i, e := range s.Ways {
		v.must(n, e != "", "has a way without a name")
		v.must(n, e != Next && e != Failed && !slices.Contains(s.Ways[:i], e), "has way %q twice", e)
	}
}

func (v *validator) listen(n *Node, s Listen) {
	v.prompts(n, s.Prompts)
	v.languages(n, s.In)
	v.must(n, len(s.Phrases) <= MaxPhrases, "has %d phrases; at most %d are allowed", len(s.Phrases), MaxPhrases)
	v.must(n, len(s.Phrases) > 0 || s.MaxDigits > 0, "has neither phrases nor max_digits")
	for i, p := range s.Phrases {
		v.must(n, strings.Trim(p.Words, "| ") != "", "has no words in phrase %d", i+1)
		v.must(n, p.Exit != "", "has no exit for phrase %q", p.Words)
	}
	v.span(n, "timeout", s.Timeout, voice.DefaultMaxDuration)
	v.span(n, "max_length", s.MaxLength, voice.MaxRecordLength)
	v.must(n, s.MaxDigits >= 0 && s.MaxDigits <= voice.MaxGatherDigits, "has max_digits %d; it must be 0 to %d", s.MaxDigits, voice.MaxGatherDigits)
}

func (v *validator) queue(n *Node, s Queue) {
	v.must(n, s.ID != "", "has no id")
	v.destinations(n, "members", s.Members, voice.MaxTargets)
	v.strategy(n, s.Strategy)
	v.prompts(n, s.Music)
	v.span(n, "ring_time", s.RingTime, voice.MaxRingTime)
	v.span(n, "max_wait", s.MaxWait, voice.DefaultMaxDuration)
	v.span(n, "announce_every", s.AnnounceEvery, voice.DefaultMaxDuration)
	v.must(n, s.MaxLength >= 0, "has max_length %d; it must not be negative", s.MaxLength)
	v.must(n, len(s.ExitKey) <= 1, "has exit_key %q; it must be one key", s.ExitKey)
	v.keys(n, s.ExitKey)
}

func (v *validator) tape(n *Node, s Tape) {
	v.must(n, slices.Contains([]TapeStep{TapeStart, TapeStop, TapePause, TapeResume}, s.Order),
		"has order %q; it must be start, stop, pause or resume", s.Order)
	v.must(n, s.Order == TapeStart || s == Tape{Order: s.Order}, "says how to record, which only a start can")
	v.must(n, s.Into == "" || Settable(s.Into), "puts the recording's id into %q, which is no variable that can be set", s.Into)
	v.span(n, "max_length", s.MaxLength, voice.MaxRecordLength)
}

func (v *validator) conference(n *Node, s Conference) {
	v.must(n, s.Room != "", "names no room")
	v.value(n, "room", s.Room)
	v.prompts(n, s.Music)
	v.must(n, s.MaxMembers >= 0, "has max_members %d; it must not be negative", s.MaxMembers)
	v.span(n, "max_duration", s.MaxDuration, voice.DefaultMaxDuration)
	v.keys(n, s.Leave)
}

func (v *validator) notice(n *Node, s Notice) {
	v.must(n, s.Dialect != "", "names no dialect")
	v.must(n, len(s.Ready) <= MaxAwaitName, "has ready %q; at most %d bytes are allowed", clip(s.Ready), MaxAwaitName)
	v.must(n, len(s.Fields) <= MaxNoticeFields, "has %d fields; at most %d are allowed", len(s.Fields), MaxNoticeFields)
	for _, f := range sortedKeys(s.Fields) {
		v.must(n, f != "" && f != "dialect", "has a field %q, which can't be one", f)
		v.value(n, "field "+f, s.Fields[f])
	}
}

func (v *validator) url(n *Node, u Template) {
	v.must(n, u != "", "has no url")
	v.must(n, len(u) <= MaxRequestURL, "has a url of %d bytes; at most %d are allowed", len(u), MaxRequestURL)
	v.must(n, u == "" || strings.HasPrefix(string(u), "http://") || strings.HasPrefix(string(u), "https://") || strings.HasPrefix(string(u), "${"),
		"has url %q; it must begin with http:// or https://", clip(string(u)))
	v.template(n, "url", u)
}

func (v *validator) settable(n *Node, what, name string) {
	v.must(n, Settable(name), "has %s %q, which is no variable that can be set", what, name)
}

func (v *validator) value(n *Node, field string, t Template) {
	v.must(n, len(t) <= MaxValue, "has %s of %d bytes; at most %d are allowed", field, len(t), MaxValue)
	v.template(n, field, t)
}

func (v *validator) template(n *Node, field string, t Template) {
	if err := t.Check(); err != nil {
		v.ds.Errorf(CodeTemplate, v.at, "node %q (%s) has a fault in its %s: %v", n.ID, n.Step.Kind(), field, err)
	}
}

// managed says whether a header is the client's own business.
func managed(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Trailer", "Upgrade", "Te":
		return true
	}
	return false
}

// isToken reports whether s is a token of RFC 9110 §5.6.2.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (v *validator) collect(n *Node, s Collect) {
	v.must(n, s.Dialect != "", "names no dialect")
	if s.URL != "" {
		v.url(n, s.URL)
	}
	v.must(n, s.MaxDigits >= 0 && s.MaxDigits <= MaxCollected, "has max_digits %d; it must be 0 to %d", s.MaxDigits, MaxCollected)
	v.span(n, "wait", s.Wait, MaxCollectWait)
	v.must(n, s.End || s.Wait == 0, "has a wait, which only the end can")
}
