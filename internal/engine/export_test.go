package engine

// Redirection reads where a Contact leads, for tests.
func Redirection(contact string) (user, host string, err error) { return redirection(contact) }
