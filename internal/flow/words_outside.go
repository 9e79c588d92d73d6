package flow

import (
	"fmt"
	"strings"

	"tandem/internal/voice"
)

// outsideWords gives the steps of variables and of the outside in words.
func outsideWords(s Step) string {
	switch s := s.(type) {
	case Set:
		return clip(fmt.Sprintf("set %s to %q", s.Name, string(s.Value)))
	case If:
		if s.Op == IsSet {
			return clip(fmt.Sprintf("is %q set", string(s.Left)))
		}
		return clip(fmt.Sprintf("is %q %s %q", string(s.Left), s.Op, string(s.Right)))
	case Hours:
		return clip("ask for the hours: " + scheduleWords(s.Schedule))
	case SetCaller:
		return clip(strings.TrimRight(fmt.Sprintf("show the caller as %s %s", s.Number, s.Name), " "))
	case Save:
		return "save a record of " + s.Topic
	case Request:
		method := s.Method
		if method == "" {
			method = "GET"
		}
		return clip("request " + method + " " + string(s.URL))
	case Fetch:
		w := "ask " + s.Dialect + " application " + string(s.URL)
		if s.Fallback != "" {
			w += ", else " + string(s.Fallback)
		}
		return clip(w)
	case Subflow:
		return "run app " + string(s.App) + " and come back"
	case Return:
		if s.Exit != "" {
			return "come back by " + string(s.Exit)
		}
		return "come back"
	case SMS:
		to := string(s.To)
		if to == "" {
			to = "the caller"
		}
		return clip(fmt.Sprintf("send %s the message %q", to, string(s.Text)))
	case Listen:
		return listenWords(s)
	case Queue:
		return queueWords(s)
	case Await:
		return "await commands at " + s.Name
	case Conference:
		return "join room " + string(s.Room)
	case Tape:
		return string(s.Order) + " the recording of the call"
	case DetectMachine:
		return "tell an answering machine from a person"
	case Transfer:
		return transferWords(s)
	case Collect:
		return collectWords(s)
	case Notice:
		return "tell the " + s.Dialect + " application"
	}
	return s.Kind()
}

func scheduleWords(s voice.Schedule) string {
	if s.Named != "" {
		return s.Named
	}
	if len(s.Open) == 0 {
		return "never open"
	}
	spans := make([]string, len(s.Open))
	for i, o := range s.Open {
		spans[i] = strings.Join(o.Days, " ") + " " + o.From + "-" + o.To
	}
	return strings.Join(spans, ", ")
}

func listenWords(l Listen) string {
	phrases := make([]string, len(l.Phrases))
	for i, p := range l.Phrases {
		phrases[i] = p.Words
	}
	w := "listen for " + strings.Join(phrases, " or ")
	if l.MaxDigits > 0 {
		w += " or digits"
	}
	if len(l.Prompts) > 0 {
		w += " with " + promptWords(l.Prompts)
	}
	return clip(w)
}

func queueWords(q Queue) string {
	name := q.Name
	if name == "" {
		name = q.ID
	}
	members := make([]string, len(q.Members))
	for i, m := range q.Members {
		members[i] = m.String()
	}
	return clip("queue " + name + " for " + strings.Join(members, ", "))
}

func strategyWords(s voice.Strategy) string {
	if s == voice.AllAtOnce {
		return "at once"
	}
	return string(s)
}

func collectWords(c Collect) string {
	switch {
	case c.End:
		return "the end of the plan"
	case c.URL == "":
		return "gather keys meanwhile"
	}
	return "gather keys meanwhile for " + string(c.URL)
}
