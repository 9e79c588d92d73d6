package smartfloivr

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// The kinds of the resources that this package's documents are stored as.
const (
	KindDepartment = "smartflo/department"
	KindTimeGroup  = "smartflo/time-group"
	KindCondition  = "smartflo/time-condition"
	KindAttendant  = "smartflo/auto-attendant"
	KindVoicemail  = "smartflo/voicemail"
	KindTemplate   = "smartflo/sms-template"
	KindDialplan   = "smartflo/custom-dialplan"
	KindWebhook    = "smartflo/webhook"
	KindAPIKey     = "smartflo/api-key"
)

// refTemplate is the type of references to SMS templates, which no document writes.
const refTemplate = "sms_template"

// kindOf gives the kind of the resources that references of a type name by
// number; "" = they name something else.
func kindOf(refType string) string {
	switch refType {
	case RefDepartment, RefQueue:
		return KindDepartment
	case RefTimeGroup:
		return KindTimeGroup
	case RefCondition:
		return KindCondition
	case RefAttendant:
		return KindAttendant
	case RefVoicemail:
		return KindVoicemail
	case refTemplate:
		return KindTemplate
	case RefDialplan, RefAPIDialplan:
		return KindDialplan
	}
	return ""
}

// Names reports whether r refers to a resource.
func (r Ref) Names(res voice.Resource) bool {
	if kindOf(r.Type) != res.Kind || r.IsZero() {
		return false
	}
	if r.ID == strconv.FormatInt(res.Serial, 10) {
		return true
	}
	if res.Kind != KindDialplan {
		return false
	}
	var d Dialplan
	return r.ID == res.Name || json.Unmarshal(res.Data, &d) == nil && d.Key == r.ID
}

// Department is a ring group, and the queue of the same number.
type Department struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Members     []Ref  `json:"agents"`
	Strategy    string `json:"ring_strategy,omitempty"`
	RingTime    *int   `json:"ring_timeout,omitempty"` // s
	MaxWait     *int   `json:"max_wait,omitempty"`     // s in the queue
	MaxLength   *int   `json:"max_callers,omitempty"`
	Music       Ref    `json:"hold_recording"`
	Otherwise   Ref    `json:"timeout_destination"`
}

// Fields implements Document.
func (d *Department) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		textField("description", "description", false, maxText, &d.Description),
		listField("agents", "who is rung: extension|…, agent|…", true, voice.MaxTargets, readDestination, &d.Members),
		choiceField("ring_strategy", "how they are rung", &d.Strategy, "simultaneous", "sequential", "random", "round_robin"),
		wholeField("ring_timeout", "seconds to ring", false, 5, int(voice.MaxRingTime.Seconds()), &d.RingTime),
		wholeField("max_wait", "seconds to wait in the queue", false, 10, 3600, &d.MaxWait),
		wholeField("max_callers", "callers that may wait, 0 = any number", false, 0, 1000, &d.MaxLength),
		refField("hold_recording", "what waiting callers hear", false, ParseRecording, &d.Music),
		refField("timeout_destination", "where the call goes when nobody answers", false, ParseDestination, &d.Otherwise),
	}
}

// References implements Document.
func (d *Department) References() []Reference {
	list := references(Reference{"hold_recording", d.Music}, Reference{"timeout_destination", d.Otherwise})
	return append(list, numbered("agents", d.Members)...)
}

func numbered(field string, refs []Ref) []Reference {
	var list []Reference
	for i, r := range refs {
		list = append(list, Reference{field + "." + strconv.Itoa(i), r})
	}
	return list
}

// Check implements Document.
func (d *Department) Check() error {
	for _, r := range d.Members {
		if r.Type != RefExtension && r.Type != RefAgent {
			return invalid("agents", "The agents field is invalid: %s is neither an extension nor an agent.", r)
		}
	}
	return nil
}

// TimeGroup is opening hours, and where calls go within and outside them.
type TimeGroup struct {
	Name     string           `json:"name"`
	Timezone string           `json:"timezone,omitempty"`
	Hours    []voice.OpenTime `json:"hours"`
	Holidays []voice.Day      `json:"holidays,omitempty"`
	Open     Ref              `json:"destination"`
	Closed   Ref              `json:"closed_destination"`
	Holiday  Ref              `json:"holiday_destination"`
}

// Fields implements Document.
func (d *TimeGroup) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		textField("timezone", "IANA name; the account's when empty", false, maxName, &d.Timezone),
		listField("hours", `spans of opening: {"days":["mon"],"from":"09:00","to":"17:30"}`, true, 100, readJSON[voice.OpenTime], &d.Hours),
		listField("holidays", `days: {"date":"2026-12-24","to":"2026-12-26","name":"…"}, or "12-24" for every year`, false, 366, readJSON[voice.Day], &d.Holidays),
		refField("destination", "where calls go within the hours", false, ParseDestination, &d.Open),
		refField("closed_destination", "outside them; hangs up when empty", false, ParseDestination, &d.Closed),
		refField("holiday_destination", "on holidays; as closed_destination when empty", false, ParseDestination, &d.Holiday),
	}
}

func readJSON[T any](raw json.RawMessage) (T, error) {
	var v T
	dec := json.NewDecoder(strings.NewReader(unquoted(raw)))
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	return v, err
}

// unquoted gives the JSON that a form's value holds.
func unquoted(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// References implements Document.
func (d *TimeGroup) References() []Reference {
	return references(Reference{"destination", d.Open}, Reference{"closed_destination", d.Closed}, Reference{"holiday_destination", d.Holiday})
}

// Schedule gives the hours.
func (d *TimeGroup) Schedule() voice.Schedule {
	return voice.Schedule{Timezone: d.Timezone, Open: d.Hours, Holidays: d.Holidays}
}

// Check implements Document.
func (d *TimeGroup) Check() error {
	for _, fault := range d.Schedule().Faults() {
		field := strings.Replace(strings.ReplaceAll(strings.TrimPrefix(fault.Field, "/"), "/", "."), "open", "hours", 1)
		return invalid(field, "The %s field is invalid: %s.", field, voice.Reason(fault))
	}
	return nil
}

// Condition tries time groups in order: the first that is open decides.
type Condition struct {
	Name      string `json:"name"`
	Groups    []Ref  `json:"time_group"`
	Leads     []Ref  `json:"destination"` // parallel to Groups
	Otherwise Ref    `json:"default_destination"`
}

// Fields implements Document.
func (d *Condition) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		listField("time_group", "numbers of time groups, tried in order", true, 20, readGroup, &d.Groups),
		listField("destination", "where each leads while it is open; parallel to time_group", true, 20, readDestination, &d.Leads),
		refField("default_destination", "where the call goes when none is open; hangs up when empty", false, ParseDestination, &d.Otherwise),
	}
}

func readGroup(raw json.RawMessage) (Ref, error) {
	s, err := scalar(raw)
	if err != nil {
		return Ref{}, err
	}
	return parseRef(s, RefTimeGroup, []string{RefTimeGroup})
}

// References implements Document.
func (d *Condition) References() []Reference {
	list := references(Reference{"default_destination", d.Otherwise})
	return slices.Concat(list, numbered("time_group", d.Groups), numbered("destination", d.Leads))
}

// Check implements Document.
func (d *Condition) Check() error {
	if len(d.Groups) != len(d.Leads) {
		return invalid("destination", "The time_group and destination fields must have the same number of elements: they have %d and %d.", len(d.Groups), len(d.Leads))
	}
	return nil
}

// Attendant plays a prompt and puts the caller through to the extension keyed.
type Attendant struct {
	Name      string `json:"name"`
	Recording Ref    `json:"recording"`
	Invalid   Ref    `json:"invalid_recording"`
	Timeout   *int   `json:"timeout,omitempty"` // s
	Tries     *int   `json:"timeout_tries,omitempty"`
	Otherwise Ref    `json:"timeout_destination"`
}

// Fields implements Document.
func (d *Attendant) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		refField("recording", "prompt", true, ParseRecording, &d.Recording),
		refField("invalid_recording", "prompt after a number that no extension has", false, ParseRecording, &d.Invalid),
		wholeField("timeout", "seconds to wait for a key; 5 when empty", false, 1, MaxTimeout, &d.Timeout),
		wholeField("timeout_tries", "retries; 2 when empty", false, 0, MaxRetries, &d.Tries),
		refField("timeout_destination", "where the call goes then; hangs up when empty", false, ParseDestination, &d.Otherwise),
	}
}

// References implements Document.
func (d *Attendant) References() []Reference {
	return references(Reference{"recording", d.Recording}, Reference{"invalid_recording", d.Invalid}, Reference{"timeout_destination", d.Otherwise})
}

// Check implements Document.
func (d *Attendant) Check() error { return nil }

// Voicemail is a mailbox.
type Voicemail struct {
	Name      string `json:"name"`
	Recording Ref    `json:"recording"` // greeting
	Email     string `json:"email,omitempty"`
	Extension string `json:"extension,omitempty"` // whose user gets the messages
}

// Fields implements Document.
func (d *Voicemail) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		refField("recording", "greeting", false, ParseRecording, &d.Recording),
		textField("email", "address that messages are sent to", false, 254, &d.Email),
		textField("extension", "extension whose user they are sent to", false, 20, &d.Extension),
	}
}

// References implements Document.
func (d *Voicemail) References() []Reference {
	list := references(Reference{"recording", d.Recording})
	if d.Extension != "" {
		list = append(list, Reference{"extension", Ref{RefExtension, d.Extension}})
	}
	return list
}

// Check implements Document.
func (d *Voicemail) Check() error {
	if d.Email != "" && (strings.Count(d.Email, "@") != 1 || strings.ContainsAny(d.Email, " \t\r\n,;<>")) {
		return invalid("email", "The email field is invalid: %q is no address.", cut(d.Email))
	}
	return nil
}

// Template is a text message with $variables.
type Template struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Fields implements Document.
func (d *Template) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		textField("text", "text; "+strings.Join(SMSVariables(), ", ")+" stand for values of the call", true, 1000, &d.Text),
	}
}

// References implements Document.
func (d *Template) References() []Reference { return nil }

// Check implements Document.
func (d *Template) Check() error {
	if name, ok := unknownVariable(d.Text, SMSVariables()); ok {
		return invalid("text", "The text field is invalid: %s is none of %s.", name, strings.Join(SMSVariables(), ", "))
	}
	return nil
}

// Dialplan asks an application where a call goes.
type Dialplan struct {
	Name   string `json:"name"`
	Key    string `json:"key"` // in references of type api_dialplan
	URL    string `json:"url"`
	Method string `json:"method,omitempty"`
	Failed Ref    `json:"failover_destination"`
}

// Fields implements Document.
func (d *Dialplan) Fields() []Field {
	return []Field{
		textField("name", "name, in custom_dialplan||name", true, maxName, &d.Name),
		textField("key", "key, in api_dialplan||key; drawn when empty", false, 64, &d.Key),
		urlField("url", "who is asked", &d.URL),
		choiceField("method", "how", &d.Method, "get", "post"),
		refField("failover_destination", "where the call goes when there is no good answer; hangs up when empty", false, ParseDestination, &d.Failed),
	}
}

func urlField(name, text string, to *string) Field {
	f := textField(name, text, true, 2000, to)
	set := f.set
	f.set = func(raw json.RawMessage) error {
		if err := set(raw); err != nil {
			return err
		}
		return checkURL(*to)
	}
	return f
}

// References implements Document.
func (d *Dialplan) References() []Reference {
	return references(Reference{"failover_destination", d.Failed})
}

// Check implements Document.
func (d *Dialplan) Check() error {
	if d.Key != "" && strings.Trim(strings.ToLower(d.Key), "0123456789abcdef") != "" {
		return invalid("key", "The key field is invalid: %q is not hexadecimal.", cut(d.Key))
	}
	if strings.ContainsAny(d.Name, "|") {
		return invalid("name", "The name field is invalid: it holds |.")
	}
	return nil
}

// APIKey lets clients without an account ask for calls to a destination.
type APIKey struct {
	Name        string `json:"name"`
	Destination Ref    `json:"destination"`
	Shown       string `json:"key_ends"` // its last four characters
}

// Fields implements Document.
func (d *APIKey) Fields() []Field {
	return []Field{
		textField("name", "name", true, maxName, &d.Name),
		refField("destination", "whom customers are connected with", true, ParseDestination, &d.Destination),
	}
}

// References implements Document.
func (d *APIKey) References() []Reference { return references(Reference{"destination", d.Destination}) }

// Check implements Document.
func (d *APIKey) Check() error { return nil }

// New gives an empty document of a kind of resource; nil when it is none of ours.
func New(kind string) Document {
	switch kind {
	case KindDepartment:
		return &Department{}
	case KindTimeGroup:
		return &TimeGroup{}
	case KindCondition:
		return &Condition{}
	case KindAttendant:
		return &Attendant{}
	case KindVoicemail:
		return &Voicemail{}
	case KindTemplate:
		return &Template{}
	case KindDialplan:
		return &Dialplan{}
	case KindWebhook:
		return &Webhook{}
	case KindAPIKey:
		return &APIKey{}
	}
	return nil
}

// Kinds lists the kinds of resource.
func Kinds() []string {
	return []string{KindDepartment, KindTimeGroup, KindCondition, KindAttendant, KindVoicemail, KindTemplate, KindDialplan, KindWebhook, KindAPIKey}
}

// Parse reads a stored resource. Error kind Invalid.
func Parse(r voice.Resource) (Document, error) {
	d := New(r.Kind)
	if d == nil {
		return nil, voice.Errorf("smartfloivr.Parse", voice.Invalid, "there are no resources of kind %q", r.Kind)
	}
	if len(r.Data) > 0 {
		if err := json.Unmarshal(r.Data, d); err != nil {
			return nil, voice.Errorf("smartfloivr.Parse", voice.Invalid, "%s %d can't be read: %w", r.Kind, r.Serial, err)
		}
	}
	return d, nil
}

// find finds the resource that a reference names. NotExist otherwise.
func find(ctx context.Context, r dialect.Resolver, ref Ref) (voice.Resource, error) {
	kind := kindOf(ref.Type)
	n, err := strconv.ParseInt(ref.ID, 10, 64)
	if err == nil {
		res, err := r.Resource(ctx, kind, n)
		if err == nil || kind != KindDialplan || !voice.IsKind(err, voice.NotExist) {
			return res, err
		}
	}
	if kind == KindDialplan {
		list, err := r.Resources(ctx, kind)
		if err != nil {
			return voice.Resource{}, err
		}
		if i := slices.IndexFunc(list, ref.Names); i >= 0 {
			return list[i], nil
		}
	}
	return voice.Resource{}, voice.Errorf("smartfloivr.find", voice.NotExist, "%s %s does not exist", ref.Type, ref.ID)
}

// load finds and reads the resource that a reference names.
func load[T Document](ctx context.Context, r dialect.Resolver, ref Ref) (T, voice.Resource, error) {
	var zero T
	res, err := find(ctx, r, ref)
	if err != nil {
		return zero, res, err
	}
	d, err := Parse(res)
	if err != nil {
		return zero, res, err
	}
	t, ok := d.(T)
	if !ok {
		return zero, res, voice.Errorf("smartfloivr.load", voice.Internal, "%s is no %s", ref, ref.Type)
	}
	return t, res, nil
}
