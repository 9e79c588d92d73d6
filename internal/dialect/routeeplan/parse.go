package routeeplan

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Parse reads a dial plan. The error names the verb and the field: "verbs[1].duration".
func Parse(raw json.RawMessage) (Plan, error) {
	f, err := object(raw, "dialPlan")
	if err != nil {
		return Plan{}, err
	}
	return Read(f)
}

// Read reads a dial plan whose body has been checked.
func Read(f input.Fields) (Plan, error) {
	list, err := input.Array(f["verbs"], "verbs")
	switch {
	case err != nil:
		return Plan{}, err
	case len(list) == 0:
		return Plan{}, errors.New("verbs: at least one verb is needed")
	case len(list) > MaxVerbs:
		return Plan{}, fmt.Errorf("verbs: %d verbs are more than %d", len(list), MaxVerbs)
	}
	var p Plan
	dials := 0
	for i, raw := range list {
		path := "verbs[" + strconv.Itoa(i) + "]"
		v, err := readVerb(raw, path)
		if err != nil {
			return Plan{}, err
		}
		if v.Type == Dial {
			if dials++; dials > 1 {
				return Plan{}, fmt.Errorf("%s.type: a plan has at most one DIAL", path)
			}
		}
		p.Verbs = append(p.Verbs, v)
	}
	return p, nil
}

func object(raw json.RawMessage, path string) (input.Fields, error) {
	if input.IsNull(raw) {
		return nil, fmt.Errorf("%s: an object is needed", path)
	}
	return input.Object(raw, path)
}

func readVerb(raw json.RawMessage, path string) (Verb, error) {
	f, err := object(raw, path)
	if err != nil {
		return Verb{}, err
	}
	var v Verb
	name, err := text(f["type"], path+".type", 40)
	if err != nil {
		return v, err
	}
	v.Type = strings.ToUpper(name)
	switch v.Type {
	case Say:
		err = v.readSay(f, path)
	case Play:
		if v.File, err = Address(f["fileURL"], path+".fileURL", true); err == nil {
			err = v.readSound(f, path)
		}
	case Pause:
		v.Pause, err = seconds(f["duration"], path+".duration", 1, MaxPause, true)
	case Collect:
		err = v.readCollect(f, path)
	case Dial:
		err = v.readDial(f, path)
	case "":
		err = fmt.Errorf("%s.type: a verb needs a type", path)
	default:
		err = fmt.Errorf("%s.type: there is no verb %q: SAY, PLAY, PAUSE, COLLECT and DIAL", path, name)
	}
	return v, err
}

func (v *Verb) readSay(f input.Fields, path string) error {
	m, at := f, path
	if !input.IsNull(f["message"]) {
		at = path + ".message"
		var err error
		if m, err = input.Object(f["message"], at); err != nil {
			return err
		}
	}
	var err error
	if v.Message, err = ReadMessage(m, at); err != nil {
		return err
	}
	return v.readSound(f, path)
}

// ReadMessage reads what is to be spoken.
func ReadMessage(f input.Fields, path string) (m Message, err error) {
	if m.Text, err = text(f["text"], input.Join(path, "text"), voice.MaxSpeechText); err != nil {
		return m, err
	}
	if strings.TrimSpace(m.Text) == "" {
		return m, fmt.Errorf("%s: a text is needed", input.Join(path, "text"))
	}
	tag, err := text(f["language"], input.Join(path, "language"), 20)
	if err != nil {
		return m, err
	}
	if m.Language = language(tag); m.Language == "" {
		return m, fmt.Errorf("%s: %q is none of %s", input.Join(path, "language"), tag, strings.Join(Languages(), ", "))
	}
	m.Gender, err = text(f["gender"], input.Join(path, "gender"), 20)
	m.Gender = strings.ToLower(m.Gender)
	switch {
	case err != nil:
		return m, err
	case m.Gender == "":
		m.Gender = "female"
	case m.Gender != "male" && m.Gender != "female":
		return m, fmt.Errorf("%s: %q is neither male nor female", input.Join(path, "gender"), m.Gender)
	}
	return m, nil
}

func (v *Verb) readSound(f input.Fields, path string) (err error) {
	if v.Repeat, _, err = Whole(f["repeat"], path+".repeat", -1, MaxRepeat); err != nil {
		return err
	}
	v.BargeIn, err = Flag(f["bargeIn"], path+".bargeIn")
	return err
}

func (v *Verb) readCollect(f input.Fields, path string) (err error) {
	if v.Event, err = Address(f["eventUrl"], path+".eventUrl", false); err != nil {
		return err
	}
	given := false
	if v.MaxDigits, given, err = Whole(f["maxDigits"], path+".maxDigits", 1, 30); err != nil {
		return err
	}
	if !given {
		v.MaxDigits = 0
	}
	v.OnHash, err = Flag(f["submitOnHash"], path+".submitOnHash")
	return err
}

func (v *Verb) readDial(f input.Fields, path string) (err error) {
	if v.From, err = From(f["from"], path+".from"); err != nil {
		return err
	}
	if v.To, err = ReadParty(f["to"], path+".to"); err != nil {
		return err
	}
	if v.Ring, err = seconds(f["hangupDelay"], path+".hangupDelay", 1, MaxTalk, false); err != nil {
		return err
	}
	v.Ring = min(v.Ring, voice.MaxRingTime) // no longer rings any call
	if v.Longest, err = seconds(f["maxDuration"], path+".maxDuration", 1, MaxTalk, false); err != nil {
		return err
	}
	if v.Callback, err = ReadCallback(f["callback"], path+".callback"); err != nil {
		return err
	}
	if v.Record, err = Flag(f["record"], path+".record"); err != nil {
		return err
	}
	if v.Format, err = Format(f["recordingFormat"], path+".recordingFormat"); err != nil {
		return err
	}
	if v.RecordingURL, err = Address(f["recordingCallbackUrl"], path+".recordingCallbackUrl", false); err != nil {
		return err
	}
	v.Machine, err = ReadMachine(f["machineDetection"], path+".machineDetection")
	return err
}

// Format reads the format of a recording, MP3 when nothing is said.
func Format(raw json.RawMessage, path string) (string, error) {
	s, err := text(raw, path, 20)
	if err != nil {
		return "", err
	}
	switch s = strings.ToUpper(s); s {
	case "":
		return "MP3", nil
	case "MP3", "WAV":
		return s, nil
	}
	return "", fmt.Errorf("%s: %q is neither MP3 nor WAV", path, s)
}

// From reads a caller: a number, or up to 60 characters of a name.
func From(raw json.RawMessage, path string) (string, error) {
	s, err := text(raw, path, 60)
	if err == nil && s == "" {
		err = fmt.Errorf("%s: who calls is needed", path)
	}
	return s, err
}

var sipAddress = regexp.MustCompile(`^(sips?:)?[^@\s<>"]{1,100}@[A-Za-z0-9.\-\[\]:]{1,200}$`)

// ReadParty reads who is called.
func ReadParty(raw json.RawMessage, path string) (Party, error) {
	f, err := object(raw, path)
	if err != nil {
		return Party{}, err
	}
	var p Party
	if !input.IsNull(f["viber"]) {
		return p, fmt.Errorf("%s.viber: calls to Viber can't be made here", path)
	}
	phone, err := text(f["phone"], path+".phone", 40)
	if err != nil {
		return p, err
	}
	if p.SIP, err = text(f["sip"], path+".sip", 300); err != nil {
		return p, err
	}
	switch {
	case phone == "" && p.SIP == "":
		return p, fmt.Errorf("%s: phone or sip is needed", path)
	case phone != "" && p.SIP != "":
		return p, fmt.Errorf("%s: phone and sip are given; it must be one of them", path)
	case p.SIP != "" && !sipAddress.MatchString(p.SIP):
		return p, fmt.Errorf("%s.sip: %q is no SIP address", path, p.SIP)
	case p.SIP != "":
		return p, nil
	}
	e, err := voice.ParseE164(phone)
	if err != nil {
		return p, fmt.Errorf("%s.phone: %s", path, voice.Reason(err))
	}
	p.Phone = string(e)
	return p, nil
}

// ReadCallback reads a callback: an object, or its address alone.
func ReadCallback(raw json.RawMessage, path string) (Callback, error) {
	var c Callback
	if input.IsNull(raw) {
		return c, nil
	}
	var err error
	if raw[0] == '"' {
		c.URL, err = Address(raw, path, false)
		if c.URL != "" {
			c.Strategy = OnCompletion
		}
		return c, err
	}
	f, err := input.Object(raw, path)
	if err != nil {
		return c, err
	}
	if c.URL, err = Address(f["url"], path+".url", true); err != nil {
		return c, err
	}
	c.Strategy, err = Strategy(f["strategy"], path+".strategy")
	return c, err
}

// Strategy reads the strategy of a callback, OnCompletion when nothing is said.
func Strategy(raw json.RawMessage, path string) (string, error) {
	s, err := text(raw, path, 40)
	if err != nil {
		return "", err
	}
	switch strings.ToLower(s) {
	case "", "oncompletion":
		return OnCompletion, nil
	case "onchange":
		return OnChange, nil
	}
	return "", fmt.Errorf("%s: %q is neither OnChange nor OnCompletion", path, s)
}

// ReadMachine reads what becomes of answering machines.
func ReadMachine(raw json.RawMessage, path string) (Machine, error) {
	var m Machine
	if input.IsNull(raw) {
		return m, nil
	}
	f, err := input.Object(raw, path)
	if err != nil {
		return m, err
	}
	s, err := text(f["strategy"], path+".strategy", 40)
	if err != nil {
		return m, err
	}
	switch strings.ToLower(s) {
	case "hangup":
		m.Strategy = MachineHangup
		if !input.IsNull(f["eventUrl"]) {
			return m, fmt.Errorf("%s.eventUrl: it goes with the strategy Continue alone", path)
		}
		return m, nil
	case "continue":
		m.Strategy = MachineContinue
	default:
		return m, fmt.Errorf("%s.strategy: %q is neither Hangup nor Continue", path, s)
	}
	m.Event, err = Address(f["eventUrl"], path+".eventUrl", true)
	return m, err
}

// Address reads an http or https address.
func Address(raw json.RawMessage, path string, needed bool) (string, error) {
	s, err := text(raw, path, 2000)
	switch {
	case err != nil:
		return "", err
	case s == "" && needed:
		return "", fmt.Errorf("%s: an address is needed", path)
	case s == "":
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(s, " \t\r\n") {
		return "", fmt.Errorf("%s: %q is no http or https address", path, s)
	}
	return s, nil
}

// Whole reads a whole number, which may be quoted; given says that there is one.
func Whole(raw json.RawMessage, path string, least, most int) (n int, given bool, err error) {
	s, err := input.Text(raw, path)
	if err != nil || s == "" {
		return 0, false, err
	}
	n, err = strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, false, fmt.Errorf("%s: %q is no whole number from %d to %d", path, clip(s), least, most)
	}
	return n, true, nil
}

func seconds(raw json.RawMessage, path string, least int, most time.Duration, needed bool) (time.Duration, error) {
	n, given, err := Whole(raw, path, least, int(most/time.Second))
	if err == nil && needed && !given {
		err = fmt.Errorf("%s: a number of seconds is needed", path)
	}
	return time.Duration(n) * time.Second, err
}

// Seconds reads a number of seconds, 0 when there is none.
func Seconds(raw json.RawMessage, path string, most time.Duration) (time.Duration, error) {
	return seconds(raw, path, 1, most, false)
}

// Flag reads true or false, which may be quoted; absent is false.
func Flag(raw json.RawMessage, path string) (bool, error) {
	if input.IsNull(raw) {
		return false, nil
	}
	switch strings.ToLower(strings.Trim(string(raw), `" `)) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no", "":
		return false, nil
	}
	return false, fmt.Errorf("%s: true or false is needed, not %s", path, input.Kind(raw))
}

// Text reads a text of at most so many bytes; absent is "".
func Text(raw json.RawMessage, path string, most int) (string, error) { return text(raw, path, most) }

func text(raw json.RawMessage, path string, most int) (string, error) {
	s, err := input.Text(raw, path)
	if err == nil && len(s) > most {
		err = fmt.Errorf("%s: the text has %d bytes; at most %d are allowed", path, len(s), most)
	}
	return s, err
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
