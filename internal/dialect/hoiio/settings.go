package hoiio

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"tandem/internal/voice"
)

// kindSettings is the kind of the resources that keep the settings of applications,
// by app_id. They are ours: the vendor's were on its web pages, or there were none.
const kindSettings = Kind + "/settings"

// maxHangups bounds the setting of hang-ups a minute.
const maxHangups = 10_000

// settings are an application's own. The zero value is as the vendor does it.
type settings struct {
	// GatherHangup has a gather hang up when no key has come at last.
	GatherHangup bool `json:"gather_timeout_hangup"`
	// NotifyQuery repeats notifications in the query of their address.
	NotifyQuery bool `json:"notify_in_query"`
	// HangupsPerMinute bounds voice/hangup; 0 = not at all. The vendor took 60.
	HangupsPerMinute int `json:"voice_hangups_per_minute"`
	// Timezone is an IANA name; "" = the vendor's +08:00.
	Timezone string `json:"timezone"`

	zone *time.Location
}

func settingNames() []string {
	return []string{"gather_timeout_hangup", "notify_in_query", "voice_hangups_per_minute", "timezone"}
}

func (s settings) stamp(t time.Time) string { return t.In(s.zone).Format(timeForm) }

// settings gives those of an application; "" is none, and has the vendor's.
func (d *Dialect) settings(ctx context.Context, t voice.TenantID, app string) (settings, error) {
	s, _, err := d.storedSettings(ctx, t, app)
	return s, err
}

// storedSettings gives the resource too, without a serial when there is none yet.
func (d *Dialect) storedSettings(ctx context.Context, t voice.TenantID, app string) (settings, voice.Resource, error) {
	const op = "hoiio.settings"
	s := settings{zone: d.cfg.Zone}
	r := voice.Resource{Tenant: t, Kind: kindSettings, Name: app, Created: d.cfg.Now()}
	if app == "" {
		return s, r, nil
	}
	all, err := d.cfg.Settings.Resources(ctx, t, voice.ResourceFilter{Kind: kindSettings, Name: app, Limit: 1})
	if err != nil || len(all) == 0 {
		return s, r, err
	}
	if err := json.Unmarshal(all[0].Data, &s); err != nil {
		return s, r, voice.E(op, voice.Internal, err)
	}
	if s.Timezone != "" {
		if s.zone, err = time.LoadLocation(s.Timezone); err != nil {
			return s, r, voice.E(op, voice.Internal, err)
		}
	}
	return s, all[0], nil
}

func (s settings) answer() answer {
	word := map[bool]string{true: "enabled", false: "disabled"}
	return answer{"gather_timeout_hangup": word[s.GatherHangup], "notify_in_query": word[s.NotifyQuery],
		"voice_hangups_per_minute": strconv.Itoa(s.HangupsPerMinute), "timezone": s.Timezone}
}

func readSettings(q *request) (answer, error) {
	s, err := q.d.settings(q, q.tenant, q.app)
	return s.answer(), err
}

// changeSettings changes the settings that are named; timezone "default" is the
// vendor's again.
func changeSettings(q *request) (answer, error) {
	s, r, err := q.d.storedSettings(q, q.tenant, q.app)
	if err != nil {
		return nil, err
	}
	for _, v := range []struct {
		name string
		at   *bool
	}{{"gather_timeout_hangup", &s.GatherHangup}, {"notify_in_query", &s.NotifyQuery}} {
		switch q.params[v.name] {
		case "":
		case "enabled":
			*v.at = true
		case "disabled":
			*v.at = false
		default:
			return nil, refusal("error_invalid_" + v.name)
		}
	}
	var ok bool
	if s.HangupsPerMinute, ok = q.number("voice_hangups_per_minute", s.HangupsPerMinute, 0, maxHangups); !ok {
		return nil, refusal("error_invalid_voice_hangups_per_minute")
	}
	switch zone := q.params["timezone"]; zone {
	case "":
	case "default":
		s.Timezone = ""
	default:
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			return nil, refusal("error_invalid_timezone")
		}
		s.Timezone = zone
	}
	if r.Data, err = json.Marshal(s); err != nil {
		return nil, voice.E("hoiio.settings", voice.Internal, err)
	}
	r.Updated = q.d.cfg.Now()
	if r.Serial == 0 {
		_, err = q.d.cfg.Settings.CreateResource(q, r)
	} else {
		_, err = q.d.cfg.Settings.UpdateResource(q, r)
	}
	return s.answer(), err
}

// pace bounds requests of applications in any minute. The zero value is ready.
type pace struct {
	mu   sync.Mutex
	past map[string][]time.Time // of the last minute, the oldest first
}

// let says whether one more request is let through; limit 0 lets all.
func (p *pace) let(app string, limit int, now time.Time) bool {
	if limit == 0 {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	past := p.past[app]
	for len(past) > 0 && now.Sub(past[0]) >= time.Minute {
		past = past[1:]
	}
	ok := len(past) < limit
	if ok {
		past = append(past, now)
	}
	if p.past == nil {
		p.past = map[string][]time.Time{}
	}
	p.past[app] = past
	return ok
}
