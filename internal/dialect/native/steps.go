package native

import (
	"reflect"
	"slices"
	"strings"

	"tandem/internal/flow"
)

// form is a type of step in a document: {word: what, way: step, …}.
type form struct {
	zero flow.Step
	word string
	// alone is the one Go field that the word's value is; short is the one that
	// it may be when all others are empty.
	alone, short string
	// hidden are Go fields that the ways say.
	hidden []string
	// whole replaces the record of fields.
	whole shape
	ways  []flow.Exit
	words string
}

// forms lists every type of step, in the order of the manual.
func forms() []form {
	next, nextFailed := []flow.Exit{flow.Next}, []flow.Exit{flow.Next, flow.Failed}
	return []form{
		{zero: flow.Answer{}, word: "answer", ways: next, words: "answers the call; steps that need sound do so by themselves"},
		{zero: flow.Play{}, word: "play", short: "Prompts", ways: []flow.Exit{flow.Next, flow.Cut}, words: "plays prompts"},
		{zero: flow.Gather{}, word: "gather", hidden: []string{"Keys"},
			ways:  []flow.Exit{flow.Extension, flow.UnknownExt, flow.GotDigits, flow.InvalidKey, flow.NoInput},
			words: "plays prompts and takes keys; the keys that have a way of their own stand in keys"},
		{zero: flow.Dial{}, word: "dial", whole: dialled{reflect.TypeFor[flow.Dial]()},
			ways:  []flow.Exit{flow.Completed, flow.Busy, flow.NoAnswer, flow.MaxDuration, flow.Failed},
			words: "rings a destination and lets the two talk"},
		{zero: flow.Transfer{}, word: "transfer", whole: dialled{reflect.TypeFor[flow.Transfer]()},
			ways:  []flow.Exit{flow.Completed, flow.Busy, flow.NoAnswer, flow.MaxDuration, flow.Failed},
			words: "hands the caller over to a destination, by SIP REFER where the caller's side takes it"},
		{zero: flow.Queue{}, word: "queue",
			ways:  []flow.Exit{flow.Completed, flow.NoAnswer, flow.QueueFull, flow.QueueKey, flow.MaxDuration, flow.Failed},
			words: "lets the caller wait in line for one of the members"},
		{zero: flow.Record{}, word: "record", ways: []flow.Exit{flow.Recorded, flow.NotRecorded, flow.Failed}, words: "records the caller"},
		{zero: flow.Deliver{}, word: "deliver", alone: "Mailbox", ways: nextFailed, words: "hands the last recording to a mailbox"},
		{zero: flow.SaveSound{}, word: "save_sound", alone: "Sound", ways: nextFailed, words: "makes the last recording the audio of a sound"},
		{zero: flow.PlayRecording{}, word: "play_recording", ways: next, words: "plays the last recording"},
		{zero: flow.Listen{}, word: "listen", hidden: []string{"Phrases"},
			ways:  []flow.Exit{flow.GotDigits, flow.NoInput, flow.NotUnderstood, flow.Failed},
			words: "plays prompts and understands speech; what may be said stands in phrases"},
		{zero: flow.Hours{}, word: "hours", alone: "Schedule", ways: []flow.Exit{flow.Open, flow.Closed, flow.Holiday}, words: "asks the clock"},
		{zero: flow.If{}, word: "if", whole: condition{}, ways: []flow.Exit{flow.Yes, flow.No}, words: "compares two texts"},
		{zero: flow.Set{}, word: "set", whole: assignment{}, ways: next, words: "sets a variable"},
		{zero: flow.Count{}, word: "count", ways: []flow.Exit{flow.Again, flow.Over}, words: "counts how often the call has passed here"},
		{zero: flow.Reset{}, word: "reset", alone: "Name", ways: next, words: "sets a counter to nought"},
		{zero: flow.SetCaller{}, word: "set_caller", ways: next, words: "sets the caller that later calls show"},
		{zero: flow.Request{}, word: "request", ways: nextFailed, words: "makes an HTTP request and takes values out of a JSON answer"},
		{zero: flow.Fetch{}, word: "fetch", hidden: []string{"Ways"}, ways: nextFailed,
			words: "asks an application what to do next; the further exits that it may take stand in ways"},
		{zero: flow.Save{}, word: "save", ways: nextFailed, words: "keeps a record of the account about the call"},
		{zero: flow.SMS{}, word: "sms", ways: nextFailed, words: "sends a text message"},
		{zero: flow.Await{}, word: "await", ways: []flow.Exit{flow.Next, flow.NoInput},
			words: "waits for a command from outside and carries it out"},
		{zero: flow.Collect{}, word: "collect", ways: next, words: "gathers keys while the flow goes on, and submits them to an application"},
		{zero: flow.Notice{}, word: "notice", ways: next, words: "notes something that an application is to be told"},
		{zero: flow.Conference{}, word: "conference", short: "Room",
			ways:  []flow.Exit{flow.Next, flow.Kicked, flow.RoomFull, flow.MaxDuration, flow.Failed},
			words: "puts the caller into a conference room"},
		{zero: flow.Tape{}, word: "tape", short: "Order", ways: nextFailed,
			words: "begins, pauses, resumes or stops a recording of the whole call beside its flow"},
		{zero: flow.DetectMachine{}, word: "detect_machine", ways: []flow.Exit{flow.Human, flow.Machine, flow.Unknown},
			words: "tells an answering machine from a person"},
		{zero: flow.Wait{}, word: "wait", alone: "For", ways: next, words: "lets time pass"},
		{zero: flow.Goto{}, word: "goto", alone: "App", ways: []flow.Exit{flow.Failed}, words: "goes on in another app"},
		{zero: flow.Subflow{}, word: "subflow", alone: "App", ways: nextFailed, words: "runs another app and comes back"},
		{zero: flow.Return{}, word: "return", alone: "Exit", words: "ends a subflow; its value is the exit that the subflow is left by"},
		{zero: flow.Hangup{}, word: "hang_up", words: "ends the call"},
	}
}

func stepWords() []string {
	var words []string
	for _, f := range forms() {
		words = append(words, f.word)
	}
	return words
}

// formOf finds the form of a step.
func formOf(s flow.Step) (form, bool) {
	for _, f := range forms() {
		if f.zero.Kind() == s.Kind() {
			return f, true
		}
	}
	return form{}, false
}

// value is the shape of what stands behind the word.
func (f form) value() shape {
	t := reflect.TypeOf(f.zero)
	switch {
	case f.whole != nil:
		return f.whole
	case f.alone != "":
		field, _ := t.FieldByName(f.alone)
		return shapeOf(field.Type)
	}
	return recordOf(t, f.hidden...)
}

// wayWord is the word of an exit: "no_answer".
func (f form) wayWord(e flow.Exit) string {
	switch e {
	case flow.Next, flow.Yes:
		return "then"
	case flow.No:
		return "else"
	case flow.UnknownExt:
		return "unknown"
	}
	return strings.ReplaceAll(string(e), " ", "_")
}

// Words of a step beside its own and its ways.
const (
	wordKeys    = "keys"    // of gather: {key: step}
	wordPhrases = "phrases" // of listen: [{words: …, exit: …, then: step}]
	wordWays    = "ways"    // of fetch: {exit: step}
	wordLabel   = "label"
	wordMeta    = "meta"
)

// special gives the word of the ways that depend on the document, or "".
func (f form) special() string {
	switch f.zero.(type) {
	case flow.Gather:
		return wordKeys
	case flow.Listen:
		return wordPhrases
	case flow.Fetch:
		return wordWays
	}
	return ""
}

// mayBeEmpty reports whether the word may stand alone: "answer:".
func (f form) mayBeEmpty() bool {
	return f.whole == nil && (f.alone == "" || f.alone == "Exit")
}

// allowed lists what may stand in a step of this form.
func (f form) allowed() []string {
	words := []string{f.word}
	if s := f.special(); s != "" {
		words = append(words, s)
	}
	for _, e := range f.ways {
		words = append(words, f.wayWord(e))
	}
	return append(words, wordLabel, wordMeta)
}

// unnamedExit begins the exit of a phrase that names none: it ends in the step.
const unnamedExit = "to "

// Words lists the words of steps, of their fields and ways, and of prompts and
// destinations: all that a document may say.
func Words() []string {
	words := append(topWords(), promptWords()...)
	words = append(words, destinationKinds()...)
	words = append(words, operatorWords()...)
	for _, f := range forms() {
		words = append(words, f.allowed()...)
		if rec, ok := f.value().(record); ok {
			words = append(words, rec.words()...)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}
