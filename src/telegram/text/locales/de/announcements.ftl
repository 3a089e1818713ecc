# Ankündigungen: an den Administrator, der sie macht, und unter jeder Kopie.
announce-ask = 📣 Schick mir die Ankündigung als nächste Nachricht: Text, Foto, Video, Datei, Sprachnachricht, Sticker, Umfrage oder was sich sonst kopieren lässt. Du siehst eine Vorschau, bevor etwas hinausgeht. /cancel bricht ab.
announce-for = { $people ->
    [one] Sie ist für { $people } Person.
    *[other] Sie ist für { $people } Personen.
}
announce-unknown = Diese habe ich nie gesehen: { $names }
announce-ambiguous = Diese Namen gehören mehreren Personen, nimm bitte ihre Nummern: { $names }
announce-nobody-known = Von den Genannten kenne ich niemanden, also gibt es niemanden für eine Ankündigung. /announce ohne Namen geht an alle.
announce-album = Ein Album lässt sich nicht ankündigen. Schick bitte ein einzelnes Foto, Video oder eine Datei, oder /cancel.
announce-not-copied = Telegram lässt mich diese Nachricht nicht kopieren. Schick bitte eine andere, oder /cancel.
announce-gone = Auf eine Ankündigung wartet nichts mehr. Schick bitte noch einmal /announce.
announce-offer = { $people ->
    [one] ☝️ Soll ich das an { $people } Person schicken?
    *[other] ☝️ Soll ich das an { $people } Personen schicken?
}
announce-left-out = Ausgelassen: { $list }.
announce-nobody-left = Es gibt niemanden, an den das gehen könnte.
announce-opted-out = ohne Ankündigungen: { $people }
announce-blocked = haben mich blockiert: { $people }
announce-banned = gesperrt: { $people }
announce-send-button = { $people ->
    [one] 📣 An { $people } Person senden
    *[other] 📣 An { $people } Personen senden
}
announce-cancel-button = Abbrechen
announce-stop-button = ⏹ Anhalten
announce-cancelled = Die Ankündigung ist abgebrochen. Niemand hat sie bekommen.
announce-before = Das wurde schon entschieden.
announce-busy = Gerade wird eine andere Ankündigung gesendet. Warte bitte, bis sie fertig ist, oder halte sie mit /announce an.
announce-stopping = Ich halte an; der Bericht kommt gleich.
announce-running = 📣 Eine Ankündigung wird gesendet: { $done } von { $all }.
announce-progress = 📣 Ich sende: { $done } von { $all }
announce-sent = ✅ Die Ankündigung ist gesendet.
announce-stopped = ⏹ Die Ankündigung wurde angehalten.
announce-content-gone = ⚠️ Die Ankündigung wurde angehalten: Die Nachricht mit ihrem Inhalt wurde gelöscht.
announce-result-sent = bekommen: { $people }
announce-result-blocked = haben mich blockiert oder ihr Konto gelöscht: { $people }
announce-result-closed = kein privater Chat mit mir: { $people }
announce-result-refused = konnten sie nicht bekommen: { $people }
announce-result-unknown = vielleicht bekommen: { $people } (Telegram hat nicht geantwortet, und niemand bekommt sie zweimal)
announce-result-opted-out = wollen keine Ankündigungen: { $people }
announce-result-banned = gesperrt: { $people }
announce-result-waiting = vor dem Anhalten nicht mehr erreicht: { $people }
announce-report = Das Ergebnis für jede Person
announcements-off-button = 🔕 Keine Ankündigungen mehr
announcements-on-button = 🔔 Wieder Ankündigungen
announcements-off = Du bekommst keine Ankündigungen mehr.
announcements-on = Du bekommst wieder Ankündigungen.
