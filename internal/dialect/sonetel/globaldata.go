package sonetel

import (
	"slices"
	"strconv"
	"strings"
)

func globalVoices(*request) (any, error) {
	list := []reply{}
	for i, v := range standardVoices() {
		list = append(list, reply{{"id", strconv.Itoa(i + 1)}, {"lang_path", v.code}, {"name", v.name}, {"gender", v.gender},
			{"language", v.language}, {"supported_voiceapps", reply{
				{"ivr", "yes"}, {"company_mailbox", "yes"}, {"user_mailbox", "yes"}, {"system_prompts", "yes"}}}})
	}
	return list, nil
}

// zone is a time zone as an account names it.
type zone struct{ id, name string }

// zones are the IANA names on offer; the id is the place in the list.
func zones() []zone {
	names := strings.Fields(`Etc/UTC Europe/London Europe/Lisbon Europe/Dublin Europe/Stockholm Europe/Oslo Europe/Copenhagen
		Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam Europe/Brussels Europe/Vienna Europe/Zurich
		Europe/Prague Europe/Warsaw Europe/Budapest Europe/Athens Europe/Helsinki Europe/Bucharest Europe/Sofia Europe/Kyiv
		Europe/Istanbul Europe/Moscow Asia/Dubai Asia/Riyadh Asia/Jerusalem Asia/Tehran Asia/Karachi Asia/Kolkata Asia/Dhaka
		Asia/Bangkok Asia/Jakarta Asia/Singapore Asia/Kuala_Lumpur Asia/Hong_Kong Asia/Shanghai Asia/Taipei Asia/Manila
		Asia/Seoul Asia/Tokyo Australia/Perth Australia/Adelaide Australia/Brisbane Australia/Sydney Pacific/Auckland
		Africa/Cairo Africa/Lagos Africa/Nairobi Africa/Johannesburg Atlantic/Reykjavik America/Sao_Paulo
		America/Argentina/Buenos_Aires America/Santiago America/Bogota America/Lima America/Mexico_City America/Halifax
		America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage Pacific/Honolulu`)
	list := make([]zone, len(names))
	for i, name := range names {
		list[i] = zone{strconv.Itoa(i + 1), name}
	}
	return list
}

func zoneByName(name string) zone {
	for _, z := range zones() {
		if z.name == name {
			return z
		}
	}
	return zone{name: name}
}

// zoneByID finds a zone by its id or its IANA name.
func zoneByID(id string) (zone, bool) {
	list := zones()
	i := slices.IndexFunc(list, func(z zone) bool { return z.id == id || z.name == id })
	if i < 0 {
		return zone{}, false
	}
	return list[i], true
}

func globalTimezones(*request) (any, error) {
	list := []reply{}
	for _, z := range zones() {
		list = append(list, reply{{"zone_id", z.id}, {"zone_name", z.name}})
	}
	return list, nil
}

func languages() [][2]string {
	return [][2]string{{"en", "English"}, {"sv", "Swedish"}, {"es", "Spanish"}, {"hi", "Hindi"}, {"ta", "Tamil"},
		{"te", "Telugu"}, {"de", "German"}, {"fr", "French"}, {"ar", "Arabic"}}
}

func knownLanguage(code string) bool {
	return slices.ContainsFunc(languages(), func(l [2]string) bool { return l[0] == code })
}

func globalLanguages(*request) (any, error) {
	list := []reply{}
	for _, l := range languages() {
		list = append(list, reply{{"language_id", l[0]}, {"code", l[0]}, {"name", l[1]}})
	}
	return list, nil
}

// globalErrors is the error catalogue, of one resource when ?resource= names it.
func globalErrors(q *request) (any, error) {
	resource := q.URL.Query().Get("resource")
	list := []reply{}
	for _, e := range catalogue() {
		if resource == "" || e.resource == resource {
			list = append(list, reply{{"method", e.method}, {"resource", e.resource}, {"code", e.code},
				{"description", e.description}, {"response", failure{e.code, e.description}}})
		}
	}
	return list, nil
}
