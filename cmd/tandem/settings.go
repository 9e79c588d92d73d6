package main

import (
	"fmt"
	"io"

	"tandem/internal/config"
)

type settingsCmd struct {
	Show    settingsShow    `cmd:"" default:"1" help:"Show every setting as it is now; passwords are hidden."`
	Example settingsExample `cmd:"" help:"Print a settings file with every key, unit and default."`
}

type settingsShow struct{}

func (settingsShow) Run(p *program) error {
	cfg, err := p.settings(nil)
	if err != nil {
		return err
	}
	out := map[string]string{}
	for _, s := range config.Settings() {
		out[s.Key] = s.Value(cfg)
		if s.Secret && out[s.Key] != "" {
			out[s.Key] = "(hidden)"
		}
	}
	return p.show(out, func(w io.Writer) {
		for _, s := range config.Settings() {
			fmt.Fprintf(w, "%s\t%s\n", s.Key, printable(out[s.Key]))
		}
	})
}

type settingsExample struct{}

func (settingsExample) Run(p *program) error { return config.WriteExample(p.stdout) }
