package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// What the first start makes.
const (
	sampleName      = "Sample"
	sampleNumber    = "+12025550100" // of a range kept for fiction
	sampleExtension = "501"          // begins with no key of the menu, so that keys act at once
)

// firstStart makes the sample account on an empty installation, and a link for
// an owner who has not set a password yet.
func (d *Daemon) firstStart(ctx context.Context) error {
	tenants, err := d.store.Tenants(ctx)
	if err != nil {
		return err
	}
	d.admin.URL = d.url()
	d.admin.Registrar = net.JoinHostPort(strings.Trim(d.cfg.Host(), "[]"), strconv.Itoa(int(d.agent.Addr().Port())))
	if len(tenants) == 0 {
		if !d.cfg.Sample {
			return nil
		}
		t, err := d.makeSample(ctx)
		if err != nil {
			return err
		}
		tenants = append(tenants, t)
	}
	accounts, err := d.admin.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.Tenant.ID != tenants[0].ID {
			continue
		}
		_, err := d.store.TokenByName(ctx, "owner", a.Owner.Email)
		if voice.IsKind(err, voice.NotExist) {
			d.owner = a.Owner.Email
			d.setupLink, err = d.admin.SetupLink(ctx, a.Tenant.ID)
		}
		return err
	}
	return nil
}

// makeSample makes a menu with three keys, an announcement, the mailbox and one
// extension, all of it through what the vendor's API would have made.
func (d *Daemon) makeSample(ctx context.Context) (voice.Tenant, error) {
	t, _, err := d.admin.CreateAccount(ctx, admin.AccountSpec{Name: sampleName, Operator: true})
	if err != nil {
		return t, err
	}
	phone, err := d.admin.AddExtension(ctx, t.ID, admin.ExtensionSpec{Number: sampleExtension})
	if err != nil {
		return t, err
	}
	d.samplePhone = fmt.Sprintf("extension %s: register as %s with password %s at %s", sampleExtension, phone.Username, phone.Password, phone.Registrar)
	hours, err := d.sampleApp(ctx, t.ID, map[string]any{
		"app_type": "ivr", "name": "Opening hours", "play_menu": "no", "final_action": map[string]string{"action": "disconnect"},
	}, map[string]string{"Welcome": "sample-announcement"})
	if err != nil {
		return t, err
	}
	box, err := d.defaultMailbox(ctx, t.ID)
	if err != nil {
		return t, err
	}
	connect := func(app voice.AppID) map[string]string {
		return map[string]string{"action": "connect", "to": "app", "id": string(app)}
	}
	menu, err := d.sampleApp(ctx, t.ID, map[string]any{
		"app_type": "ivr", "name": "Sample menu", "get_extension": "yes",
		"menu": map[string]any{
			"digit_1": connect(hours.ID), "digit_2": connect(box),
			"digit_3": map[string]string{"action": "call", "to": "user", "id": string(phone.User)},
		},
	}, map[string]string{"Welcome": "sample-welcome", "Main Menu": "sample-menu"})
	if err != nil {
		return t, err
	}
	_, err = d.admin.AddNumber(ctx, t.ID, sampleNumber, voice.Destination{Kind: voice.ToApp, ID: string(menu.ID)})
	return t, err
}

// sampleApp makes an app and puts the program's own phrases into its prompts.
func (d *Daemon) sampleApp(ctx context.Context, t voice.TenantID, doc map[string]any, phrases map[string]string) (voice.App, error) {
	body, err := json.Marshal(doc)
	if err != nil {
		return voice.App{}, err
	}
	app, err := sonetel.Create(ctx, t, d.store, d.store, body, time.Now())
	if err != nil {
		return app, err
	}
	slots, err := d.store.Sounds(ctx, t, app.ID)
	if err != nil {
		return app, err
	}
	for _, s := range slots {
		phrase, ok := phrases[s.Name]
		if !ok {
			continue
		}
		pcm, err := prompt.Embedded(phrase)
		if err != nil {
			return app, err
		}
		s.Source, s.FileName = voice.SoundUploaded, phrase+".wav"
		if _, err := d.prompts.StoreSound(ctx, s, pcm); err != nil {
			return app, err
		}
	}
	return app, nil
}

func (d *Daemon) defaultMailbox(ctx context.Context, t voice.TenantID) (voice.AppID, error) {
	apps, err := d.store.Apps(ctx, t)
	if err != nil {
		return "", err
	}
	for _, a := range apps {
		if a.Default && a.Type == "mailbox" {
			return a.ID, nil
		}
	}
	return "", voice.Errorf("daemon.sample", voice.NotExist, "the account has no mailbox")
}
