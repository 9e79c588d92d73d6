package telphin

import (
	"bytes"
	"encoding/json"
)

// unlisted gives the one object of a list, or nothing for an empty list; other
// bodies as they are.
func unlisted(data []byte) []byte {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '[' {
		return data
	}
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil || len(list) > 1 {
		return data
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}
