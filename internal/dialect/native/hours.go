package native

import (
	"encoding/json"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// hours takes over the account's hours that a step names: the program runs by them
// as they are now.
func (r *reader) hours(h flow.Hours, at string) flow.Hours {
	s := h.Schedule
	if s.Timezone != "" || len(s.Open)+len(s.Holidays) > 0 {
		r.ds.Errorf(flow.CodeValue, at+"/named", "hours that are named have no hours of their own here; leave out timezone, open and holidays")
		return h
	}
	if _, open := r.look.(dialect.OpenResolver); open || r.err != nil {
		return h
	}
	list, err := r.look.Resources(r.ctx, voice.HoursKind)
	if err != nil {
		r.err = err
		return h
	}
	for _, res := range list {
		if res.Name != s.Named {
			continue
		}
		if r.err = json.Unmarshal(res.Data, &h.Schedule); r.err != nil {
			r.err = voice.E("native.Compile", voice.Internal, r.err)
		}
		h.Schedule.Named = s.Named
		return h
	}
	r.ds.Errorf(CodeReference, at+"/named", "the account has no opening hours named %q", s.Named)
	return h
}

// nameAlone leaves of named hours what a document holds.
func nameAlone(s flow.Step) flow.Step {
	if h, ok := s.(flow.Hours); ok && h.Schedule.Named != "" {
		return flow.Hours{Schedule: voice.Schedule{Named: h.Schedule.Named}}
	}
	return s
}
