package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// show prints v as JSON, or what lines writes for people.
func (p *program) show(v any, lines func(io.Writer)) error {
	if !p.cli.JSON {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		lines(w)
		return w.Flush()
	}
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printable makes text that strangers sent safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

// row writes tab-separated cells.
func row(w io.Writer, cells ...string) {
	for i, c := range cells {
		cells[i] = printable(c)
		if c == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}
