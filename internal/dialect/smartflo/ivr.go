package smartflo

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// ivrView is an IVR as lists show it. Which members are numbers and which are
// text is as in the vendor's sample.
type ivrView struct {
	ID                     int64       `json:"id"`
	Name                   string      `json:"name"`
	Description            string      `json:"description"`
	Recording              string      `json:"recording"`
	RecordingType          string      `json:"recording_type"` // ours: the number alone does not tell
	Timeout                int         `json:"timeout"`
	InvalidRetries         int         `json:"invalid_retries"`
	InvalidRetryRecording  string      `json:"invalid_retry_recording"`
	InvalidDestinationType string      `json:"invalid_destination_type"`
	InvalidDestination     string      `json:"invalid_destination"`
	InvalidRecording       json.Number `json:"invalid_recording"`
	TimeoutRetries         int         `json:"timeout_retries"`
	TimeoutRetryRecording  string      `json:"timeout_retry_recording"`
	TimeoutRecording       string      `json:"timeout_recording"`
	TimeoutDestType        string      `json:"timeout_dest_type"`
	TimeoutDestination     string      `json:"timeout_destination"`
	AddedBy                int64       `json:"added_by"`
	Menu                   []menuView  `json:"ivr_menu"`
}

type menuView struct {
	Option          string `json:"option"`
	DestinationType string `json:"destination_type"`
	DestinationID   string `json:"destination_id"`
	SMSTemplateID   string `json:"sms_template_id"`
	WebhookID       string `json:"webhook_id"`
}

func viewIVR(a voice.App, d *smartfloivr.IVR) ivrView {
	v := ivrView{ID: a.Serial, Name: d.Name, Description: d.Description, Recording: d.Recording.ID, RecordingType: d.Recording.Type,
		Timeout: whole(d.Timeout), InvalidRetries: whole(d.IncorrectCount), InvalidRetryRecording: d.InvalidRetry.ID,
		InvalidDestinationType: shownType(d.InvalidDestination), InvalidDestination: d.InvalidDestination.ID, InvalidRecording: "0",
		TimeoutRetries: whole(d.TimeoutTries), TimeoutRetryRecording: d.TimeoutRetry.ID, TimeoutRecording: d.TimeoutFinal.ID,
		TimeoutDestType: shownType(d.TimeoutDestination), TimeoutDestination: d.TimeoutDestination.ID, AddedBy: d.AddedBy, Menu: []menuView{}}
	if n, err := strconv.ParseInt(d.InvalidFinal.ID, 10, 64); err == nil {
		v.InvalidRecording = json.Number(strconv.FormatInt(n, 10))
	}
	for i, key := range d.Option {
		v.Menu = append(v.Menu, menuView{key, shownType(d.Destination[i]), d.Destination[i].ID, strconv.FormatInt(d.Template(key), 10), "0"})
	}
	return v
}

func whole(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// shownType is the type of a destination as lists of IVRs show it.
func shownType(r smartfloivr.Ref) string {
	if r.Type == smartfloivr.RefDepartment {
		return "ringgroup"
	}
	return r.Type
}

// ivrs lists the account's IVRs by number; apps of other kinds are not this API's.
func (q *request) ivrs() ([]voice.App, error) {
	apps, err := q.d.cfg.Apps.Apps(q.Context(), q.tenant)
	apps = slices.DeleteFunc(apps, func(a voice.App) bool { return a.Kind != Kind || a.Type != smartfloivr.TypeIVR })
	slices.SortFunc(apps, func(a, b voice.App) int { return int(a.Serial - b.Serial) })
	return apps, err
}

// ivr finds the IVR of the path.
func (q *request) ivr() (voice.App, *smartfloivr.IVR, error) {
	n, err := q.number("IVR")
	if err != nil {
		return voice.App{}, nil, err
	}
	apps, err := q.ivrs()
	if err != nil {
		return voice.App{}, nil, err
	}
	i := slices.IndexFunc(apps, func(a voice.App) bool { return a.Serial == n })
	if i < 0 {
		return voice.App{}, nil, notFound("IVR")
	}
	d, err := smartfloivr.ParseIVR(apps[i])
	return apps[i], d, err
}

func getIVR(q *request) (any, error) {
	a, d, err := q.ivr()
	if err != nil {
		return nil, err
	}
	return viewIVR(a, d), nil
}

func listIVRs(q *request) (any, error) {
	apps, err := q.ivrs()
	if err != nil {
		return nil, err
	}
	views := []ivrView{}
	for _, a := range apps {
		d, err := smartfloivr.ParseIVR(a)
		if err != nil {
			return nil, err
		}
		views = append(views, viewIVR(a, d))
	}
	type named struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	recordings := []named{}
	sounds, err := q.d.cfg.Sounds.Sounds(q.Context(), q.tenant, "")
	if err != nil {
		return nil, err
	}
	for _, s := range bySerial(sounds) {
		recordings = append(recordings, named{s.Serial, s.Name})
	}
	return struct {
		IVRs       []ivrView `json:"ivrs"`
		Recordings []named   `json:"recordings"`
	}{views, recordings}, nil
}

// mergeIVR lays the body of a request over d.
func (q *request) mergeIVR(d, before *smartfloivr.IVR, body input.Fields) error {
	if err := smartfloivr.Merge(d, body, before == nil); err != nil {
		return err
	}
	d.Normal(before, !input.IsNull(body["sms_template"]))
	var old []smartfloivr.Reference
	if before != nil {
		old = before.References()
	}
	return q.check(old, d.References())
}

// check refuses references to what does not exist.
func (q *request) check(before, after []smartfloivr.Reference) error {
	o, err := q.d.options(q.Context(), q.tenant)
	if err != nil {
		return err
	}
	return smartfloivr.CheckReferences(q.Context(), q.d.resolver(q.tenant), o, before, after)
}

func postIVR(q *request) (any, error) {
	body, err := q.fields(smartfloivr.TwiceNamed)
	if err != nil {
		return nil, err
	}
	d := &smartfloivr.IVR{AddedBy: q.user.Serial}
	if err := q.mergeIVR(d, nil, body); err != nil {
		return nil, err
	}
	a, err := q.newApp(smartfloivr.TypeIVR, d.Name, d)
	if err != nil {
		return nil, err
	}
	return done{Success: true, Message: "IVR added successfully.", ID: a.Serial}, nil
}

// newApp stores an app and gives it with the number that the store drew.
func (q *request) newApp(kind, name string, document any) (voice.App, error) {
	raw, err := json.Marshal(document)
	if err != nil {
		return voice.App{}, voice.E("smartflo.newApp", voice.Internal, err)
	}
	now := q.d.cfg.Now()
	a := voice.App{ID: voice.AppID(voice.NewID("SF")), Tenant: q.tenant, Kind: Kind, Type: kind, Name: name, Document: raw, Version: 1, Created: now, Updated: now}
	if err := q.d.cfg.Apps.CreateApp(q.Context(), a, nil); err != nil {
		return a, err
	}
	return q.d.cfg.Apps.App(q.Context(), q.tenant, a.ID)
}

func putIVR(q *request) (any, error) {
	body, err := q.fields(smartfloivr.TwiceNamed)
	if err != nil {
		return nil, err
	}
	err = again(func() error {
		a, d, err := q.ivr()
		if err != nil {
			return err
		}
		before, err := smartfloivr.ParseIVR(a)
		if err != nil {
			return err
		}
		if err := q.mergeIVR(d, before, body); err != nil {
			return err
		}
		if a.Document, err = json.Marshal(d); err != nil {
			return voice.E("smartflo.putIVR", voice.Internal, err)
		}
		a.Name, a.Updated = d.Name, q.d.cfg.Now()
		_, err = q.d.cfg.Apps.UpdateApp(q.Context(), a)
		return ifNotExist(err, notFound("IVR"))
	})
	if err != nil {
		return nil, err
	}
	return done{Success: true, Message: "IVR updated successfully."}, nil
}

func deleteIVR(q *request) (any, error) {
	a, _, err := q.ivr()
	if err != nil {
		return nil, err
	}
	id := strconv.FormatInt(a.Serial, 10)
	used, err := q.used(func(r smartfloivr.Ref) bool { return r.Type == smartfloivr.RefIVR && r.ID == id }, a.ID)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, inUse("IVR")
	}
	if err := q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, a.ID); err != nil {
		return nil, ifNotExist(err, notFound("IVR"))
	}
	return done{Success: true, Message: "IVR deleted successfully."}, nil
}

// used reports whether anything of the account refers to what refers means:
// IVRs, numbers, resources. app is an app that may refer to itself; numbers that
// lead to it count.
func (q *request) used(refers func(smartfloivr.Ref) bool, app voice.AppID) (bool, error) {
	ctx := q.Context()
	apps, err1 := q.d.cfg.Apps.Apps(ctx, q.tenant)
	numbers, err2 := q.d.cfg.Numbers.Numbers(ctx, q.tenant)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	any := func(list []smartfloivr.Reference) bool {
		return slices.ContainsFunc(list, func(r smartfloivr.Reference) bool { return refers(r.Ref) })
	}
	leads := func(id voice.AppID) bool {
		return slices.ContainsFunc(numbers, func(n voice.Number) bool {
			return n.Dest.Kind == voice.ToApp && n.Dest.ID == string(id)
		})
	}
	if app != "" && leads(app) {
		return true, nil
	}
	for _, a := range apps {
		switch {
		case a.Kind != Kind || a.ID == app:
		case a.Type == smartfloivr.TypeRoute:
			if d, err := smartfloivr.ParseRoute(a); err == nil && refers(d.Destination) && leads(a.ID) {
				return true, nil
			}
		default:
			if d, err := smartfloivr.ParseIVR(a); err == nil && any(d.References()) {
				return true, nil
			}
		}
	}
	for _, kind := range append(smartfloivr.Kinds(), kindNumber) {
		list, err := dialect.AllResources(ctx, q.d.cfg.Resources, q.tenant, kind)
		if err != nil {
			return false, err
		}
		for _, r := range list {
			var notes numberNotes
			if kind == kindNumber && json.Unmarshal(r.Data, &notes) == nil && any(smartfloivr.Templates("sms_template", notes.SMSTemplate)) {
				return true, nil
			}
			if d, err := smartfloivr.Parse(r); err == nil && any(d.References()) {
				return true, nil
			}
		}
	}
	return false, nil
}

// bySerial sorts sounds by number and leaves out those without one.
func bySerial(list []voice.Sound) []voice.Sound {
	list = slices.DeleteFunc(list, func(s voice.Sound) bool { return s.Serial == 0 })
	slices.SortFunc(list, func(a, b voice.Sound) int { return int(a.Serial - b.Serial) })
	return list
}
