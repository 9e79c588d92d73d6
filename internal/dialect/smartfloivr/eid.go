package smartfloivr

import (
	"strings"

	"tandem/internal/voice"
)

// eidLength is how many digits an EID has where that fits.
const eidLength = 12

// EID gives the number under which the API shows an extension: "0", figures of
// the account's id, and the short number, of 12 digits together.
func EID(t voice.TenantID, number string) string {
	prefix := "0" + string(t)
	if room := eidLength - len(number); room > 0 {
		prefix = (prefix + strings.Repeat("0", eidLength))[:room]
	}
	return prefix + number
}

// FindExtension finds the extension that id names: by its short number, by its
// EID, or by an EID of another system that ends in its number. Of several
// numbers the longest wins.
func FindExtension(list []voice.Extension, id string) (voice.Extension, bool) {
	var best voice.Extension
	for _, e := range list {
		if e.Number == id {
			return e, true
		}
		if len(id) >= minEID && strings.HasSuffix(id, e.Number) && len(e.Number) > len(best.Number) {
			best = e
		}
	}
	return best, best.Number != ""
}

// minEID is the shortest id whose tail may name an extension: a short number has
// at most 6 digits.
const minEID = 7

// Number reads a telephone number as clients write it. In an account of India,
// country "IN" or "", ten digits, or eleven that begin with 0, are a national
// number. Error kind Invalid.
func Number(s, country string) (voice.E164, error) {
	t := strings.TrimSpace(s)
	if country == "" || strings.EqualFold(country, "IN") {
		d := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(t)
		if len(d) == 11 && d[0] == '0' {
			d = d[1:]
		}
		if len(d) == 10 && isDigits(d) && d[0] != '0' {
			return voice.E164("+91" + d), nil
		}
	}
	return voice.ParseE164(t)
}
