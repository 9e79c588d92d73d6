package sonetel

import "strings"

// Routes lists the methods and paths that are served: "GET /account/{acc}".
func (d *Dialect) Routes() []string {
	var list []string
	for _, r := range d.routes {
		list = append(list, r.method+" /"+strings.TrimSuffix(r.pattern, "/"))
	}
	return list
}
