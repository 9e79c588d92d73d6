package interp

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// shown is what later dials show as the caller; "" = as it is.
type shown struct{ number, name string }

// setCaller changes what is shown as the caller.
func (r *run) setCaller(s flow.SetCaller) outcome {
	number, name := strings.TrimSpace(r.expand(s.Number)), strings.TrimSpace(r.expand(s.Name))
	if controls(number) || controls(name) {
		r.noteError("a caller with control characters is not shown")
		return outcome{exit: flow.Next, words: "the caller stays as it is"}
	}
	r.show.number = cmp.Or(number, r.show.number)
	r.show.name = cmp.Or(name, r.show.name)
	return outcome{exit: flow.Next, words: "the caller is shown as " + strings.TrimSpace(r.show.number+" "+r.show.name)}
}

// callerID gives the number to be shown to the targets: the step's, else what
// SetCaller said, else the attempt's own. Phones of the account may be shown
// any, everybody else only numbers that the account may show.
func (r *run) callerID(ctx context.Context, step string, a voice.Attempt) string {
	number := cmp.Or(step, r.show.number)
	if number == "" {
		return a.CallerID
	}
	inside := !slices.ContainsFunc(a.Targets, func(t voice.Target) bool { return t.Kind != voice.ToExtension })
	if inside {
		return number
	}
	may, err := r.host.MayShow(ctx, number)
	switch {
	case err != nil:
		r.noteError("caller ID " + number + " is not shown: " + voice.Reason(err))
	case !may:
		r.say("caller ID %s is not a number of the account and is not shown", number)
	default:
		return number
	}
	return a.CallerID
}
