package input

import (
	"net/http"
	"net/url"
	"strings"
)

// Segments gives the segments of an escaped path without the empty ones, so that
// repeated slashes and a trailing one are as good as none.
func Segments(escaped string) ([]string, error) {
	var segments []string
	for s := range strings.SplitSeq(escaped, "/") {
		if s == "" {
			continue
		}
		s, err := url.PathUnescape(s)
		if err != nil {
			return nil, err
		}
		segments = append(segments, s)
	}
	return segments, nil
}

// Match holds a path to a pattern such as "account/{acc}", where {x} is any one
// segment, and gives the segments by their names.
func Match(pattern string, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	i := 0
	for part := range strings.SplitSeq(pattern, "/") {
		if i == len(segments) {
			return nil, false
		}
		if name, ok := strings.CutPrefix(part, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = segments[i]
		} else if part != segments[i] {
			return nil, false
		}
		i++
	}
	return params, i == len(segments)
}

// Find finds the route of a request among routes, the first that fits deciding;
// where gives a route's method and pattern, and HEAD is served as GET. params are
// those of the path, nil when no route fits: known says then that the path exists
// with another method, whose route, the last of them, is given.
func Find[R any](routes []R, method string, segments []string, where func(R) (method, pattern string)) (rt R, params map[string]string, known bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, candidate := range routes {
		served, pattern := where(candidate)
		p, ok := Match(pattern, segments)
		if !ok {
			continue
		}
		if served == method {
			return candidate, p, true
		}
		rt, known = candidate, true
	}
	return rt, nil, known
}
