package transact

import "bytes"

// outline is what the gate reads of a request.
type outline struct {
	method, uri, callID, cseq, to, from, via []byte
	vias                                     int
}

// read finds the headers that tell what a request is, in lines that are whole.
func (o *outline) read(b []byte) bool {
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok {
		return false
	}
	o.method, o.uri, ok = bytes.Cut(line, []byte(" "))
	if !ok {
		return false
	}
	o.uri, _, _ = bytes.Cut(o.uri, []byte(" "))
	for len(rest) > 0 {
		if line, rest, ok = bytes.Cut(rest, crlf); !ok || len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		to := o.place(bytes.TrimRight(name, " \t"))
		switch {
		case to == nil:
		case to == &o.via:
			if o.vias++; o.vias == 1 {
				o.via = bytes.TrimSpace(value)
			}
		case *to == nil:
			*to = bytes.TrimSpace(value)
		}
	}
	return o.via != nil && len(o.callID) > 0 && o.cseq != nil && o.to != nil && o.from != nil
}

var crlf = []byte("\r\n")

// place gives where the value of a header of this name goes; nil = nowhere.
func (o *outline) place(name []byte) *[]byte {
	if len(name) == 0 || len(name) > 7 {
		return nil
	}
	is := func(long, short string) bool {
		return len(name) == len(long) && bytes.EqualFold(name, []byte(long)) || len(short) == len(name) && bytes.EqualFold(name, []byte(short))
	}
	switch name[0] | 0x20 {
	case 'v':
		if is("via", "v") {
			return &o.via
		}
	case 't':
		if is("to", "t") {
			return &o.to
		}
	case 'f':
		if is("from", "f") {
			return &o.from
		}
	case 'c':
		if is("call-id", "") {
			return &o.callID
		}
		if is("cseq", "") {
			return &o.cseq
		}
	case 'i':
		if is("i", "i") {
			return &o.callID
		}
	}
	return nil
}

// tagOf gives the tag of a To or From value; nil = none.
func tagOf(value []byte) []byte {
	if i := bytes.LastIndexByte(value, '>'); i >= 0 {
		value = value[i:]
	}
	return paramOf(value, "tag")
}

// branchOf gives the branch of the first Via of a value; nil = none.
func branchOf(via []byte) []byte {
	via, _, _ = bytes.Cut(via, []byte(","))
	return paramOf(via, "branch")
}

// paramOf gives the first parameter of this name, which is written in lower case;
// nil = none. A value in quotes is not looked for.
func paramOf(value []byte, name string) []byte {
	for {
		i := bytes.IndexByte(value, ';')
		if i < 0 {
			return nil
		}
		value = bytes.TrimLeft(value[i+1:], " \t")
		if len(value) <= len(name) || !bytes.EqualFold(value[:len(name)], []byte(name)) {
			continue
		}
		if eq := bytes.TrimLeft(value[len(name):], " \t"); len(eq) > 0 && eq[0] == '=' {
			found := bytes.TrimLeft(eq[1:], " \t")
			if end := bytes.IndexAny(found, "; \t"); end >= 0 {
				found = found[:end]
			}
			return found
		}
	}
}
