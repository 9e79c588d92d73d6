package explain

import "tandem/internal/voice"

// reasonWords says how a call ended. said begins after the caller's name, as the
// last part of the headline: "Caller pressed 1, and " + said. why is a sentence that
// explains; "" = said needs none.
type reasonWords struct{ said, why string }

// ofReason gives the words of a reason; ok is false for none of the list.
func ofReason(r voice.EndReason) (w reasonWords, ok bool) {
	switch r {
	case voice.EndCallerHungUp:
		return reasonWords{"hung up", ""}, true
	case voice.EndCallerGaveUp:
		return reasonWords{"gave up before anybody answered", ""}, true
	case voice.EndFarHungUp:
		return reasonWords{"the other side hung up", "The flow had nothing more to do after the talk"}, true
	case voice.EndFlowHungUp:
		return reasonWords{"the flow hung up", ""}, true
	case voice.EndFlowOver:
		return reasonWords{"the flow was over", "The way on from its last step leads nowhere, which ends a call"}, true
	case voice.EndAppTime:
		return reasonWords{"the time set for the app was over", ""}, true
	case voice.EndStepFailed:
		return reasonWords{"a step of the flow failed", "The flow has no way on from that step's failure; give it an exit \"failed\""}, true
	case voice.EndFlowBroken:
		return reasonWords{"the flow could not be run", "Check the flow: something that it leads to does not exist"}, true
	case voice.EndStepLimit:
		return reasonWords{"the flow went in circles", "A call may take so many steps and no more; the flow has a loop without a way out"}, true
	case voice.EndRouteHangs:
		return reasonWords{"the call was hung up, as who was called takes no calls", "The call settings of who was called say so"}, true
	case voice.EndBusy:
		return reasonWords{"the call ended, as the line was busy", "The flow has no way on for a busy line"}, true
	case voice.EndNoAnswer:
		return reasonWords{"the call ended, as nobody answered", "The flow has no way on for a call that nobody answers"}, true
	case voice.EndRejected:
		return reasonWords{"the call ended, as it was declined", "The flow has no way on for a call that is declined"}, true
	case voice.EndUnreachable:
		return reasonWords{"the call ended, as nobody could be reached", "The flow has no way on for a call that fails"}, true
	case voice.EndTalkTime:
		return reasonWords{"the longest time for the talk was over", ""}, true
	case voice.EndTransferred:
		return reasonWords{"left us with the transfer", "The caller's own side called whom it was sent to; that call does not go through this server"}, true
	case voice.EndTransferFailed:
		return reasonWords{"the call ended, as the transfer had failed and the other side was gone", ""}, true
	case voice.EndJoinedOther:
		return reasonWords{"was joined with another call", "What follows is in the timeline of that call"}, true
	case voice.EndPartnerGone:
		return reasonWords{"the call ended, as the other party had left before they were joined", ""}, true
	case voice.EndTakenOver:
		return reasonWords{"took the place of a party in another call", "What follows is in the timeline of that call"}, true
	case voice.EndNoAudio:
		return reasonWords{"was cut off, as no more sound came from that side", "Who sends nothing for so long is taken for gone (setting \"media_timeout\")"}, true
	case voice.EndFarNoAudio:
		return reasonWords{"the call ended, as no more sound came from the other side", "Who sends nothing for so long is taken for gone (setting \"media_timeout\")"}, true
	case voice.EndNoMedia:
		return reasonWords{"could not be answered: the two sides found no sound that both understand", ""}, true
	case voice.EndNotSecured:
		return reasonWords{"was hung up on, as the sound could not be secured", ""}, true
	case voice.EndNoConfirm:
		return reasonWords{"was hung up on, as the caller's side never confirmed our answer", "Our answer reached it and its ACK did not reach us, or it is gone: look at the firewall and at the Contact in the trace"}, true
	case voice.EndNoRefresh:
		return reasonWords{"was hung up on, as the caller's side stopped refreshing the call", "It asked for a session timer (RFC 4028) and did not keep it; it has lost its power or network"}, true
	case voice.EndPeerForgot:
		return reasonWords{"was gone: the caller's side no longer knew the call", "It answered our request within the call that there is no such call; it was restarted, or hung up and its BYE was lost"}, true
	case voice.EndOrdered:
		return reasonWords{"the call was hung up by order", ""}, true
	case voice.EndCallTime:
		return reasonWords{"the longest time for the call was over", ""}, true
	case voice.EndNotBegun:
		return reasonWords{"the call was never begun", "It waited for room as long as a call may"}, true
	case voice.EndOrderFailed:
		return reasonWords{"the call could not be begun", ""}, true
	case voice.EndFirstMissed:
		return reasonWords{"the first party was not reached", ""}, true
	case voice.EndSecondMissed:
		return reasonWords{"the second party was not reached", ""}, true
	case voice.EndWatcherMissed:
		return reasonWords{"who was to listen did not come to the telephone", ""}, true
	case voice.EndWatchedTalkEnd:
		return reasonWords{"the talk that was listened to ended", ""}, true
	case voice.EndUnknownNumber:
		return reasonWords{"reached nothing: what was dialled leads nowhere", ""}, true
	case voice.EndForbidden:
		return reasonWords{"was refused: the call is not allowed", ""}, true
	case voice.EndAccountLimit:
		return reasonWords{"was refused: the account has no room for another call", "Others of its calls have to end first, or its limit be raised"}, true
	case voice.EndNoService:
		return reasonWords{"was refused: something that the call needs did not work", ""}, true
	case voice.EndStopping:
		return reasonWords{"was cut off, as this server stopped", ""}, true
	case voice.EndCrashed:
		return reasonWords{"was cut off, as this server ended without a word", "The time of the end is the last that is known of the call"}, true
	case voice.EndFault:
		return reasonWords{"was cut off by a fault in this program", "The log of this server has the details; please report it"}, true
	}
	return reasonWords{}, false
}

// byCause gives a reason for records that were kept before reasons were.
func byCause(c voice.Cause) voice.EndReason {
	switch c {
	case voice.CauseNormal:
		return voice.EndCallerHungUp
	case voice.CauseBusy:
		return voice.EndBusy
	case voice.CauseNoAnswer:
		return voice.EndNoAnswer
	case voice.CauseRejected:
		return voice.EndRejected
	case voice.CauseNotFound:
		return voice.EndUnknownNumber
	case voice.CauseUnavailable:
		return voice.EndUnreachable
	case voice.CauseCancelled:
		return voice.EndCallerGaveUp
	case voice.CausePolicy:
		return voice.EndForbidden
	case voice.CauseMedia:
		return voice.EndNoAudio
	case voice.CauseMaxDuration:
		return voice.EndCallTime
	case voice.CauseShutdown:
		return voice.EndStopping
	case voice.CauseServerFailed:
		return voice.EndCrashed
	}
	return voice.EndStepFailed
}

// subject reports whether the words of a reason go on from the caller's name, as
// "hung up" does and "the flow hung up" does not.
func subject(said string) bool {
	for _, begin := range []string{"the ", "a step", "who "} {
		if len(said) > len(begin) && said[:len(begin)] == begin {
			return false
		}
	}
	return true
}
