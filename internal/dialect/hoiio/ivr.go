package hoiio

import (
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Defaults and bounds of blocks.
const (
	defaultSession = 2 * time.Hour
	defaultRecord  = 120 * time.Second
	defaultGather  = 15 // s
	maxDigits      = 255
	maxAttempts    = 100
	maxGatherTime  = 600 // s
)

func ivrMethods() []method {
	const section = "IVR"
	session := []string{"session"}
	told := []string{"session", "notify_url"}
	return []method{
		{path: "ivr/start/dial", title: "Begin a session by calling out", section: section, required: []string{"dest"},
			optional: []string{"msg", "caller_id", "max_duration", "tag", "notify_url"}, handle: startDial},
		{path: "ivr/middle/play", title: "Play a message", section: section, required: session, optional: []string{"msg", "tag", "notify_url"}, handle: middlePlay},
		{path: "ivr/middle/gather", title: "Play a message and collect digits", section: section, required: told,
			optional: []string{"msg", "max_digits", "timeout", "attempts", "tag"}, handle: middleGather},
		{path: "ivr/middle/record", title: "Record the caller", section: section, required: told, optional: []string{"msg", "max_duration", "tag"}, handle: middleRecord},
		{path: "ivr/middle/monitor", title: "Record the whole call from now on", section: section, required: told,
			optional: []string{"monitor_notify_url", "msg", "tag"}, handle: middleMonitor},
		{path: "ivr/middle/hold", title: "Put the session on hold", section: section, required: session, optional: []string{"msg"}, handle: middleHold},
		{path: "ivr/middle/unhold", title: "Take the session off hold", section: section, required: session, optional: []string{"tag", "notify_url"}, handle: middleUnhold},
		{path: "ivr/end/transfer", title: "Connect to a number or a room", section: section, required: []string{"session", "dest"},
			optional: []string{"msg", "caller_id", "on_failure", "tag", "notify_url"}, handle: endTransfer},
		{path: "ivr/end/hangup", title: "Hang up", section: section, required: session, optional: []string{"msg", "force", "tag", "notify_url"}, handle: endHangup},
	}
}

// common reads the parameters that every block has.
func (q *request) common(name string) (block, error) {
	b := block{name: name, tag: q.params["tag"], notify: q.params["notify_url"]}
	if utf8.RuneCountInString(b.tag) > maxTag {
		return b, refusal("error_tag_invalid_length")
	}
	return b, q.address("notify_url", b.notify)
}

// address checks an address that notifications go to; "" is none.
func (q *request) address(name, s string) error {
	if s == "" {
		return nil
	}
	if !isURL(s) {
		return refusal("error_invalid_" + name)
	}
	if q.d.cfg.CheckURL == nil {
		return nil
	}
	switch err := q.d.cfg.CheckURL(q, s); {
	case err == nil:
		return nil
	case voice.IsKind(err, voice.Invalid), voice.IsKind(err, voice.Permission):
		return refusal("error_invalid_" + name)
	}
	return refusal("error_unable_to_resolve_" + name)
}

// dest reads a destination: a number, or the short number of an extension.
func (q *request) dest(s string, bad refusal) (voice.Destination, error) {
	if e, ok := phone(s); ok {
		return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, nil
	}
	if len(s) < 2 || len(s) > 6 || strings.Trim(s, "0123456789") != "" {
		return voice.Destination{}, bad
	}
	_, err := q.d.cfg.Extensions.Extension(q, q.tenant, s)
	if voice.IsKind(err, voice.NotExist) {
		return voice.Destination{}, bad
	}
	return voice.Destination{Kind: voice.ToExtension, ID: s}, err
}

// callerID reads the number that is shown: one of the account's, or private.
func (q *request) callerID() (string, error) {
	const bad = refusal("error_caller_id_invalid")
	s := q.params["caller_id"]
	switch {
	case s == "":
		return "", nil
	case strings.EqualFold(s, "private"):
		return "anonymous", nil
	}
	e, ok := phone(s)
	if !ok {
		return "", bad
	}
	own, err := q.owns(e)
	if err == nil && !own {
		err = bad
	}
	return string(e), err
}

// owns says whether a number is the account's, or a telephone of one of its users.
func (q *request) owns(e voice.E164) (bool, error) {
	n, err := q.d.cfg.Numbers.NumberByE164(q, e)
	if err == nil && n.Tenant == q.tenant {
		return true, nil
	}
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return false, err
	}
	users, err := q.d.cfg.Users.Users(q, q.tenant)
	for _, u := range users {
		for _, p := range u.Phones {
			if p.Number == e {
				return true, nil
			}
		}
	}
	return false, err
}

func startDial(q *request) (answer, error) {
	to, err := q.dest(q.params["dest"], errDestInvalid)
	if err != nil {
		return nil, err
	}
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	show, err := q.callerID()
	if err != nil {
		return nil, err
	}
	longest, err := q.seconds("max_duration", "error_invalid_max_duration")
	if err != nil {
		return nil, err
	}
	if longest == 0 || longest > defaultSession {
		longest = defaultSession
	}
	b, err := q.common(blockDial)
	if err != nil {
		return nil, err
	}
	data := b.data(q.app)
	data[keyDest1] = to.ID
	id, err := q.originate(orderDial, b, dialect.CallBack{First: to, ShowFirst: show, Program: dialProgram(b, msg), MaxDuration: longest, Data: data})
	if err != nil {
		return nil, originateFault(err, errDestNotSupported)
	}
	return answer{"session": sessionID(id), "txn_ref": txnRef(id)}, nil
}

// originate begins a call of the application; order says of which kind it is.
func (q *request) originate(order string, b block, cb dialect.CallBack) (voice.CallID, error) {
	cb.Tenant, cb.User, cb.App, cb.Tag = q.tenant, q.user, "Hoiio application "+q.app, b.tag
	cb.Order = order + q.app + "/" + voice.NewID("")
	return q.d.cfg.Control.Originate(q, cb)
}

// originateFault gives the status for a call that can't be begun.
func originateFault(err error, dest refusal) error {
	switch voice.KindOf(err) {
	case voice.Limit:
		return errConcurrent
	case voice.NotExist, voice.Unavailable, voice.Permission, voice.Invalid:
		return dest
	}
	return err
}

func middlePlay(q *request) (answer, error) {
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	b, err := q.common(blockPlay)
	if err != nil {
		return nil, err
	}
	return q.middle(b, playProgram(b, msg))
}

// middle gives a ready session a block.
func (q *request) middle(b block, p *flow.Program) (answer, error) {
	c, err := q.waiting()
	if err != nil {
		return nil, err
	}
	return nil, q.command(c, b.name, p, b.data(q.app))
}

func middleGather(q *request) (answer, error) {
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	digits, ok := q.number("max_digits", 0, 0, maxDigits)
	if !ok {
		return nil, refusal("error_invalid_max_digits")
	}
	timeout, ok := q.number("timeout", defaultGather, 1, maxGatherTime)
	if !ok {
		return nil, refusal("error_invalid_timeout")
	}
	attempts, ok := q.number("attempts", 1, 1, maxAttempts)
	if !ok {
		return nil, refusal("error_invalid_attempts")
	}
	b, err := q.common(blockGather)
	if err != nil {
		return nil, err
	}
	set, err := q.d.settings(q, q.tenant, q.app)
	if err != nil {
		return nil, err
	}
	return q.middle(b, gatherProgram(b, msg, min(digits, voice.MaxGatherDigits), time.Duration(timeout)*time.Second, attempts, set.GatherHangup))
}

func middleRecord(q *request) (answer, error) {
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	longest, err := q.seconds("max_duration", "error_invalid_max_duration")
	if err != nil {
		return nil, err
	}
	if longest == 0 {
		longest = defaultRecord
	}
	b, err := q.common(blockRecord)
	if err != nil {
		return nil, err
	}
	return q.middle(b, recordProgram(b, msg, q.user, min(longest, voice.MaxRecordLength)))
}

// middleMonitor begins the recording before the block is taken, and ends it again
// when the session does not take the block after all.
func middleMonitor(q *request) (answer, error) {
	to := q.params["monitor_notify_url"]
	if err := q.address("notify_url", to); err != nil {
		return nil, err
	}
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	b, err := q.common(blockMonitor)
	if err != nil {
		return nil, err
	}
	c, err := q.waiting()
	if err != nil {
		return nil, err
	}
	tape, err := q.d.cfg.Commands.StartTape(q, q.tenant, c.Info.ID, voice.TapeSpec{User: q.user})
	switch {
	case voice.IsKind(err, voice.Conflict):
		return nil, refusal("error_monitor_in_progress")
	case voice.IsKind(err, voice.NotExist):
		return nil, errSessionEnded
	case err != nil:
		return nil, err
	}
	if to == "" {
		to = b.notify
	}
	data := b.data(q.app)
	data[keyTape], data[keyTapeURL], data[keyTapeTag] = string(tape), to, b.tag
	if err := q.command(c, b.name, playProgram(b, msg), data); err != nil {
		if stop := q.d.cfg.Commands.OrderTape(q, q.tenant, c.Info.ID, voice.TapeStop); stop != nil {
			q.d.cfg.Log.Warn("recording of a monitor that was refused not ended", "call", c.Info.ID, "err", stop)
		}
		return nil, err
	}
	return nil, nil
}

func middleHold(q *request) (answer, error) {
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	c, err := q.waiting()
	if err != nil {
		return nil, err
	}
	return nil, q.command(c, "hold", holdProgram(msg), nil)
}

func middleUnhold(q *request) (answer, error) {
	b, err := q.common(blockUnhold)
	if err != nil {
		return nil, err
	}
	c, err := q.session()
	if err != nil {
		return nil, err
	}
	if c.Awaits != atHeld {
		if err := ready(c); err == errSessionEnded {
			return nil, err
		}
		return nil, refusal("error_session_not_on_hold")
	}
	return nil, q.command(c, b.name, unholdProgram(b), b.data(q.app))
}

func endTransfer(q *request) (answer, error) {
	room, toRoom := strings.CutPrefix(q.params["dest"], "room:")
	var to voice.Destination
	var err error
	if !toRoom {
		to, err = q.dest(q.params["dest"], errDestInvalid)
	} else {
		room, err = roomOf(room)
	}
	if err != nil {
		return nil, err
	}
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	show, err := q.callerID()
	if err != nil {
		return nil, err
	}
	failing := q.params["on_failure"]
	if failing != "" && failing != "hangup" && failing != "continue" {
		return nil, refusal("error_on_failure_invalid")
	}
	b, err := q.common(blockTransfer)
	if err != nil {
		return nil, err
	}
	c, err := q.waiting()
	if err != nil {
		return nil, err
	}
	goOn := failing == "continue"
	name := b.name
	if goOn {
		name += ", or go on"
	}
	data := b.data(q.app)
	if toRoom {
		data[keyRoom] = room
		return answer{"room": room}, q.command(c, name, roomProgram(b, msg, q.app, room, goOn), data)
	}
	return nil, q.command(c, name, transferProgram(b, msg, to, show, goOn), data)
}

// roomOf reads the id of a room; "" draws a new one.
func roomOf(s string) (string, error) {
	if !isRoom(s) {
		return "", refusal("error_invalid_room")
	}
	if s == "" {
		s = "R" + voice.NewID("")
	}
	return s, nil
}

// isRoom says whether a room may have that id.
func isRoom(s string) bool {
	return len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._") == ""
}

// endHangup ends a session whatever it does. A session that waits for a block plays
// the message first, unless force is enabled.
func endHangup(q *request) (answer, error) {
	msg, err := q.message()
	if err != nil {
		return nil, err
	}
	b, err := q.common(blockHangup)
	if err != nil {
		return nil, err
	}
	c, err := q.session()
	if err != nil {
		return nil, err
	}
	if c.Command == lastHangup {
		return nil, errSessionEnded
	}
	now := q.params["force"] == "enabled" || c.Awaits == "" || c.Awaits == atHeld
	cmd := flow.Command{Mode: voice.CommandInstead, Replace: true, Last: true, Text: lastHangup, Data: b.data(q.app)}
	cause := voice.CauseNormal
	if c.Awaits == atRinging && (now || len(msg) == 0) {
		cause = voice.CauseRejected
	}
	if now {
		msg = nil
	} else {
		cmd.At = c.Awaits
	}
	cmd.Program = hangupProgram(b, msg, cause)
	err = q.order(c, cmd)
	if err == errNotReady && cmd.At != "" { // it was given another block meanwhile: cut at once
		cmd.At, cmd.Program = "", hangupProgram(b, nil, voice.CauseNormal)
		err = q.order(c, cmd)
	}
	if err == errNotReady { // nobody has answered yet
		err = q.d.cfg.Live.Hangup(q, q.tenant, c.Info.ID, "hung up by the application")
		if voice.IsKind(err, voice.NotExist) {
			return nil, errSessionEnded
		}
	}
	return nil, err
}
