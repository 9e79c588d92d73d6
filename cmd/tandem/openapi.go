package main

import "tandem/internal/httpapi"

// openAPICmd prints what /api/v1/openapi.json serves.
type openAPICmd struct{}

func (openAPICmd) Run(p *program) error {
	doc, err := httpapi.Document(version)
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(append(doc, '\n'))
	return err
}
