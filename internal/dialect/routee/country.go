package routee

import "strings"

// country gives the ISO 3166 code of a number's country, for the vendor's markets
// and some others; "" when it is none of them.
func country(number string) string {
	for code, name := range map[string]string{
		"+30": "GR", "+357": "CY", "+359": "BG", "+40": "RO", "+44": "GB", "+49": "DE", "+33": "FR", "+39": "IT", "+34": "ES",
		"+351": "PT", "+46": "SE", "+47": "NO", "+45": "DK", "+358": "FI", "+31": "NL", "+32": "BE", "+43": "AT", "+41": "CH",
		"+48": "PL", "+36": "HU", "+420": "CZ", "+421": "SK", "+381": "RS", "+385": "HR", "+386": "SI", "+355": "AL", "+90": "TR",
		"+7": "RU", "+380": "UA", "+1": "US", "+55": "BR", "+52": "MX", "+91": "IN", "+61": "AU", "+353": "IE", "+972": "IL",
	} {
		if strings.HasPrefix(number, code) {
			return name
		}
	}
	return ""
}
