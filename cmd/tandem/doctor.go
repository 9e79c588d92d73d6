package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"tandem/internal/admin"
	"tandem/internal/config"
	"tandem/internal/doctor"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type doctorCmd struct {
	NoCall bool `help:"Leave out the test call."`
}

func (c *doctorCmd) Run(p *program) (err error) {
	cfg, err := p.settings(nil)
	if err != nil {
		return err
	}
	patient := doctor.Patient{Settings: cfg}
	var running admin.Server
	st, err := openStore(p.ctx, cfg)
	if err != nil {
		patient.StoreError = err
	} else {
		defer st.Close() // nothing was written
		patient.Store = st
		running = p.examineServer(&patient, st)
	}
	if !c.NoCall {
		patient.TestCall = func(ctx context.Context) (string, error) { return testCall(ctx, cfg, running) }
	}
	var tell func(doctor.Finding)
	if !p.cli.JSON {
		tell = func(f doctor.Finding) { printFinding(p.stdout, f) }
	}
	all := doctor.Run(p.ctx, patient, tell)
	healthy := doctor.Healthy(all)
	if p.cli.JSON {
		out := struct {
			Healthy  bool             `json:"healthy"`
			Findings []doctor.Finding `json:"findings"`
		}{healthy, all}
		if err := p.show(out, nil); err != nil {
			return err
		}
	}
	if !healthy {
		return statusError(1)
	}
	return nil
}

// examineServer notes where the running server is and how its trunks are asked for.
func (p *program) examineServer(patient *doctor.Patient, st *sqlstore.Store) admin.Server {
	patient.TrunkState = func(ctx context.Context, k voice.Trunk) (bool, string, error) {
		s, err := admin.LastTrunkState(ctx, st, k.ID)
		if voice.IsKind(err, voice.NotExist) {
			return false, "the server has not tried yet", nil
		}
		return s.Registered, s.Words, err
	}
	running, err := admin.Announced(p.ctx, st)
	if err != nil {
		return admin.Server{}
	}
	patient.Running = doctor.Running{HTTP: running.HTTP, SIP: running.SIP}
	// Its flags are not in our settings, but these it has told.
	patient.Settings.Public = running.Host
	patient.Settings.AllowLoopback = patient.Settings.AllowLoopback || running.AllowLoopback
	if conn, err := net.DialTimeout("tcp", running.HTTP, time.Second); err != nil {
		return admin.Server{} // it has died without a word: nobody to call
	} else if err := conn.Close(); err != nil {
		return admin.Server{}
	}
	return running
}

func printFinding(w io.Writer, f doctor.Finding) {
	mark := map[doctor.State]string{doctor.OK: "ok", doctor.Warning: "WARN", doctor.Failed: "FAIL", doctor.Skipped: "skip"}[f.State]
	fmt.Fprintf(w, "%-5s %-15s %s\n", mark, f.Check, printable(f.Words))
	if f.Mend != "" {
		fmt.Fprintf(w, "%21s → %s\n", "", printable(f.Mend))
	}
}

// configFor gives settings for a throw-away server on free loopback ports.
func configFor(cfg config.Config, dir string) config.Config {
	c := config.Default()
	c.Data, c.HTTP, c.SIP, c.Public = dir, "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"
	c.AllowLoopback, c.Speech, c.RTP, c.Log.Level = true, cfg.Speech, cfg.RTP, "error"
	return c
}
