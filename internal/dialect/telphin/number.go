package telphin

import (
	"slices"
	"strconv"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// numberAnswer is an external number, which the vendor calls a DID.
func (q *request) numberAnswer(n voice.Number, list []*extension) map[string]any {
	answer := map[string]any{"id": n.Serial, "name": n.E164.Digits(), "domain": q.d.cfg.SIPDomain, "client_id": q.clientID(),
		"extension_id": nil, "allow_message": false, "message_extension_id": nil, "comment": nil, "create_date": stamp(n.Created)}
	if i := slices.IndexFunc(list, func(e *extension) bool { return e.destination() == n.Dest }); i >= 0 {
		answer["extension_id"] = list[i].serial()
	}
	return answer
}

func listNumbers(q *request) (any, error) {
	if err := q.client(); err != nil {
		return nil, err
	}
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return nil, err
	}
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	answers := []map[string]any{}
	for _, n := range numbers {
		answers = append(answers, q.numberAnswer(n, list))
	}
	return paged(q, answers)
}

// number finds the external number of the path, by its id or its digits.
func (q *request) number() (voice.Number, error) {
	if err := q.client(); err != nil {
		return voice.Number{}, err
	}
	numbers, err := q.d.cfg.Numbers.Numbers(q.Context(), q.tenant)
	if err != nil {
		return voice.Number{}, err
	}
	for _, n := range numbers {
		if did := q.params["did"]; did == strconv.FormatInt(n.Serial, 10) || did == n.E164.Digits() {
			return n, nil
		}
	}
	return voice.Number{}, missing("", "external number %s does not exist", q.params["did"])
}

func getNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	return q.numberAnswer(n, list), nil
}

// putNumber connects an external number to an extension, or to nothing.
func putNumber(q *request) (any, error) {
	n, err := q.number()
	if err != nil {
		return nil, err
	}
	body, err := q.fields()
	if err != nil {
		return nil, err
	}
	list, err := q.extensions()
	if err != nil {
		return nil, err
	}
	raw, given := body["extension_id"]
	if !given {
		return q.numberAnswer(n, list), nil
	}
	id, err := input.Text(raw, "extension_id")
	if err != nil {
		return nil, badf("%s", err)
	}
	n.Dest = voice.Destination{}
	if id != "" && id != "0" {
		i := slices.IndexFunc(list, func(e *extension) bool { return strconv.FormatInt(e.serial(), 10) == id })
		if i < 0 {
			return nil, badf("extension_id: extension %s does not exist", cut(id))
		}
		n.Dest = list[i].destination()
	}
	if err := q.d.cfg.Numbers.UpdateNumber(q.Context(), n); err != nil {
		return nil, err
	}
	return q.numberAnswer(n, list), nil
}
