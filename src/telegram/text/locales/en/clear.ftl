# Forgetting conversations and deleting topics.
forgotten = 🧹 I have forgotten our conversation here. Your balance stays as it is.
topics-offer = { $topics ->
    [1] This chat has one topic in which people talk to me. It can be deleted with everything in it, for everybody.
    *[other] This chat has { $topics } topics in which people talk to me. They can be deleted with everything in them, for everybody.
}
topics-button = { $topics ->
    [1] Delete the only topic
    *[other] Delete all { $topics } topics
}
topics-used = This was confirmed before; the result comes as a message.
topics-not-allowed = Only administrators of this chat who may manage topics and delete messages can do that.
topics-later = Telegram does not tell at the moment what you may do here. Please try again in a minute.
topics-deleted = { $deleted ->
    [one] { $deleted } topic deleted.
    *[other] { $deleted } topics deleted.
}
topics-deleted-partly = { $deleted ->
    [one] { $deleted } topic deleted, { $failed } could not be deleted.
    *[other] { $deleted } topics deleted, { $failed } could not be deleted.
}
