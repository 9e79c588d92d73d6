// Package notify tells others what happens on calls: it turns the events of
// timelines into facts for the dialects, whose webhooks it queues, and works the
// outbox of requests to other people's servers, text messages among them.
//
// A Pump follows the live calls for whoever stores their events; it owns no
// goroutine. A Worker owns the goroutine that looks what is due and one for each
// request under way. Deliveries of one call to one endpoint keep their order; a
// slow endpoint never holds up another. All state of the outbox is in the store: a
// restart loses nothing, and what was under way then is sent again (at least
// once). It renders and signs nothing itself: others do, behind dialect.Notifier
// and Config.Sign.
package notify
