package voice

import (
	"context"
	"encoding/json"
	"time"
)

// Resource is a thing of an account that one part of the program alone knows:
// a ring group of a vendor, a webhook subscription, an SMS template. Data is
// that part's own JSON.
type Resource struct {
	Tenant  TenantID
	Kind    string // "smartflo/department"; names its owner
	Serial  int64  // drawn by the store when 0; unique in the installation
	Name    string // unique per tenant and kind where it is not ""
	Data    json.RawMessage
	Version int64 // grows with every update
	Created time.Time
	Updated time.Time
}

// ResourceFilter narrows a list; zero fields do not.
type ResourceFilter struct {
	Kind  string
	Name  string
	After int64 // serials above it
	Limit int   // 0 = 1000
}

// MaxResourceData bounds Resource.Data, in bytes.
const MaxResourceData = 1 << 20

// ResourceStore keeps resources.
type ResourceStore interface {
	// CreateResource stores r and gives it with its serial and version. Exists
	// when the name is taken, Limit when Data is too long.
	CreateResource(ctx context.Context, r Resource) (Resource, error)
	// Resource finds one by kind and serial; NotExist for another tenant's.
	Resource(ctx context.Context, t TenantID, kind string, serial int64) (Resource, error)
	// Resources lists in order of serial. t "" = all tenants', for the notifier.
	Resources(ctx context.Context, t TenantID, f ResourceFilter) ([]Resource, error)
	// UpdateResource replaces name and data when r.Version is the stored one, and
	// gives the new version; Conflict otherwise.
	UpdateResource(ctx context.Context, r Resource) (version int64, err error)
	DeleteResource(ctx context.Context, t TenantID, kind string, serial int64) error
}
