# Gespräche vergessen und Themen löschen.
forgotten = 🧹 Ich habe unser Gespräch hier vergessen. Dein Guthaben bleibt, wie es ist.
topics-offer = { $topics ->
    [1] In diesem Chat gibt es ein Thema, in dem mit mir gesprochen wird. Es lässt sich mit allem darin löschen, für alle.
    *[other] In diesem Chat gibt es { $topics } Themen, in denen mit mir gesprochen wird. Sie lassen sich mit allem darin löschen, für alle.
}
topics-button = { $topics ->
    [1] Das einzige Thema löschen
    *[other] Alle { $topics } Themen löschen
}
topics-used = Das wurde schon bestätigt; das Ergebnis kommt als Nachricht.
topics-not-allowed = Das dürfen nur Administratoren dieses Chats, die Themen verwalten und Nachrichten löschen dürfen.
topics-later = Telegram sagt mir gerade nicht, was du hier darfst. Bitte versuch es in einer Minute noch einmal.
topics-deleted = { $deleted ->
    [one] { $deleted } Thema gelöscht.
    *[other] { $deleted } Themen gelöscht.
}
topics-deleted-partly = { $deleted ->
    [one] { $deleted } Thema gelöscht, { $failed } ließen sich nicht löschen.
    *[other] { $deleted } Themen gelöscht, { $failed } ließen sich nicht löschen.
}
