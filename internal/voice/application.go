package voice

import (
	"slices"
	"strings"
)

// ApplicationType is how an OAuth application gets its tokens (RFC 6749).
type ApplicationType string

// The types.
const (
	ApplicationTrusted  ApplicationType = "trusted"  // §4.4, client credentials
	ApplicationPassword ApplicationType = "password" // §4.3, with a user's name and password
	ApplicationPublic   ApplicationType = "public"   // §4.1, a user agrees on a page
)

// Application is an OAuth application, as the scopes of its credential say it.
type Application struct {
	Type      ApplicationType
	Title     string   // for people
	Redirects []string // addresses that a public one may send its users back to
	Access    string   // what it reaches, in its vendor's words; "" = everything
}

// What begins the scopes of an application's credential.
const (
	typeScope     = "type:"
	titleScope    = "title:"
	redirectScope = "redirect:"
	accessScope   = "access:"
)

// Scopes gives a as the scopes of a credential.
func (a Application) Scopes() []string {
	scopes := []string{typeScope + string(a.Type)}
	if a.Title != "" {
		scopes = append(scopes, titleScope+a.Title)
	}
	if a.Access != "" {
		scopes = append(scopes, accessScope+a.Access)
	}
	for _, r := range a.Redirects {
		scopes = append(scopes, redirectScope+r)
	}
	return scopes
}

// Application reads what t's scopes say; its Type is "" when t is no
// application's credential.
func (t Token) Application() (a Application) {
	for _, s := range t.Scopes {
		if v, ok := strings.CutPrefix(s, typeScope); ok {
			a.Type = ApplicationType(v)
		} else if v, ok := strings.CutPrefix(s, titleScope); ok {
			a.Title = v
		} else if v, ok := strings.CutPrefix(s, redirectScope); ok {
			a.Redirects = append(a.Redirects, v)
		} else if v, ok := strings.CutPrefix(s, accessScope); ok {
			a.Access = v
		}
	}
	return a
}

// Returns reports whether the application may send its users back to address,
// which has to be one of Redirects to the letter (RFC 9700 §2.1).
func (a Application) Returns(address string) bool { return slices.Contains(a.Redirects, address) }
