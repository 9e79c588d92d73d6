package routee

import (
	"slices"
	"strconv"
	"strings"
)

// page is a part of a list.
type page struct {
	Content          any  `json:"content"`
	First            bool `json:"first"`
	Last             bool `json:"last"`
	Number           int  `json:"number"`
	NumberOfElements int  `json:"numberOfElements"`
	Size             int  `json:"size"`
	TotalElements    int  `json:"totalElements"`
	TotalPages       int  `json:"totalPages"`
}

// window is the part of a list that the query asks for: page from 0, size 20. It
// counts what goes by.
type window struct {
	number, size int
	oldest       bool // sort turns the order of dates with "asc"
	seen         int
}

// window reads it.
func (q *request) window() (window, error) {
	w := window{size: defaultSize}
	values := q.URL.Query()
	for name, to := range map[string]*int{"page": &w.number, "size": &w.size} {
		s := values.Get(name)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || name == "page" && n > maxPage || name == "size" && (n == 0 || n > maxSize) {
			return w, badf(codeAction, "%s: %q is no number in range", name, s)
		}
		*to = n
	}
	w.oldest = strings.HasSuffix(strings.ToLower(values.Get("sort")), "asc")
	return w, nil
}

// takes counts one more of the list and reports whether it is of the page.
func (w *window) takes() bool {
	at := w.seen
	w.seen++
	return at >= w.number*w.size && at < (w.number+1)*w.size
}

// page gives the page with its content of n, once the list has gone by.
func (w *window) page(content any, n int) page {
	p := page{Content: content, Number: w.number, NumberOfElements: n, Size: w.size, TotalElements: w.seen, TotalPages: (w.seen + w.size - 1) / w.size}
	p.First, p.Last = p.Number == 0, p.Number >= p.TotalPages-1
	return p
}

// paged gives the page of a list that is there.
func paged[T any](q *request, all []T) (page, error) {
	w, err := q.window()
	if err != nil {
		return page{}, err
	}
	if w.oldest {
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	content := []T{}
	for _, x := range all {
		if w.takes() {
			content = append(content, x)
		}
	}
	return w.page(content, len(content)), nil
}
