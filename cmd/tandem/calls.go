package main

import (
	"fmt"
	"io"
	"time"

	"tandem/internal/config"
	"tandem/internal/explain"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type callsCmd struct {
	List callsList `cmd:"" default:"withargs" help:"List calls, the newest first."`
	Show callsShow `cmd:"" help:"Show what happened in one call."`
}

type callsList struct {
	Account string `placeholder:"ID" help:"Only this account's (default every account's)."`
	Limit   int    `default:"20" help:"How many."`
	Open    bool   `help:"Only calls that are up."`
}

type callJSON struct {
	ID        voice.CallID        `json:"id"`
	Account   voice.TenantID      `json:"account_id"`
	Direction voice.CallDirection `json:"direction"`
	From      string              `json:"from"`
	FromName  string              `json:"from_name,omitempty"`
	To        string              `json:"to"`
	App       voice.AppID         `json:"app_id,omitempty"`
	Start     time.Time           `json:"start"`
	Answered  time.Time           `json:"answered,omitzero"`
	End       time.Time           `json:"end,omitzero"`
	Seconds   float64             `json:"seconds"`
	Cause     voice.Cause         `json:"cause,omitempty"`
	Reason    voice.EndReason     `json:"reason,omitempty"`
	Words     string              `json:"words,omitempty"`
	Legs      []voice.LegRecord   `json:"legs,omitempty"`
}

func newCallJSON(c voice.CDR) callJSON {
	out := callJSON{ID: c.Call, Account: c.Tenant, Direction: c.Direction, From: c.From, FromName: c.FromName, To: c.To, App: c.App,
		Start: c.Start, Answered: c.Answered, End: c.End, Cause: c.Cause, Reason: c.Reason, Words: c.Words, Legs: c.Legs}
	if !c.End.IsZero() {
		out.Seconds = c.End.Sub(c.Start).Seconds()
	}
	return out
}

func (c *callsList) Run(p *program) error {
	if c.Limit < 1 || c.Limit > 10_000 {
		return voice.InvalidField("calls", "limit", "%d is not from 1 to 10000", c.Limit)
	}
	return p.withStore(func(_ config.Config, st *sqlstore.Store) error {
		list, err := st.CDRs(p.ctx, voice.CDRFilter{Tenant: voice.TenantID(c.Account), Open: c.Open, Limit: c.Limit})
		if err != nil {
			return err
		}
		out := make([]callJSON, len(list))
		for i, cdr := range list {
			out[i] = newCallJSON(cdr)
		}
		return p.show(out, func(w io.Writer) {
			if len(out) == 0 {
				fmt.Fprintln(w, "No calls.")
			}
			for _, c := range out {
				length, end := fmt.Sprintf("%.1f s", c.Seconds), string(c.Cause)
				if c.End.IsZero() {
					length, end = "up", "no end yet"
				}
				row(w, string(c.ID), c.Start.Local().Format("2006-01-02 15:04:05"), c.From+" → "+c.To, length, end, c.Words)
			}
		})
	})
}

type callsShow struct {
	ID string `arg:"" help:"The call, as tandem calls lists it."`
}

func (c *callsShow) Run(p *program) error {
	return p.withStore(func(_ config.Config, st *sqlstore.Store) error {
		cdr, err := st.CDR(p.ctx, "", voice.CallID(c.ID))
		if voice.IsKind(err, voice.NotExist) {
			return voice.InvalidField("calls", "id", "there is no call %s; tandem calls lists them", c.ID)
		}
		if err != nil {
			return err
		}
		events, err := st.Events(p.ctx, cdr.Call)
		if err != nil {
			return err
		}
		out := struct {
			Call        callJSON      `json:"call"`
			Explanation string        `json:"explanation"` // in plain words
			Events      []voice.Event `json:"events"`
		}{newCallJSON(cdr), explain.Of(cdr, events).String(), events}
		return p.show(out, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n\n", printable(out.Explanation))
			timeline(w, out.Call, events)
		})
	})
}

// timeline prints a call as lines with the time since its start.
func timeline(w io.Writer, c callJSON, events []voice.Event) {
	from := c.From
	if c.FromName != "" {
		from = c.FromName + " <" + c.From + ">"
	}
	fmt.Fprintf(w, "%s call from %s to %s, %s\n", c.Direction, printable(from), printable(c.To), c.Start.Local().Format("2006-01-02 15:04:05.000 -07:00"))
	for _, e := range events {
		text := e.Text
		if e.Origin.Pointer != "" {
			text += "  (" + string(e.Origin.App) + " at " + e.Origin.Pointer + ")"
		}
		fmt.Fprintf(w, "%10s\t%s\t%s\n", fmt.Sprintf("%+.3f", e.At.Sub(c.Start).Seconds()), printable(string(e.Leg)), printable(text))
	}
	for _, l := range c.Legs {
		q := l.Quality
		fmt.Fprintf(w, "leg %s to %s: %s %s; %d packets in, %d out, %d lost in, jitter %s\n", l.ID, printable(l.To), l.Cause,
			printable(l.Codec), q.PacketsIn, q.PacketsOut, q.LostIn, q.JitterIn.Round(100*time.Microsecond))
	}
	switch {
	case c.End.IsZero():
		fmt.Fprintln(w, "The call has no end yet.")
	case c.Words == "":
		fmt.Fprintf(w, "Ended after %.3f s: %s.\n", c.Seconds, c.Cause)
	default:
		fmt.Fprintf(w, "Ended after %.3f s: %s (%s).\n", c.Seconds, c.Cause, printable(c.Words))
	}
}
