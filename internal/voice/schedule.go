package voice

// Schedule says when something is open, in a time zone. A day that no rule
// names is closed.
type Schedule struct {
	// Named makes these the account's hours of that name (HoursKind), which a program
	// holds as they were when it was compiled. In a document nothing else stands then.
	Named    string     `json:"named,omitempty"`
	Timezone string     `json:"timezone,omitempty"` // IANA name; "" = the account's
	Open     []OpenTime `json:"open,omitempty"`
	Holidays []Day      `json:"holidays,omitempty"`
}

// HoursKind is the kind of the resources that hold an account's opening hours: the
// name is theirs, the data a Schedule.
const HoursKind = "voice/hours"

// OpenTime is one span of opening, on each of Days.
type OpenTime struct {
	Days []string `json:"days"` // "mon", "tue", "wed", "thu", "fri", "sat", "sun"
	From string   `json:"from"` // "09:00"
	To   string   `json:"to"`   // "17:30", up to "24:00"; before or equal to From: past midnight
}

// Day is a date, every year or in one.
type Day struct {
	Date string `json:"date"`         // "2026-12-24", or "12-24" for every year
	To   string `json:"to,omitempty"` // last date of a span, in the same form
	Name string `json:"name,omitempty"`
}
