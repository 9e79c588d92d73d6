package smartflo

import (
	"encoding/json"
	"slices"
	"strconv"

	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/voice"
)

// kindNumber is the kind of the resources that hold what the API keeps of a
// number beside where it leads; their name is the number.
const kindNumber = "smartflo/number"

// numberNotes is the data of such a resource.
type numberNotes struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	SMSTemplate []int64 `json:"sms_template,omitempty"`
}

// numberView is a number as lists show it.
type numberView struct {
	ID              int64   `json:"id"`
	DID             string  `json:"did"`
	Name            string  `json:"name"`
	Description     string  `json:"description"`
	Destination     string  `json:"destination"`
	DestinationType string  `json:"destination_type"`
	SMSTemplate     []int64 `json:"sms_template"`
}

func (q *request) viewNumber(n voice.Number) (numberView, error) {
	notes, _, err := q.notes(n)
	if err != nil {
		return numberView{}, err
	}
	ref, err := q.leads(n.Dest)
	if notes.SMSTemplate == nil {
		notes.SMSTemplate = []int64{}
	}
	return numberView{n.Serial, n.E164.Digits(), notes.Name, notes.Description, ref.ID, ref.Type, notes.SMSTemplate}, err
}

// notes finds what is kept of a number; an empty resource when nothing is.
func (q *request) notes(n voice.Number) (numberNotes, voice.Resource, error) {
	var notes numberNotes
	list, err := q.d.cfg.Resources.Resources(q.Context(), q.tenant, voice.ResourceFilter{Kind: kindNumber, Name: string(n.E164), Limit: 1})
	if err != nil || len(list) == 0 {
		return notes, voice.Resource{Tenant: q.tenant, Kind: kindNumber, Name: string(n.E164), Created: q.d.cfg.Now()}, err
	}
	if err := json.Unmarshal(list[0].Data, &notes); err != nil {
		return notes, list[0], voice.E("smartflo.notes", voice.Internal, err)
	}
	return notes, list[0], nil
}

// leads gives the reference to where a number leads; zero when that is nowhere
// or nothing that has a number.
func (q *request) leads(d voice.Destination) (smartfloivr.Ref, error) {
	switch d.Kind {
	case voice.ToExtension:
		return smartfloivr.Ref{Type: "agent_extension", ID: smartfloivr.EID(q.tenant, d.ID)}, nil
	case voice.ToNumber:
		return smartfloivr.Ref{Type: smartfloivr.RefAgent, ID: voice.E164(d.ID).Digits()}, nil
	case voice.ToApp:
		a, err := q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(d.ID))
		if err != nil {
			return smartfloivr.Ref{}, ifNotExistNil(err)
		}
		if a.Kind == Kind && a.Type == smartfloivr.TypeRoute {
			route, err := smartfloivr.ParseRoute(a)
			return route.Destination, err
		}
		ref := smartfloivr.Ref{Type: smartfloivr.RefIVR, ID: strconv.FormatInt(a.Serial, 10)}
		if a.Kind != Kind { // another API's, which this one can show and not set
			ref.Type = "app"
		}
		return ref, nil
	}
	return smartfloivr.Ref{}, nil
}

func ifNotExistNil(err error) error {
	if voice.IsKind(err, voice.NotExist) {
		return nil
	}
	return err
}

func listNumbers(q *request) (any, error) {
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(numbers, func(a, b voice.Number) int { return int(a.Serial - b.Serial) })
	views := []numberView{}
	for _, n := range numbers {
		v, err := q.viewNumber(n)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// didNumber finds the number of the path, by its id or by its digits.
func (q *request) didNumber() (voice.Number, error) {
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return voice.Number{}, err
	}
	id := q.params["id"]
	i := slices.IndexFunc(numbers, func(n voice.Number) bool {
		return strconv.FormatInt(n.Serial, 10) == id || n.E164.Digits() == id || string(n.E164) == id
	})
	if i < 0 {
		return voice.Number{}, notFound("Number")
	}
	return numbers[i], nil
}

func getNumber(q *request) (any, error) {
	n, err := q.didNumber()
	if err != nil {
		return nil, err
	}
	return q.viewNumber(n)
}

// putNumber points a number somewhere. What is kept beside is stored first: it
// changes no call.
func putNumber(q *request) (any, error) {
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	n, err := q.didNumber()
	if err != nil {
		return nil, err
	}
	notes, res, err := q.notes(n)
	if err != nil {
		return nil, err
	}
	d := &numberBody{notes: &notes}
	if err := smartfloivr.Merge(d, body, false); err != nil {
		return nil, err
	}
	if err := q.check(nil, d.References()); err != nil {
		return nil, err
	}
	dest := n.Dest
	if !d.destination.IsZero() {
		if dest, err = q.destination(d.destination); err != nil {
			return nil, err
		}
	}
	if res.Data, err = json.Marshal(notes); err != nil {
		return nil, voice.E("smartflo.putNumber", voice.Internal, err)
	}
	res.Updated = q.d.cfg.Now()
	if res.Serial == 0 {
		_, err = q.d.cfg.Resources.CreateResource(q.Context(), res)
	} else {
		_, err = q.d.cfg.Resources.UpdateResource(q.Context(), res)
	}
	if err != nil {
		return nil, err
	}
	if dest != n.Dest {
		old := n.Dest
		n.Dest = dest
		if err := q.d.cfg.Numbers.UpdateNumber(q.Context(), n); err != nil {
			return nil, ifNotExist(err, notFound("Number"))
		}
		q.tidy(old)
	}
	return done{Success: true, Message: "Number updated successfully."}, nil
}

// numberBody is the body of a request about a number.
type numberBody struct {
	notes       *numberNotes
	destination smartfloivr.Ref
}

// Fields implements smartfloivr.Document.
func (d *numberBody) Fields() []smartfloivr.Field {
	return []smartfloivr.Field{
		smartfloivr.TextField("name", "name", &d.notes.Name),
		smartfloivr.DestinationField("destination", "where its calls go: ivr||57000", &d.destination),
		smartfloivr.TextField("description", "description", &d.notes.Description),
		smartfloivr.SerialsField("sms_template", "numbers of SMS templates", &d.notes.SMSTemplate),
	}
}

// References implements smartfloivr.Document.
func (d *numberBody) References() []smartfloivr.Reference {
	list := smartfloivr.Templates("sms_template", d.notes.SMSTemplate)
	if !d.destination.IsZero() {
		list = append(list, smartfloivr.Reference{Field: "destination", Ref: d.destination})
	}
	return list
}

// Check implements smartfloivr.Document.
func (d *numberBody) Check() error { return nil }

// destination gives where calls go for a reference that exists. What is neither
// an extension, a telephone nor an IVR gets an app of its own, once.
func (q *request) destination(ref smartfloivr.Ref) (voice.Destination, error) {
	ctx := q.Context()
	switch ref.Type {
	case smartfloivr.RefExtension:
		list, err := q.d.cfg.Extensions.Extensions(ctx, q.tenant)
		e, _ := smartfloivr.FindExtension(list, ref.ID)
		return voice.Destination{Kind: voice.ToExtension, ID: e.Number}, err
	case smartfloivr.RefAgent:
		o, err := q.d.options(ctx, q.tenant)
		if err != nil {
			return voice.Destination{}, err
		}
		e, err := smartfloivr.Number(ref.ID, o.Country)
		return voice.Destination{Kind: voice.ToNumber, ID: string(e)}, err
	}
	apps, err := q.d.cfg.Apps.Apps(ctx, q.tenant)
	if err != nil {
		return voice.Destination{}, err
	}
	for _, a := range apps {
		if a.Kind != Kind {
			continue
		}
		found := ref.Type == smartfloivr.RefIVR && a.Type == smartfloivr.TypeIVR && strconv.FormatInt(a.Serial, 10) == ref.ID
		if a.Type == smartfloivr.TypeRoute {
			route, err := smartfloivr.ParseRoute(a)
			found = err == nil && route.Destination == ref
		}
		if found {
			return voice.Destination{Kind: voice.ToApp, ID: string(a.ID)}, nil
		}
	}
	a, err := q.newApp(smartfloivr.TypeRoute, ref.String(), smartfloivr.Route{Destination: ref})
	return voice.Destination{Kind: voice.ToApp, ID: string(a.ID)}, err
}

// tidy removes the app of a destination that no number leads to any more. One
// that stays behind does no harm: it is taken again for the same destination.
func (q *request) tidy(d voice.Destination) {
	if d.Kind != voice.ToApp {
		return
	}
	a, err := q.d.cfg.Apps.App(q.Context(), q.tenant, voice.AppID(d.ID))
	if err != nil || a.Kind != Kind || a.Type != smartfloivr.TypeRoute {
		return
	}
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err == nil && !slices.ContainsFunc(numbers, func(n voice.Number) bool { return n.Dest == d }) {
		err = q.d.cfg.Apps.DeleteApp(q.Context(), q.tenant, a.ID)
	}
	if err != nil {
		q.d.cfg.Log.Warn("the app of a destination stays behind", "app", a.ID, "err", err)
	}
}
