package telphinivr

import (
	"encoding/json"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Phone is what an extension of type phone has beside its line: it is kept as a
// resource of kind PhoneTopic.
type Phone struct {
	Extension
	// Settings are the fields of /extension/{id}/phone/ that are kept for clients
	// and mean nothing here.
	Settings map[string]json.RawMessage
}

// ParsePhone reads what is kept of a telephone.
func ParsePhone(data []byte) (Phone, error) {
	p := Phone{Extension: Extension{Type: TypePhone, Status: Active}}
	f, err := input.ParseObject(data)
	if err != nil {
		return p, voice.E("telphinivr.ParsePhone", voice.Invalid, err)
	}
	ext, err := object(f["extension"], "extension")
	if err != nil {
		return p, err
	}
	if err := Merge(&p.Extension, ext, "extension"); err != nil {
		return p, err
	}
	p.Settings, err = object(f["phone"], "phone")
	return p, err
}

// Marshal gives the telephone as it is kept.
func (p Phone) Marshal() (json.RawMessage, error) {
	raw, err := json.Marshal(map[string]any{"extension": p.Extension, "phone": p.Settings})
	if err != nil {
		return nil, voice.E("telphinivr.Marshal", voice.Internal, err)
	}
	return raw, nil
}
