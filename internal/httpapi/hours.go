package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// maxHours bounds the opening hours of an account.
const maxHours = 200

// Schedule says when something is open.
type Schedule struct {
	Timezone string     `json:"timezone,omitempty" maxLength:"64" example:"Europe/Stockholm" doc:"IANA name; missing = the account's"`
	Open     []OpenTime `json:"open" maxItems:"500" doc:"When it is open; a day that none names is closed"`
	Holidays []Holiday  `json:"holidays" maxItems:"500" doc:"Days on which the rest does not count"`
}

// OpenTime is a span of opening on each of some days.
type OpenTime struct {
	Days []string `json:"days" minItems:"1" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun"`
	From string   `json:"from" maxLength:"5" example:"09:00"`
	To   string   `json:"to" maxLength:"5" example:"17:30" doc:"Up to 24:00; before or equal to from: past midnight"`
}

// Holiday is a day or a span of days.
type Holiday struct {
	Date string `json:"date" maxLength:"10" example:"12-24" doc:"2026-12-24, or 12-24 for every year"`
	To   string `json:"to,omitempty" maxLength:"10" doc:"Last day of a span, in the form of date"`
	Name string `json:"name,omitempty" maxLength:"100" doc:"For people and the timeline"`
}

// OpenNow says what holds now, and until when.
type OpenNow struct {
	State string     `json:"state" enum:"open,closed,holiday"`
	Words string     `json:"words" doc:"By what rule"`
	Until *time.Time `json:"until,omitempty" doc:"When that ends; missing = not in the next 31 days"`
	Then  string     `json:"then,omitempty" doc:"State from then on: open, closed or holiday"`
}

// HoursInput are opening hours under a name.
type HoursInput struct {
	Name string `json:"name" minLength:"1" maxLength:"100" doc:"By which flows name them"`
	Schedule
}

// Hours are opening hours of the account.
type Hours struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Schedule
	Now     OpenNow    `json:"now"`
	Usage   []Usage    `json:"usage" doc:"Apps whose flows ask them"`
	Updated *time.Time `json:"updated,omitempty"`
}

// HoursPath names them in the path.
type HoursPath struct {
	Hours int64 `path:"hours" minimum:"1"`
}

func (a *API) registerHours() {
	const section = "Opening hours"
	const named = "A flow asks them by a step hours with named: NAME."
	handle(a, route{id: "list-hours", method: http.MethodGet, path: "/hours", section: section, scope: ConfigRead, title: "List the account's opening hours", text: named}, a.listHours)
	handle(a, route{id: "create-hours", method: http.MethodPost, path: "/hours", section: section, scope: ConfigWrite, status: http.StatusCreated, title: "Make opening hours", text: named}, a.createHours)
	handle(a, route{id: "preview-hours", method: http.MethodPost, path: "/hours/preview", section: section, scope: ConfigRead, title: "Tell what opening hours come to now", text: "Nothing is stored."}, a.previewHours)
	handle(a, route{id: "read-hours", method: http.MethodGet, path: "/hours/{hours}", section: section, scope: ConfigRead, title: "Read opening hours"}, a.readHours)
	handle(a, route{id: "update-hours", method: http.MethodPut, path: "/hours/{hours}", section: section, scope: ConfigWrite, title: "Change opening hours",
		text: "They hold for calls within five seconds. 409 for another name while an app asks them by the one that they have."}, a.updateHours)
	handle(a, route{id: "delete-hours", method: http.MethodDelete, path: "/hours/{hours}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Delete opening hours", text: "409 while an app asks them."}, a.deleteHours)
}

func (s Schedule) voice() voice.Schedule {
	v := voice.Schedule{Timezone: s.Timezone}
	for _, o := range s.Open {
		v.Open = append(v.Open, voice.OpenTime(o))
	}
	for _, h := range s.Holidays {
		v.Holidays = append(v.Holidays, voice.Day(h))
	}
	return v
}

func showSchedule(v voice.Schedule) Schedule {
	s := Schedule{Timezone: v.Timezone, Open: []OpenTime{}, Holidays: []Holiday{}}
	for _, o := range v.Open {
		s.Open = append(s.Open, OpenTime(o))
	}
	for _, h := range v.Holidays {
		s.Holidays = append(s.Holidays, Holiday(h))
	}
	return s
}

var index = regexp.MustCompile(`/(\d+)`)

// checkSchedule refuses a schedule with each of its faults at its field.
func checkSchedule(v voice.Schedule) error {
	var details []error
	for _, f := range v.Faults() {
		where := strings.ReplaceAll(index.ReplaceAllString(f.Field, "[$1]"), "/", ".") // ".open[0].from"
		details = append(details, &huma.ErrorDetail{Message: voice.Reason(f), Location: "body" + where})
	}
	if details == nil {
		return nil
	}
	return huma.NewError(http.StatusUnprocessableEntity, "validation failed", details...)
}

// openNow says what a schedule comes to for an account.
func (a *API) openNow(ctx context.Context, c caller, s voice.Schedule) (OpenNow, error) {
	t, err := a.cfg.Tenants.Tenant(ctx, c.tenant)
	if err != nil {
		return OpenNow{}, err
	}
	now := a.cfg.Now()
	state, words, err := s.At(now, t.Timezone)
	if err != nil {
		return OpenNow{}, err
	}
	until, then, err := s.Next(now, t.Timezone)
	return OpenNow{State: string(state), Words: words, Until: moment(until), Then: string(then)}, err
}

// usedHours lists the apps that ask hours, by the hours' name: those whose
// published program holds them.
func (a *API) usedHours(ctx context.Context, c caller) (map[string][]Usage, error) {
	apps, err := a.cfg.Apps.Apps(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	used := map[string][]Usage{}
	for _, app := range apps {
		names := map[string]bool{}
		p, err := a.cfg.Programs.Program(ctx, c.tenant, app.ID)
		switch voice.KindOf(err) {
		case "":
			for _, n := range p.Nodes {
				if h, ok := n.Step.(flow.Hours); ok && h.Schedule.Named != "" {
					names[h.Schedule.Named] = true
				}
			}
		case voice.Invalid, voice.NotExist, voice.Unavailable:
		default:
			return nil, err
		}
		for name := range names {
			used[name] = append(used[name], Usage{string(app.ID), app.Name})
		}
	}
	return used, nil
}

func (a *API) showHours(ctx context.Context, c caller, r voice.Resource, used map[string][]Usage) (Hours, error) {
	var s voice.Schedule
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return Hours{}, voice.E("httpapi.showHours", voice.Internal, err)
	}
	now, err := a.openNow(ctx, c, s)
	if err != nil {
		return Hours{}, err
	}
	return Hours{ID: r.Serial, Name: r.Name, Schedule: showSchedule(s), Now: now, Usage: append([]Usage{}, used[r.Name]...), Updated: moment(r.Updated)}, nil
}

func (a *API) oneHours(ctx context.Context, c caller, r voice.Resource) (*answer[Hours], error) {
	used, err := a.usedHours(ctx, c)
	if err != nil {
		return nil, err
	}
	h, err := a.showHours(ctx, c, r, used)
	if err != nil {
		return nil, err
	}
	return body(h), nil
}

func (a *API) listHours(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Hours]], error) {
	list, err := dialect.AllResources(ctx, a.cfg.Resources, c.tenant, voice.HoursKind)
	if err != nil {
		return nil, err
	}
	used, err := a.usedHours(ctx, c)
	if err != nil {
		return nil, err
	}
	items := []Hours{}
	for _, r := range list {
		h, err := a.showHours(ctx, c, r, used)
		if err != nil {
			return nil, err
		}
		items = append(items, h)
	}
	return body(Page[Hours]{Items: items}), nil
}

// hoursOf reads the name and the schedule of a body.
func hoursOf(in HoursInput) (name string, data json.RawMessage, err error) {
	if name = cleanName(in.Name); name == "" {
		return "", nil, invalid("body.name", "the name is empty")
	}
	s := in.voice()
	if err := checkSchedule(s); err != nil {
		return "", nil, err
	}
	if data, err = json.Marshal(s); err != nil {
		return "", nil, voice.E("httpapi.hoursOf", voice.Internal, err)
	}
	return name, data, nil
}

// taken says at the field that the name of a resource is another's.
func taken(err error, name string) error {
	if voice.IsKind(err, voice.Exists) {
		return huma.NewError(http.StatusConflict, "the name is taken", &huma.ErrorDetail{Message: "there are others named " + name, Location: "body.name"})
	}
	return err
}

func (a *API) createHours(ctx context.Context, c caller, in *struct{ Body HoursInput }) (*answer[Hours], error) {
	name, data, err := hoursOf(in.Body)
	if err != nil {
		return nil, err
	}
	list, err := dialect.AllResources(ctx, a.cfg.Resources, c.tenant, voice.HoursKind)
	if err != nil {
		return nil, err
	}
	if len(list) >= maxHours {
		return nil, voice.Errorf("httpapi", voice.Limit, "an account may have %d opening hours", maxHours)
	}
	now := a.cfg.Now()
	r, err := a.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: c.tenant, Kind: voice.HoursKind, Name: name, Data: data, Created: now, Updated: now})
	if err != nil {
		return nil, taken(err, name)
	}
	return a.oneHours(ctx, c, r)
}

func (a *API) previewHours(ctx context.Context, c caller, in *struct{ Body Schedule }) (*answer[OpenNow], error) {
	s := in.Body.voice()
	if err := checkSchedule(s); err != nil {
		return nil, err
	}
	now, err := a.openNow(ctx, c, s)
	if err != nil {
		return nil, err
	}
	return body(now), nil
}

func (a *API) readHours(ctx context.Context, c caller, in *HoursPath) (*answer[Hours], error) {
	r, err := a.cfg.Resources.Resource(ctx, c.tenant, voice.HoursKind, in.Hours)
	if err != nil {
		return nil, err
	}
	return a.oneHours(ctx, c, r)
}

// unused refuses with the app's name what can't be done to hours that are asked.
func (a *API) unused(ctx context.Context, c caller, name, what string) error {
	used, err := a.usedHours(ctx, c)
	if err != nil {
		return err
	}
	if by := used[name]; len(by) > 0 {
		return huma.NewError(http.StatusConflict, "the hours can't be "+what+" while "+by[0].Name+" asks them", &huma.ErrorDetail{Message: by[0].Name + " asks the hours by this name", Location: "body.name"})
	}
	return nil
}

func (a *API) updateHours(ctx context.Context, c caller, in *struct {
	HoursPath
	Body HoursInput
}) (*answer[Hours], error) {
	r, err := a.cfg.Resources.Resource(ctx, c.tenant, voice.HoursKind, in.Hours)
	if err != nil {
		return nil, err
	}
	name, data, err := hoursOf(in.Body)
	if err != nil {
		return nil, err
	}
	if name != r.Name {
		if err := a.unused(ctx, c, r.Name, "renamed"); err != nil {
			return nil, err
		}
	}
	r.Name, r.Data, r.Updated = name, data, a.cfg.Now()
	if r.Version, err = a.cfg.Resources.UpdateResource(ctx, r); err != nil {
		return nil, taken(err, name)
	}
	return a.oneHours(ctx, c, r)
}

func (a *API) deleteHours(ctx context.Context, c caller, in *HoursPath) (*nothing, error) {
	r, err := a.cfg.Resources.Resource(ctx, c.tenant, voice.HoursKind, in.Hours)
	if err != nil {
		return nil, err
	}
	if err := a.unused(ctx, c, r.Name, "deleted"); err != nil {
		return nil, err
	}
	return nil, a.cfg.Resources.DeleteResource(ctx, c.tenant, voice.HoursKind, in.Hours)
}
