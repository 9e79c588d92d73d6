package voice

import "slices"

// EndReason is why a call ended, as the part of the program knew it that ended it
// or saw it end. The list is closed: every end has exactly one, and package
// explain has words for each. Cause is the coarser class that SIP and the vendors
// know; "" = the call is up, or its record is older than reasons are kept.
type EndReason string

// The reasons. "The caller" is the call's first party, in calls that we begin too.
const (
	EndCallerHungUp EndReason = "caller_hung_up"
	EndCallerGaveUp EndReason = "caller_gave_up" // before the answer
	EndFarHungUp    EndReason = "far_hung_up"    // whom the caller talked with, and the flow had no more to do

	EndFlowHungUp EndReason = "flow_hung_up" // a step that hangs up
	EndFlowOver   EndReason = "flow_over"    // a way on that leads nowhere
	EndAppTime    EndReason = "app_time"     // the time set for an app is over
	EndStepFailed EndReason = "step_failed"  // and the flow has no way on from that
	EndFlowBroken EndReason = "flow_broken"  // a program that can't be run
	EndStepLimit  EndReason = "step_limit"   // flow.MaxSteps
	EndRouteHangs EndReason = "route_hangs"  // who was called takes no calls

	EndBusy        EndReason = "busy"        // who was called, and the flow has no way on
	EndNoAnswer    EndReason = "no_answer"   // the same
	EndRejected    EndReason = "rejected"    // the same
	EndUnreachable EndReason = "unreachable" // the same
	EndTalkTime    EndReason = "talk_time"   // the longest time of a talk is over

	EndTransferred    EndReason = "transferred"     // the caller's side called whom it was sent to
	EndTransferFailed EndReason = "transfer_failed" // nobody was left to talk with
	EndJoinedOther    EndReason = "joined_other"    // the party is in another call now
	EndPartnerGone    EndReason = "partner_gone"    // whom another call was to give did not come
	EndTakenOver      EndReason = "taken_over"      // the call only put its party into another's place

	EndNoAudio    EndReason = "no_audio"     // the caller's sound stopped for too long
	EndFarNoAudio EndReason = "far_no_audio" // that of whom the caller talked with
	EndNoMedia    EndReason = "no_media"     // no description of sound that both understand, or no way for it
	EndNotSecured EndReason = "not_secured"  // media that had to be secured was not
	EndNoConfirm  EndReason = "no_confirm"   // the caller's side never confirmed our answer
	EndNoRefresh  EndReason = "no_refresh"   // the session timer ran out (RFC 4028)
	EndPeerForgot EndReason = "peer_forgot"  // the caller's side no longer knows the call

	EndOrdered        EndReason = "ordered"          // somebody ordered the end
	EndCallTime       EndReason = "call_time"        // the longest time of an ordered call is over
	EndNotBegun       EndReason = "not_begun"        // an ordered call found no room in time
	EndOrderFailed    EndReason = "order_failed"     // it could not be begun at all
	EndFirstMissed    EndReason = "first_missed"     // the first party of an ordered call was not reached
	EndSecondMissed   EndReason = "second_missed"    // the second was not
	EndWatcherMissed  EndReason = "watcher_missed"   // who was to supervise a talk was not reached
	EndWatchedTalkEnd EndReason = "watched_talk_end" // the supervised talk is over

	EndUnknownNumber EndReason = "unknown_number" // what was dialled leads nowhere
	EndForbidden     EndReason = "forbidden"      // the caller may not
	EndAccountLimit  EndReason = "account_limit"  // enough calls of the account are up, or began of late
	EndSourceLimit   EndReason = "source_limit"   // enough calls of the address that it came from are
	EndNoService     EndReason = "no_service"     // what the call needs does not work now
	EndStopping      EndReason = "stopping"       // this server stops
	EndCrashed       EndReason = "crashed"        // this server ended without closing the call
	EndFault         EndReason = "fault"          // an internal fault
)

// EndReasons lists them all.
func EndReasons() []EndReason { return slices.Clone(endReasons[:]) }

var endReasons = [...]EndReason{
	EndCallerHungUp, EndCallerGaveUp, EndFarHungUp,
	EndFlowHungUp, EndFlowOver, EndAppTime, EndStepFailed, EndFlowBroken, EndStepLimit, EndRouteHangs,
	EndBusy, EndNoAnswer, EndRejected, EndUnreachable, EndTalkTime,
	EndTransferred, EndTransferFailed, EndJoinedOther, EndPartnerGone, EndTakenOver,
	EndNoAudio, EndFarNoAudio, EndNoMedia, EndNotSecured, EndNoConfirm, EndNoRefresh, EndPeerForgot,
	EndOrdered, EndCallTime, EndNotBegun, EndOrderFailed, EndFirstMissed, EndSecondMissed, EndWatcherMissed, EndWatchedTalkEnd,
	EndUnknownNumber, EndForbidden, EndAccountLimit, EndSourceLimit, EndNoService, EndStopping, EndCrashed, EndFault,
}
