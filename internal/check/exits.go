package check

import (
	"fmt"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// wired reports whether an exit, which the step can take, leads to a node. n is the
// present one.
func (c *checker) wired(n *flow.Node, e flow.Exit) bool {
	if len(c.g.loose[c.present]) == 0 {
		return true
	}
	_, leads := c.g.index[n.Exits[e]]
	return leads
}

// missing tells of an exit that leads nowhere.
func (c *checker) missing(n *flow.Node, s flow.Severity, code string, e flow.Exit, words string) {
	if c.wired(n, e) {
		return
	}
	mend := vendorMend
	if c.native() {
		mend = fmt.Sprintf("lead exit %q of %s on, or to a step that says why and hangs up", e, c.name(n))
	}
	c.at(n, s, code, mend, "%s: %s; then the caller is cut off without a word", c.name(n), words)
}

// exits finds what a step may come to and the author has not thought of.
func (c *checker) exits(n *flow.Node) {
	switch s := n.Step.(type) {
	case flow.Gather:
		c.missing(n, flow.Warning, CodeNoInput, flow.NoInput, "a caller may press nothing")
		for _, e := range c.g.loose[c.present] {
			if strings.HasPrefix(string(e), string(flow.Key(""))) {
				c.missing(n, flow.Warning, CodeKeyNowhere, e, fmt.Sprintf("%s is expected and leads nowhere", e))
			}
		}
		if s.Extensions {
			c.missing(n, flow.Warning, CodeKeyNowhere, flow.Extension, "an extension may be keyed and leads nowhere")
			c.missing(n, flow.Warning, CodeInvalid, flow.UnknownExt, "a caller may key an extension that does not exist")
		}
		if s.Extensions || len(s.Keys) > 0 {
			c.missing(n, flow.Warning, CodeInvalid, flow.InvalidKey, "a caller may press another key")
		} else {
			c.missing(n, flow.Warning, CodeKeyNowhere, flow.GotDigits, "the digits that are keyed lead nowhere")
		}
	case flow.Listen:
		c.missing(n, flow.Warning, CodeNoInput, flow.NoInput, "a caller may say nothing")
		c.missing(n, flow.Warning, CodeInvalid, flow.NotUnderstood, "a caller may say something else")
		c.missing(n, flow.Warning, CodeFailed, flow.Failed, "speech may not be understood at all")
	case flow.Dial:
		c.unanswered(n, voice.MachineRule("") != s.Machine)
	case flow.Transfer:
		c.unanswered(n, false)
	case flow.Queue:
		vendor := c.vendorSeverity()
		c.missing(n, vendor, CodeNoAnswer, flow.NoAnswer, "a caller may have waited as long as callers may")
		if s.MaxLength > 0 {
			c.missing(n, vendor, CodeBusy, flow.QueueFull, "the queue may be full")
		}
		c.missing(n, vendor, CodeFailed, flow.Failed, "nobody may be there to answer the queue")
		if s.ExitKey != "" {
			c.missing(n, flow.Warning, CodeKeyNowhere, flow.QueueKey, fmt.Sprintf("key %s leaves the queue", s.ExitKey))
		}
	case flow.Goto, flow.Subflow:
		c.missing(n, Note, CodeFailed, flow.Failed, "the app may be gone")
	case flow.Fetch:
		c.missing(n, c.vendorSeverity(), CodeFailed, flow.Failed, "the application may not answer; unless the account has a rescue app")
	case flow.Request:
		c.missing(n, flow.Warning, CodeFailed, flow.Failed, "the web server may not answer")
	case flow.Conference:
		c.missing(n, Note, CodeFailed, flow.Failed, "the room may not be had")
	case flow.Record, flow.Deliver, flow.SaveSound, flow.SMS, flow.Save:
		c.missing(n, Note, CodeFailed, flow.Failed, "the storage or the gateway may refuse")
	case flow.If:
		c.missing(n, Note, CodeBranch, flow.Yes, "the answer may be yes")
		c.missing(n, Note, CodeBranch, flow.No, "the answer may be no")
	}
}

// vendorMend is what to do where the vendor's language has no word for it.
const vendorMend = "lead to something that has a way on of its own, such as a group or a queue, or keep the flow as a native one"

// unanswered looks at the exits of a call that nobody takes.
func (c *checker) unanswered(n *flow.Node, machine bool) {
	s := c.vendorSeverity()
	if s == Note && !c.wired(n, flow.Busy) && !c.wired(n, flow.NoAnswer) && !c.wired(n, flow.Failed) {
		c.missing(n, s, CodeNoAnswer, flow.NoAnswer, "the line may be busy, nobody may answer, or the call may fail")
		return
	}
	c.missing(n, s, CodeBusy, flow.Busy, "the line may be busy")
	c.missing(n, s, CodeNoAnswer, flow.NoAnswer, "nobody may answer")
	words := "the call may fail"
	if machine {
		words = "the call may fail, or an answering machine take it"
	}
	c.missing(n, s, CodeFailed, flow.Failed, words)
}

// vendorSeverity is that of exits that only our own language can always lead on.
func (c *checker) vendorSeverity() flow.Severity {
	if c.native() {
		return flow.Warning
	}
	return Note
}

// nativeKind is native.Kind.
const nativeKind voice.AppKind = "native"

// outside finds what becomes of a caller's message or of what goes over the wire.
func (c *checker) outside(n *flow.Node) {
	switch s := n.Step.(type) {
	case flow.Deliver:
		m := s.Mailbox
		if m.User == "" && m.Email == "" {
			c.at(n, flow.Warning, CodeNoAddress, "name a user or an e-mail address", "%s: the message is kept, and mailed to nobody", c.name(n))
		}
	case flow.Record:
		if s.Purpose == voice.ForVoicemail && !c.delivered(n) {
			c.at(n, flow.Warning, CodeMessageLost, "deliver the recording behind it", "%s takes a message, and no step behind it delivers or keeps it", c.name(n))
		}
	case flow.Request:
		c.plain(n, s.URL)
	case flow.Fetch:
		c.plain(n, s.URL)
		c.plain(n, s.Fallback)
	}
}

func (c *checker) plain(n *flow.Node, url flow.Template) {
	if len(url) > 5 && url[:5] == "http:" {
		c.at(n, Note, CodePlainHTTP, "use https", "%s asks %s without encryption: what it sends of the caller can be read on the way", c.name(n), url)
	}
}

// delivered reports whether a step behind a Record takes the recording, before
// another Record does away with it.
func (c *checker) delivered(n *flow.Node) bool {
	g := c.g
	if g.kept == nil {
		var takers []int
		for i, n := range g.nodes {
			switch n.Step.(type) {
			case flow.Deliver, flow.SaveSound, flow.PlayRecording, flow.Save, flow.Request, flow.Goto, flow.Subflow, flow.Fetch, flow.Await, flow.Return:
				takers = append(takers, i)
			}
		}
		g.kept = g.floodBack(takers, func(i int) bool {
			_, again := g.nodes[i].Step.(flow.Record)
			return !again
		})
	}
	start, ok := g.index[n.Exits[flow.Recorded]]
	return ok && g.kept[start]
}

// ringsSomebody reports whether a destination is a person, or several.
func ringsSomebody(k voice.DestinationKind) bool {
	switch k {
	case voice.ToApp, voice.ToMailbox:
		return false
	}
	return true
}
