package hoiio

import (
	"strconv"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// The places at which a session waits for blocks.
const (
	atRinging = "ringing"
	atReady   = "ready"
	atHeld    = "held"
)

// Bounds of a session's waiting.
const (
	ringLimit = 60 * time.Second
	idleLimit = 60 * time.Second
)

// The names of blocks.
const (
	blockAnswer   = "answer"
	blockDial     = "dial"
	blockPlay     = "play"
	blockGather   = "gather"
	blockRecord   = "record"
	blockMonitor  = "monitor"
	blockUnhold   = "unhold"
	blockTransfer = "transfer"
	blockHangup   = "hangup"
)

// Keys of what is remembered of a session. Those of a block are set by its command
// and by the notice in which it ends.
const (
	keyApp       = "hoiio.app"
	keyBlock     = "hoiio.block"
	keyNotify    = "hoiio.notify"
	keyTag       = "hoiio.tag"
	keyDone      = "hoiio.done"   // "1": the block is over
	keyStatus    = "hoiio.status" // of a dial or transfer
	keyDigits    = "hoiio.digits"
	keyRecording = "hoiio.recording"
	keyQuiet     = "hoiio.quiet" // "1": a notice that nobody is told of
	keyTape      = "hoiio.tape"  // recording of monitor
	keyTapeURL   = "hoiio.tape_notify"
	keyTapeTag   = "hoiio.tape_tag"
	keyDest1     = "hoiio.dest1" // of voice/call
	keyDest2     = "hoiio.dest2"
	keyRoom      = "hoiio.room"
)

// block is a block on its way into a program.
type block struct {
	name, notify, tag string
}

// data is what the command of a block has remembered.
func (b block) data(app string) map[string]string {
	return map[string]string{keyApp: app, keyBlock: b.name, keyNotify: b.notify, keyTag: b.tag,
		keyDone: "", keyStatus: "", keyDigits: "", keyRecording: "", keyQuiet: "", keyRoom: ""}
}

// notice is the end of a block: what more it says, and that the session is ready
// for the next one.
func (b block) notice(more map[string]flow.Template) flow.Notice {
	fields := map[string]flow.Template{keyBlock: flow.Template(b.name), keyNotify: flow.Literal(b.notify), keyTag: flow.Literal(b.tag),
		keyDone: "1", keyQuiet: ""}
	for k, v := range more {
		fields[k] = v
	}
	return flow.Notice{Dialect: Kind, Fields: fields, Ready: atReady}
}

// quiet notes something of a block that goes on.
func quiet(key, value string) flow.Notice {
	return flow.Notice{Dialect: Kind, Fields: map[string]flow.Template{key: flow.Template(value), keyQuiet: "1"}}
}

// builder adds nodes one after the other; each is gone on to from the one before.
type builder struct {
	p    flow.Program
	last int // node whose Next leads on; -1 = none
}

func newBuilder(name string) *builder {
	return &builder{p: flow.Program{Name: Kind + " " + name}, last: -1}
}

// then adds a node that is reached from the last one's exit Next.
func (b *builder) then(id flow.NodeID, s flow.Step) *builder {
	if b.last >= 0 {
		b.p.Nodes[b.last].Exits[flow.Next] = id
	} else {
		b.p.Entry = id
	}
	b.p.Nodes = append(b.p.Nodes, flow.Node{ID: id, Step: s, Exits: map[flow.Exit]flow.NodeID{}})
	b.last = len(b.p.Nodes) - 1
	return b
}

// ways wires the last node's exits and ends the row: more is to be reached by name.
func (b *builder) ways(exits map[flow.Exit]flow.NodeID) *builder {
	b.p.Nodes[b.last].Exits = exits
	return b
}

// apart adds a node that is reached by its name.
func (b *builder) apart(id flow.NodeID, s flow.Step) *builder {
	b.p.Nodes = append(b.p.Nodes, flow.Node{ID: id, Step: s, Exits: map[flow.Exit]flow.NodeID{}})
	b.last = len(b.p.Nodes) - 1
	return b
}

func (b *builder) say(msg []voice.Prompt) *builder {
	if len(msg) == 0 {
		return b
	}
	return b.then("message", flow.Play{Prompts: msg})
}

// loop has the session wait for blocks until none comes for a while.
func (b *builder) loop() *flow.Program {
	b.then("ready", flow.Await{Name: atReady, Idle: idleLimit}).ways(map[flow.Exit]flow.NodeID{flow.Next: "ready", flow.NoInput: "idle"}).
		apart("idle", flow.Hangup{Words: "no block came for " + idleLimit.String()})
	return &b.p
}

// answerProgram is what a call to a number runs.
func answerProgram(app voice.AppID, doc document) flow.Program {
	b := block{name: blockAnswer, notify: doc.NotifyURL}
	notice := b.notice(map[string]flow.Template{keyApp: flow.Literal(doc.App)})
	notice.Ready = atRinging
	p := newBuilder("session")
	p.then("answer", notice).then("ringing", flow.Await{Name: atRinging, Ring: true, Idle: ringLimit})
	ringing := p.last
	p.loop()
	p.p.Nodes[ringing].Exits = map[flow.Exit]flow.NodeID{flow.Next: "ready", flow.NoInput: "unanswered"}
	p.apart("unanswered", flow.Hangup{Cause: voice.CauseNoAnswer, Words: "no block came for " + ringLimit.String()})
	p.p.App, p.p.Name = app, "Hoiio "+doc.NotifyURL
	return p.p
}

// dialProgram is what a session runs whose party has answered.
func dialProgram(b block, msg []voice.Prompt) *flow.Program {
	p := newBuilder(b.name).say(msg)
	if b.notify == "" {
		p.then("end", flow.Hangup{Words: "nobody is told of the dial"})
		return &p.p
	}
	return p.then("told", b.notice(map[string]flow.Template{keyStatus: "answered"})).loop()
}

// playProgram plays a message. Without an address to tell, that is the end.
func playProgram(b block, msg []voice.Prompt) *flow.Program {
	p := newBuilder(b.name).then("open", flow.Answer{}).say(msg)
	b.over(p)
	return &p.p
}

// over ends a block that hangs up when nobody is told.
func (b block) over(p *builder) {
	if b.notify == "" {
		p.then("end", flow.Hangup{Words: "nobody is told of the " + b.name})
		return
	}
	p.then("told", b.notice(nil))
}

// gatherProgram collects keys. Where none has come at last the application is told, or
// the session is hung up.
func gatherProgram(b block, msg []voice.Prompt, digits int, timeout time.Duration, attempts int, hangUp bool) *flow.Program {
	p := newBuilder(b.name)
	p.then("gather", flow.Gather{Prompts: msg, BargeIn: true, Whole: true, MaxDigits: digits, Finish: "#",
		FirstDigit: timeout, InterDigit: timeout, Overall: timeout})
	p.ways(map[flow.Exit]flow.NodeID{flow.GotDigits: "keyed", flow.NoInput: "again"})
	p.apart("again", flow.Count{Name: "attempts", Limit: attempts}).ways(map[flow.Exit]flow.NodeID{flow.Again: "gather", flow.Over: "silent"})
	if hangUp {
		p.apart("silent", flow.Hangup{Words: "no key came within the time-out of the gather"})
	} else {
		p.apart("silent", b.notice(map[string]flow.Template{keyDigits: ""}))
	}
	p.apart("keyed", b.notice(map[string]flow.Template{keyDigits: "${" + flow.VarDigits + "}"}))
	return &p.p
}

func recordProgram(b block, msg []voice.Prompt, user voice.UserID, longest time.Duration) *flow.Program {
	p := newBuilder(b.name).then("open", flow.Answer{}).say(msg)
	p.then("record", flow.Record{Purpose: voice.ForCall, User: user, Beep: true, Finish: "#", MaxLength: longest})
	p.ways(map[flow.Exit]flow.NodeID{flow.Recorded: "recorded", flow.NotRecorded: "nothing", flow.Failed: "nothing"})
	p.apart("recorded", b.notice(map[string]flow.Template{keyRecording: "${" + flow.VarRecording + "}"}))
	p.apart("nothing", b.notice(map[string]flow.Template{keyRecording: ""}))
	return &p.p
}

// holdProgram holds the session until it is taken off hold.
func holdProgram(msg []voice.Prompt) *flow.Program {
	if len(msg) == 0 {
		msg = []voice.Prompt{{Kind: voice.PromptMusic}}
	}
	p := newBuilder("hold").then("held", flow.Await{Name: atHeld, Music: msg})
	return &p.p
}

func unholdProgram(b block) *flow.Program {
	p := newBuilder(b.name)
	b.over(p)
	return &p.p
}

// transferProgram rings a destination and joins it to the caller. With goOn the
// session is ready again when that was not reached.
func transferProgram(b block, msg []voice.Prompt, to voice.Destination, show string, goOn bool) *flow.Program {
	p := newBuilder(b.name).then("open", flow.Answer{}).say(msg)
	p.then("rung", quiet(keyStatus, "unanswered"))
	p.then("dial", flow.Dial{To: to, CallerID: show})
	p.ways(map[flow.Exit]flow.NodeID{flow.Completed: "answered", flow.MaxDuration: "answered", flow.Busy: "busy", flow.NoAnswer: "unanswered", flow.Failed: "failed"})
	p.apart("answered", quiet(keyStatus, "answered")).then("done", flow.Hangup{Words: "the transferred call is over"})
	b.failed(p, goOn, "busy", "unanswered", "failed")
	return &p.p
}

// failed adds the ends of a transfer that reached nobody: the session is ready again,
// or over.
func (b block) failed(p *builder, goOn bool, statuses ...string) {
	for _, status := range statuses {
		if goOn {
			p.apart(flow.NodeID(status), b.notice(map[string]flow.Template{keyStatus: flow.Template(status)}))
			continue
		}
		p.apart(flow.NodeID(status), quiet(keyStatus, status)).then(flow.NodeID(status+"-end"), flow.Hangup{Words: "the transfer failed: " + status})
	}
}

// roomProgram puts the party into a conference room until it leaves. With goOn the
// session is ready again when there is no place in it.
func roomProgram(b block, msg []voice.Prompt, app, room string, goOn bool) *flow.Program {
	p := newBuilder(b.name).then("open", flow.Answer{}).say(msg)
	p.then("joined", quiet(keyStatus, "answered"))
	p.then("room", flow.Conference{Room: flow.Literal(roomName(app, room)), Tones: true})
	p.ways(map[flow.Exit]flow.NodeID{flow.Next: "done", flow.Kicked: "done", flow.MaxDuration: "done", flow.RoomFull: "busy", flow.Failed: "failed"})
	p.apart("done", flow.Hangup{Words: "the stay in the room is over"})
	b.failed(p, goOn, "busy", "failed")
	return &p.p
}

// roomName is a room's name within the account: rooms are an application's own.
func roomName(app, room string) string { return app + "." + room }

// hangupProgram ends the session, after a message where there is one.
func hangupProgram(b block, msg []voice.Prompt, cause voice.Cause) *flow.Program {
	p := newBuilder(b.name)
	if len(msg) > 0 {
		p.then("open", flow.Answer{}).say(msg)
	}
	p.then("end", flow.Hangup{Cause: cause, Words: "hung up by the application"})
	return &p.p
}

// count writes how many there are of something.
func count(n int) string { return strconv.Itoa(n) }
