package sonetel

// standardVoice is a language of the standard recordings.
type standardVoice struct{ code, name, gender, language string }

// standardVoices are those of the vendor's page of voices; the code is what
// apps name in voice.
func standardVoices() []standardVoice {
	return []standardVoice{
		{"en", "US English - female", "female", "English (US)"},
		{"swe", "Swedish - female", "female", "Swedish"},
		{"spa", "Spanish - female", "female", "Spanish"},
		{"hin-fe", "Hindi - female", "female", "Hindi"},
		{"tam-fe", "Tamil - female", "female", "Tamil"},
		{"tel-fe", "Telugu - female", "female", "Telugu"},
		{"en-fe", "Indian English - female", "female", "English (India)"},
		{"gr-fe", "German - female", "female", "German"},
		{"en-uk-fe", "UK English - female", "female", "English (UK)"},
		{"fr-fe", "French - female", "female", "French"},
		{"ara-fe", "Arabic - female", "female", "Arabic"},
		{"se", "Swedish - female", "female", "Swedish"},
	}
}

func voiceCodes() []string {
	var codes []string
	for _, v := range standardVoices() {
		codes = append(codes, v.code)
	}
	return codes
}
