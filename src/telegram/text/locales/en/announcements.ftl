# Announcements: to the administrator who makes one, and below each copy.
announce-ask = 📣 Send me the announcement as your next message: text, photo, video, file, voice message, sticker, poll or whatever else can be copied. You will see a preview before anything goes out. /cancel drops it.
announce-for = { $people ->
    [one] It is for { $people } person.
    *[other] It is for { $people } people.
}
announce-unknown = I have never seen these: { $names }
announce-ambiguous = These names belong to several people, so please use their ids: { $names }
announce-nobody-known = I know none of those you have named, so there is nobody to announce anything to. /announce without names goes to everybody.
announce-album = An album cannot be announced. Please send one photo, video or file, or /cancel.
announce-not-copied = Telegram does not let me copy this message. Please send another one, or /cancel.
announce-gone = Nothing is waiting for an announcement any more. Please send /announce again.
announce-offer = { $people ->
    [one] ☝️ Shall I send this to { $people } person?
    *[other] ☝️ Shall I send this to { $people } people?
}
announce-left-out = Left out: { $list }.
announce-nobody-left = There is nobody to send this to.
announce-opted-out = { $people } without announcements
announce-blocked = { $people } who have blocked me
announce-banned = { $people } banned
announce-send-button = { $people ->
    [one] 📣 Send to { $people } person
    *[other] 📣 Send to { $people } people
}
announce-cancel-button = Cancel
announce-stop-button = ⏹ Stop
announce-cancelled = The announcement is cancelled. Nobody got it.
announce-before = This was decided before.
announce-busy = Another announcement is being sent. Please wait until it has ended, or stop it with /announce.
announce-stopping = It stops; you will get the report in a moment.
announce-running = 📣 An announcement is being sent: { $done } of { $all }.
announce-progress = 📣 Sending: { $done } of { $all }
announce-sent = ✅ The announcement has been sent.
announce-stopped = ⏹ The announcement was stopped.
announce-content-gone = ⚠️ The announcement was stopped: the message with its content was deleted.
announce-result-sent = received: { $people }
announce-result-blocked = blocked me or deleted the account: { $people }
announce-result-closed = no private chat with me: { $people }
announce-result-refused = could not get it: { $people }
announce-result-unknown = may have got it: { $people } (Telegram did not answer, and nobody gets it twice)
announce-result-opted-out = take no announcements: { $people }
announce-result-banned = banned: { $people }
announce-result-waiting = not reached before the stop: { $people }
announce-report = The result for each person
announcements-off-button = 🔕 No more announcements
announcements-on-button = 🔔 Announcements again
announcements-off = You will get no more announcements.
announcements-on = You will get announcements again.
