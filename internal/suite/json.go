package suite

// fileJSON is a report for machines.
type fileJSON struct {
	File    string       `json:"file"`
	Passed  int          `json:"passed"`
	Failed  int          `json:"failed"`
	Tests   []ResultJSON `json:"tests"`
	Covered []Covered    `json:"covered,omitempty"`
	Written int          `json:"written,omitempty"`
}

// ResultJSON is a result for machines.
type ResultJSON struct {
	*Result
	Seconds    float64 `json:"seconds"` // virtual time
	Transcript []Line  `json:"transcript,omitempty"`
}

// JSON gives reports for machines.
func JSON(reports []Report) any {
	out := struct {
		OK    bool       `json:"ok"`
		Files []fileJSON `json:"files"`
	}{Files: []fileJSON{}}
	for _, r := range reports {
		f := fileJSON{File: r.File, Tests: []ResultJSON{}, Covered: r.Covered, Written: r.Written}
		for _, x := range r.Results {
			f.Tests = append(f.Tests, x.JSON())
		}
		f.Failed, f.Passed = Failed([]Report{r})
		f.Passed -= f.Failed
		out.Files = append(out.Files, f)
	}
	failed, _ := Failed(reports)
	out.OK = failed == 0
	return out
}

// JSON gives a result for machines, with the transcript when it failed.
func (r *Result) JSON() ResultJSON {
	out := ResultJSON{Result: r, Seconds: r.Took.Seconds()}
	if !r.Passed {
		list := r.Transcript()
		out.Transcript = list[:min(len(list), 500)]
	}
	return out
}
