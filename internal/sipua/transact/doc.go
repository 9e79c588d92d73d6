// Package transact carries SIP messages for sipua: one UDP socket and one TCP
// listener on the same port, framing and sanity checks of what arrives, limits
// per source, and the table of transactions (RFC 3261 §17 and §18, RFC 6026).
// Messages, their parser and the two transaction state machines are sipgo's;
// sockets and the table are our own, so that memory stays bounded under floods,
// messages that cannot be parsed are answered, responses keep their order and
// no UDP message is refused for its size.
//
// It knows nothing of dialogs, calls or users. The Layer owns all its
// goroutines (one per socket or connection, and one while responses of a client
// transaction wait) and ends them in Close. All exported methods are safe
// concurrently. Handlers are called on the socket's goroutine and must not block.
package transact
