package admin

import (
	"context"

	"tandem/internal/voice"
)

// EditTrunk changes a trunk, which it finds by its name or id, as change says, and
// gives it as it is then. What the change leaves alone stays, secrets too; id,
// account and time of making can't be changed. Calls that are up go on as they were.
func (a *Admin) EditTrunk(ctx context.Context, account voice.TenantID, name string, change func(*voice.Trunk)) (voice.Trunk, error) {
	list, err := a.Trunks(ctx, account)
	if err != nil {
		return voice.Trunk{}, err
	}
	for _, was := range list {
		if was.Name != name && string(was.ID) != name {
			continue
		}
		k := was
		change(&k)
		k.ID, k.Tenant, k.Created = was.ID, was.Tenant, was.Created
		if err := a.checkWholeTrunk(&k, list); err != nil {
			return voice.Trunk{}, err
		}
		return k, a.Store.UpdateTrunk(ctx, k)
	}
	return voice.Trunk{}, voice.InvalidField("admin.EditTrunk", "name", "account %s has no trunk %q", account, name)
}

// checkWholeTrunk looks at all of a trunk, beside the others of its account.
func (a *Admin) checkWholeTrunk(k *voice.Trunk, others []voice.Trunk) error {
	const op = "admin.AddTrunk"
	if err := checkName(k.Name); err != nil {
		return voice.InvalidField(op, "name", "%w", err)
	}
	for _, o := range others {
		if o.Name == k.Name && o.ID != k.ID {
			return voice.InvalidField(op, "name", "account %s has a trunk %q already", k.Tenant, k.Name)
		}
	}
	if err := a.checkTrunkHost("host", k.Host); err != nil {
		return err
	}
	if k.Proxy != "" {
		if err := a.checkTrunkHost("proxy", k.Proxy); err != nil {
			return err
		}
	}
	return checkTrunk(k)
}
