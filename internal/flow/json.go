package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The JSON form of a program follows the Go types: fields by their json tag
// (without a tag, the name in lower case), a duration as text ("2.5s"), a step
// as an object whose first member "kind" is Step.Kind.

// StepTypes lists the zero value of every step type there is.
func StepTypes() []Step {
	return []Step{Answer{}, Play{}, Gather{}, Dial{}, Goto{}, Count{}, Reset{}, Record{},
		Deliver{}, SaveSound{}, PlayRecording{}, Wait{}, Hangup{}, Set{}, If{}, Hours{}, SetCaller{}, Save{},
		Request{}, Fetch{}, Subflow{}, Return{}, SMS{}, Listen{}, Queue{}, Await{}, Notice{}, Tape{}, DetectMachine{}, Conference{}, Collect{}, Transfer{}}
}

const kindMember = "kind"

var (
	durationType = reflect.TypeFor[time.Duration]()
	stepType     = reflect.TypeFor[Step]()
)

// MarshalJSON gives the JSON form. It fails when a node has no step.
func (p Program) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, reflect.ValueOf(p)); err != nil {
		return nil, fmt.Errorf("program %s: %w", p.App, err)
	}
	return b.Bytes(), nil
}

// UnmarshalJSON reads the JSON form as Decode does; the first error is returned.
func (p *Program) UnmarshalJSON(data []byte) error {
	q, ds := Decode(data)
	if d, bad := ds.FirstError(); bad {
		return errors.New(d.String())
	}
	*p = q
	return nil
}

// encode appends the JSON form of v.
func encode(b *bytes.Buffer, v reflect.Value) error {
	switch {
	case v.Type() == durationType:
		return leaf(b, time.Duration(v.Int()).String())
	case v.Type() == stepType:
		if v.IsNil() {
			return errors.New("a node has no step")
		}
		s := v.Interface().(Step)
		return encodeStruct(b, v.Elem(), s.Kind())
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(b, v, "")
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case reflect.Map:
		return encodeMap(b, v)
	}
	return leaf(b, v.Interface())
}

func leaf(b *bytes.Buffer, v any) error {
	data, err := json.Marshal(v)
	b.Write(data)
	return err
}

func encodeStruct(b *bytes.Buffer, v reflect.Value, kind string) error {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	b.WriteByte('{')
	n := 0
	if kind != "" {
		fmt.Fprintf(b, "%q:%q", kindMember, kind)
		n++
	}
	for i := range v.NumField() {
		name, omit := member(v.Type().Field(i))
		f := v.Field(i)
		if omit && (f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0 || f.Kind() == reflect.Map && f.Len() == 0) {
			continue
		}
		if n > 0 {
			b.WriteByte(',')
		}
		n++
		fmt.Fprintf(b, "%q:", name)
		if err := encode(b, f); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func encodeMap(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := leaf(b, k.String()); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encode(b, v.MapIndex(k)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// member gives a field's name in JSON and whether it is left out when empty.
func member(f reflect.StructField) (name string, omit bool) {
	tag, ok := f.Tag.Lookup("json")
	if !ok {
		return strings.ToLower(f.Name), true
	}
	name, options, _ := strings.Cut(tag, ",")
	return name, options != ""
}
