package voice

import "strings"

// highRisk lists number ranges that toll fraud goes to and that an IVR has no
// business with unless a trunk names them in its prefixes: shared-cost and
// satellite country codes (ITU-T E.164 assignments) and national premium-rate ranges.
func highRisk() []string {
	return []string{
		"+979", "+870", "+878", "+881", "+882", "+883", // premium and satellite
		"+1900", "+1976", // North America
		"+449", "+44871", "+44872", "+44873", // United Kingdom
		"+46900", "+46939", "+46944", // Sweden
		"+49900", "+33899", "+34803", "+34806", "+34807", "+39899", "+41900", "+41901", "+43900", "+43930",
	}
}

// HighRisk gives the high-risk range that a number is in; "" = in none.
func HighRisk(n E164) string {
	for _, p := range highRisk() {
		if strings.HasPrefix(string(n), p) {
			return p
		}
	}
	return ""
}

// MayDial decides whether a number may go through the trunk; otherwise the error,
// of kind Permission, says why.
func (k Trunk) MayDial(n E164) error {
	const op = "voice.MayDial"
	for _, p := range k.Prefixes {
		if strings.HasPrefix(string(n), p) {
			return nil
		}
	}
	if len(k.Prefixes) > 0 {
		return Errorf(op, Permission, "trunk %s does not take %s: its prefixes are %s", k.Name, n, strings.Join(k.Prefixes, ", "))
	}
	if p := HighRisk(n); p != "" {
		return Errorf(op, Permission, "%s is in the high-risk range %s; a trunk must name the range in its prefixes to allow it", n, p)
	}
	return nil
}
