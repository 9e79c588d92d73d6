package check

import (
	"slices"

	"tandem/internal/voice"
)

// trunkRefuses says why no trunk carries a number; "" = one does.
func trunkRefuses(trunks []voice.Trunk, number string) string {
	n, err := voice.ParseE164(number)
	if err != nil {
		return voice.Reason(err)
	}
	if len(trunks) == 0 { // one may come; whatever it is, it takes no high-risk numbers unasked
		trunks = []voice.Trunk{{Name: "without prefixes"}}
	}
	if slices.ContainsFunc(trunks, func(k voice.Trunk) bool { return k.MayDial(n) == nil }) {
		return ""
	}
	return voice.Reason(trunks[len(trunks)-1].MayDial(n))
}
