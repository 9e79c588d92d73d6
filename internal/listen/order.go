package listen

import (
	"cmp"
	"maps"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Ordering is a real application that is told of a call and orders by itself what is
// done, behind the API of its vendor. Virtual time stands still while one of its methods
// works. All are called by the goroutine of the path, which alone may use the Control.
type Ordering interface {
	// Begin is called before a path, and with nil after it.
	Begin(c *Control)
	// Tell tells it of an event of the call, whose record comes with its end.
	Tell(e voice.Event, record *voice.CDR)
	// Still is sim.World's.
	Still() bool
}

// Control is a path that is listened to, as an application's API uses it.
type Control struct{ w *walk }

func (c *Control) up() bool { return c.w.Call != nil && !c.w.over }

// Live gives the call while it is up.
func (c *Control) Live() []voice.LiveCall {
	w := c.w
	if !c.up() {
		return nil
	}
	l := voice.LiveCall{Info: w.info, State: voice.LiveRinging, App: w.f.Main.App, Awaits: w.mailbox.Awaits(), Command: w.mailbox.Last(), Tag: w.info.Tag}
	if l.Answered = w.Answered(); !l.Answered.IsZero() {
		l.State = voice.LiveAnswered
	}
	return []voice.LiveCall{l}
}

// Waits reports whether the call waits for commands.
func (c *Control) Waits() bool { return c.up() && c.w.mailbox.Awaits() != "" }

func (c *Control) find(id voice.CallID) error {
	if !c.up() || id != c.w.info.ID {
		return voice.Errorf("listen.Control", voice.NotExist, "call %s is not up", id)
	}
	return nil
}

// Command is as dialect.Commander's.
func (c *Control) Command(id voice.CallID, cmd flow.Command) error {
	const op = "listen.Command"
	if err := c.find(id); err != nil {
		return err
	}
	if cmd.Program == nil {
		return voice.InvalidField(op, "program", "there is nothing to do")
	}
	if bad, is := flow.Validate(cmd.Program).FirstError(); is {
		return voice.InvalidField(op, "program", "%s", bad)
	}
	cmd.Mode = cmp.Or(cmd.Mode, voice.CommandNext)
	put, err := c.w.mailbox.Accept(cmd)
	if err != nil || put == nil {
		return err
	}
	data := map[string]string{"order": string(cmd.Mode)}
	maps.Copy(data, cmd.Data)
	c.w.Note(voice.Event{Kind: voice.EventCallOrdered, Text: "command (" + string(cmd.Mode) + "): " + cmp.Or(cmd.Text, cmd.Program.Name), Data: data})
	put()
	c.w.world.Wake()
	return nil
}

// Hangup ends the call.
func (c *Control) Hangup(id voice.CallID, words string) error {
	err := c.find(id)
	if err == nil {
		c.w.stop(voice.Errorf("listen.Hangup", voice.Ordered, "%s", words))
		c.w.world.Wake()
	}
	return err
}

// Taped gives the recording of the whole call, for orders about it.
func (c *Control) Taped(id voice.CallID) (voice.Taper, error) { return c.w.Call, c.find(id) }

// Note puts a word on the timeline of the call, also when it is over.
func (c *Control) Note(id voice.CallID, e voice.Event) {
	if c.w.Call != nil && id == c.w.info.ID {
		c.w.Note(e)
	}
}

// Originate refuses: a path is one call.
func (*Control) Originate(dialect.CallBack) (voice.CallID, error) {
	return "", voice.Errorf("listen.Originate", voice.Unavailable, "no other call can be made while one is listened to")
}
