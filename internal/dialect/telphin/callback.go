package telphin

import (
	"slices"
	"strconv"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// callback is an order to ring src_num and, once one of them answers, dst_num.
type callback struct {
	src                       []string
	dst                       string
	announce, dstAnnounce     *voice.Sound
	duration, wait            int
	showSrc, showDst, dstDTMF string
}

// maxSources bounds the numbers rung at once.
const maxSources = 10

// postCallback begins a call-back.
func postCallback(q *request) (any, error) {
	e, err := q.extension()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	var c callback
	if err := q.readCallback(&c, body); err != nil {
		return nil, err
	}
	order := dialect.CallBack{Tenant: q.tenant, User: q.token.User, App: "Telphin API", Tag: e.fields().Name, Order: voice.NewID("CB"),
		ShowFirst: c.showSrc, ShowSecond: c.showDst, RingFirst: time.Duration(c.wait) * time.Second}
	for i, n := range c.src {
		d, ok := telphinivr.Destination(n)
		if !ok {
			return nil, badf("src_num[%d]: %q is no number", i, cut(n))
		}
		if i == 0 {
			order.First = d
		} else {
			order.More = append(order.More, d)
		}
	}
	var ok bool
	if order.Second, ok = telphinivr.Destination(c.dst); !ok {
		return nil, badf("dst_num: %q is no number", cut(c.dst))
	}
	if c.announce != nil || c.dstAnnounce != nil || c.duration > 0 || c.dstDTMF != "" {
		order.Program = c.program(order)
	}
	id, err := q.d.cfg.Control.Originate(q.Context(), order)
	switch voice.KindOf(err) {
	case "":
		return map[string]any{"call_api_id": order.Order, "call_id": string(id)}, nil
	case voice.Permission:
		return nil, failf(403, statusCallRefused, "%s", voice.Reason(err))
	case voice.Invalid, voice.NotExist, voice.Unavailable, voice.Conflict, voice.Busy:
		return nil, failf(400, statusCallRefused, "%s", voice.Reason(err))
	}
	return nil, err
}

func (q *request) readCallback(c *callback, body input.Fields) error {
	raw := body["src_num"]
	if input.IsNull(raw) {
		return badf("src_num: it is missing")
	}
	list, err := input.Array(raw, "src_num")
	if err != nil {
		list = append(list[:0], raw) // some clients send one number alone
	}
	for _, item := range list {
		s, err := input.Text(item, "src_num")
		if err != nil {
			return badf("%s", err)
		}
		c.src = append(c.src, s)
	}
	if len(c.src) == 0 || len(c.src) > maxSources {
		return badf("src_num: 1 to %d numbers are needed", maxSources)
	}
	text := map[string]string{}
	for _, name := range []string{"dst_num", "dst_dtmf", "caller_id_number", "dst_ani", "src_caller_id_number", "src_ani",
		"call_duration", "wait_for_pickup", "announce_sound_id", "dst_announce_sound_id"} {
		if text[name], err = input.Text(body[name], name); err != nil {
			return badf("%s", err)
		}
	}
	if c.dst = text["dst_num"]; c.dst == "" {
		return badf("dst_num: it is missing")
	}
	c.dstDTMF = text["dst_dtmf"]
	if len(c.dstDTMF) > voice.MaxGatherDigits || slices.ContainsFunc([]rune(c.dstDTMF), notDTMF) {
		return badf("dst_dtmf: up to %d of 0-9 * # W w are allowed", voice.MaxGatherDigits)
	}
	if c.showSrc, err = shown(text, "src_caller_id_number", "src_ani"); err != nil {
		return err
	}
	if c.showDst, err = shown(text, "dst_ani", "caller_id_number"); err != nil {
		return err
	}
	return q.callbackNumbers(c, text)
}

func notDTMF(r rune) bool { return !slices.Contains([]rune("0123456789*#Ww"), r) }

// shown gives the first number of the fields named that is set.
func shown(text map[string]string, names ...string) (string, error) {
	for _, name := range names {
		if text[name] == "" {
			continue
		}
		e, err := voice.ParseE164(text[name])
		if err != nil {
			return "", badf("%s: %s", name, voice.Reason(err))
		}
		return string(e), nil
	}
	return "", nil
}

func (q *request) callbackNumbers(c *callback, text map[string]string) error {
	for name, p := range map[string]*int{"call_duration": &c.duration, "wait_for_pickup": &c.wait} {
		if text[name] == "" {
			continue
		}
		n, err := strconv.Atoi(text[name])
		if err != nil || n < 0 || n > int(24*time.Hour/time.Second) || name == "wait_for_pickup" && n > int(voice.MaxRingTime/time.Second) {
			return badf("%s: %q is no number of seconds in range", name, cut(text[name]))
		}
		*p = n
	}
	for name, p := range map[string]**voice.Sound{"announce_sound_id": &c.announce, "dst_announce_sound_id": &c.dstAnnounce} {
		if text[name] == "" || text[name] == "0" {
			continue
		}
		id, err := strconv.ParseInt(text[name], 10, 64)
		if err != nil {
			return badf("%s: %q is no id of a sound", name, cut(text[name]))
		}
		s, err := q.resolver().SoundBySerial(q.Context(), id)
		if err != nil {
			return ifNotExist(err, badf("%s: sound %d does not exist in this account", name, id))
		}
		*p = &s
	}
	return nil
}

// program is what runs once the first party has answered.
func (c *callback) program(order dialect.CallBack) *flow.Program {
	d := flow.Dial{To: order.Second, CallerID: c.showDst, MaxDuration: time.Duration(c.duration) * time.Second, SendDigits: c.dstDTMF}
	if c.dstAnnounce != nil {
		d.Announce = []voice.Prompt{{Kind: voice.PromptSound, Sound: c.dstAnnounce.ID}}
	}
	p := &flow.Program{Name: "call-back", Entry: "dial", Nodes: []flow.Node{{ID: "dial", Step: d}}}
	if c.announce != nil {
		p.Entry = "announce"
		p.Nodes = append(p.Nodes, flow.Node{ID: "announce", Step: flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSound, Sound: c.announce.ID}}},
			Exits: map[flow.Exit]flow.NodeID{flow.Next: "dial"}})
	}
	return p
}
