package dialect

import (
	"context"
	"net/http"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Dialect is one vendor's API and document language.
type Dialect interface {
	// Kind is the dialect's name and the kind of the apps it writes: "sonetel".
	Kind() voice.AppKind
	// HostNames lists the vendor's own host names, lower case. Requests whose
	// Host is one of them are served at the root.
	HostNames() []string
	// Handler serves the API below prefix ("/sonetel", or "" at the root).
	Handler(prefix string) http.Handler
	// Compile makes the program of an app. The program is usable when it has
	// an entry, whatever the diagnostics. The error is for look-ups that broke,
	// and kind Invalid for a stored document that can't be read at all.
	Compile(ctx context.Context, app voice.App, r Resolver) (flow.Program, flow.Diagnostics, error)
	// Dialled says what user, the user part of a request URI, means in this
	// dialect to someone of tenant t. NotExist when it means nothing.
	Dialled(ctx context.Context, t voice.TenantID, user string, r Resolver) (Target, error)
}

// Target is what a dialled address comes to: an app, or a program of its own.
// Exactly one of the two is set.
type Target struct {
	App     voice.AppID
	Program *flow.Program
}

// Resolver looks up what a document refers to, within one tenant. What does not
// exist is an error of kind NotExist.
type Resolver interface {
	User(ctx context.Context, id voice.UserID) (voice.User, error)
	Apps(ctx context.Context) ([]voice.App, error)
	Sound(ctx context.Context, id voice.SoundID) (voice.Sound, error)
	// Sounds lists the sounds of an app; app "" = all of the tenant's.
	Sounds(ctx context.Context, app voice.AppID) ([]voice.Sound, error)
	// Group reports whether a ring group exists.
	Group(ctx context.Context, id string) (bool, error)
	References
}

// References looks up what documents name by numbers.
type References interface {
	SoundBySerial(ctx context.Context, serial int64) (voice.Sound, error)
	AppBySerial(ctx context.Context, serial int64) (voice.App, error)
	Resource(ctx context.Context, kind string, serial int64) (voice.Resource, error)
	Resources(ctx context.Context, kind string) ([]voice.Resource, error)
	Extensions(ctx context.Context) ([]voice.Extension, error)
}
