package sqlstore

import (
	"context"
	"strings"

	"tandem/internal/voice"
)

const (
	userFields  = `id, tenant, first_name, last_name, email, email_key, role, extension, location, phones, incoming, show_id, created, operator, serial`
	userColumns = `id, tenant, first_name, last_name, email, role, COALESCE(extension, ''), location, phones, incoming, show_id, created, operator, serial,
	(SELECT COUNT(*) > 0 FROM second_factors f WHERE f.user_id = users.id AND f.confirmed),
	(SELECT COUNT(*) FROM passkeys p WHERE p.user_id = users.id)`
)

func scanUser(r row) (u voice.User, err error) {
	err = r.Scan(&u.ID, &u.Tenant, &u.FirstName, &u.LastName, &u.Email, &u.Role, &u.Extension, &u.Location,
		jsonCol{&u.Phones}, jsonCol{&u.Incoming}, &u.ShowID, timeCol{&u.Created}, &u.Operator, &u.Serial, &u.SecondFactor, &u.Passkeys)
	return u, err
}

func userNames(u voice.User) names {
	return names{
		taken: map[string]string{
			"users_id":               "user id " + string(u.ID),
			"users_email_key":        "e-mail address " + u.Email,
			"users_tenant_extension": "extension " + u.Extension,
			"users_serial":           "the number of the user",
		},
		parent: "account " + string(u.Tenant),
	}
}

// emailKey is what makes an e-mail address unique: its case does not count.
func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// CreateUser implements voice.UserStore.
func (s *Store) CreateUser(ctx context.Context, u voice.User) error {
	const op = "store.CreateUser"
	if u.ID == "" {
		return voice.InvalidField(op, "id", "a user needs an id")
	}
	return s.insertNumbered(ctx, op, userNames(u), u.Serial,
		`INSERT INTO users (`+userFields+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		u.ID, u.Tenant, u.FirstName, u.LastName, u.Email, orNull(emailKey(u.Email)), u.Role, orNull(u.Extension), u.Location,
		jsonText(u.Phones), jsonText(u.Incoming), u.ShowID, micros(u.Created), u.Operator)
}

// User implements voice.UserStore.
func (s *Store) User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error) {
	return one(ctx, s, "store.User", "user "+string(id), scanUser,
		`SELECT `+userColumns+` FROM users WHERE tenant = $1 AND id = $2`, t, id)
}

// Users implements voice.UserStore.
func (s *Store) Users(ctx context.Context, t voice.TenantID) ([]voice.User, error) {
	return many(ctx, s, "store.Users", scanUser,
		`SELECT `+userColumns+` FROM users WHERE tenant = $1 ORDER BY created, id`, t)
}

// UpdateUser implements voice.UserStore.
func (s *Store) UpdateUser(ctx context.Context, u voice.User) error {
	return s.change(ctx, "store.UpdateUser", configWrite, userNames(u), "user "+string(u.ID),
		`UPDATE users SET first_name = $3, last_name = $4, email = $5, email_key = $6, role = $7, extension = $8,
			location = $9, phones = $10, incoming = $11, show_id = $12
		WHERE tenant = $1 AND id = $2`,
		u.Tenant, u.ID, u.FirstName, u.LastName, u.Email, orNull(emailKey(u.Email)), u.Role, orNull(u.Extension),
		u.Location, jsonText(u.Phones), jsonText(u.Incoming), u.ShowID)
}

// DeleteUser implements voice.UserStore. What goes with the user: the
// extension with its registrations, credentials, access and refresh tokens, links.
func (s *Store) DeleteUser(ctx context.Context, t voice.TenantID, id voice.UserID) error {
	const op = "store.DeleteUser"
	return s.transact(ctx, op, configWrite, names{}, func(x tx) error {
		numbers, err := collect(ctx, x, func(r row) (n string, err error) { return n, r.Scan(&n) },
			`SELECT COALESCE(extension, '') FROM users WHERE tenant = $1 AND id = $2`, t, id)
		if err != nil {
			return err
		}
		if len(numbers) == 0 {
			return voice.Errorf(op, voice.NotExist, "user %s does not exist", id)
		}
		if _, err := x.exec(ctx, // registrations go by cascade
			`DELETE FROM extensions WHERE tenant = $1 AND (user_id = $2 OR (number = $3 AND user_id = ''))`,
			t, id, numbers[0]); err != nil {
			return err
		}
		for _, table := range []string{"access_tokens", "refresh_families", "links", "tokens"} {
			if _, err := x.exec(ctx, `DELETE FROM `+table+` WHERE tenant = $1 AND user_id = $2`, t, id); err != nil {
				return err
			}
		}
		_, err = x.exec(ctx, `DELETE FROM users WHERE tenant = $1 AND id = $2`, t, id)
		return err
	})
}
