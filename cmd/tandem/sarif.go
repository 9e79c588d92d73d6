package main

import (
	"encoding/json"
	"io"
	"path/filepath"

	"tandem/internal/check"
)

// The parts of SARIF 2.1.0 (OASIS) that findings need.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver struct {
			Name    string      `json:"name"`
			Version string      `json:"version"`
			Rules   []sarifRule `json:"rules"`
		} `json:"driver"`
	} `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifRule struct {
	ID string `json:"id"`
}

type sarifResult struct {
	RuleID  string `json:"ruleId"`
	Level   string `json:"level"` // "error", "warning" or "note", as our severities
	Message struct {
		Text string `json:"text"`
	} `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			Line   int `json:"startLine"`
			Column int `json:"startColumn"`
		} `json:"region"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"` // the JSON Pointer
}

// writeSARIF writes reports as one run.
func writeSARIF(w io.Writer, reports []checkedFile) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver.Name, run.Tool.Driver.Version = "tandem", buildVersion()
	for _, code := range check.Codes() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{code})
	}
	for _, r := range reports {
		for _, f := range r.Findings {
			res := sarifResult{RuleID: f.Code, Level: string(f.Severity)}
			res.Message.Text = f.Text
			if f.Mend != "" {
				res.Message.Text += ". " + f.Mend
			}
			at := sarifLocation{}
			at.Physical.Artifact.URI = filepath.ToSlash(r.File)
			at.Physical.Region.Line, at.Physical.Region.Column = max(f.Line, 1), max(f.Column, 1)
			if f.Pointer != "" {
				at.Logical = []sarifLogical{{f.Pointer}}
			}
			res.Locations = []sarifLocation{at}
			run.Results = append(run.Results, res)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}
