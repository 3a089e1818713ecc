# Daten über Menschen: was gespeichert ist, als Datei, und wie es gelöscht wird.
privacy = **Was ich über dich speichere**
    { "" }
    - Deinen Namen, Benutzernamen und deine Sprache, wie Telegram sie nennt, und was du hier gewählt hast
    - Unsere Gespräche, mit Abschriften und den Namen deiner Dateien: { $days ->
        [one] { $days } Tag
       *[other] { $days } Tage
    }
    - Nachrichten, wie Telegram sie überbracht hat: 7 Tage; meine an dich: 30 Tage
    - Dein Guthaben, Zahlungen und was jede Antwort gekostet hat: auf Dauer, denn das sind die Bücher. Deine Worte stehen nicht darin.
    { "" }
    Um dir zu antworten, gebe ich deine Nachrichten und Dateien an den Anbieter des Modells weiter. Kopien von Dateien dort werden zusammen mit dem Gespräch gelöscht.
    { "" }
    /export schickt dir ein Gespräch als Datei. Hier bekommst du alles oder lässt es löschen.
privacy-everything-button = 📦 Schick mir alles
privacy-erase-button = 🗑 Alles löschen …
export-begun = Ich sammle alles ein. Die Datei kommt gleich hierher.
export-running = Deine Datei entsteht schon.
export-too-soon = { $minutes ->
        [one] Alles zusammen gibt es einmal pro Stunde; die nächste gibt es in 1 Minute.
       *[other] Alles zusammen gibt es einmal pro Stunde; die nächste gibt es in { $minutes } Minuten.
    }
export-made = Alles, was ich über dich speichere: die Gespräche zum Lesen und alle Zeilen der Datenbank als JSON.
export-failed = Die Datei ließ sich nicht erstellen. Versuch es später noch einmal, mit /privacy oder /export.
conversation-running = Dieses Gespräch wird schon in eine Datei geschrieben.
conversation-too-soon = { $seconds ->
        [one] Du hast dieses Gespräch gerade erst bekommen. In 1 Sekunde kann ich es noch einmal schicken.
       *[other] Du hast dieses Gespräch gerade erst bekommen. In { $seconds } Sekunden kann ich es noch einmal schicken.
    }
conversation-empty = Hier gibt es nichts zu exportieren: Dieses Gespräch ist leer.
conversation-made = Unser Gespräch als Datei.
erasure-offer = **Alles löschen?**
    { "" }
    Ich breche ab, was ich gerade beantworte, und lösche unsere Gespräche hier und in Gruppen, deine Dateien, deine Einstellungen und deinen Namen. Niemand kann das rückgängig machen.
    { "" }
    Dein Guthaben von { $balance } bleibt, ebenso die Zahlen zu Zahlungen und Antworten, ohne Worte und Namen. Nachrichten, die du in Telegram siehst, bleiben dort, bis du sie selbst löschst.
    { "" }
    Du hast 10 Minuten Zeit, dich zu entscheiden.
erasure-confirm-button = Ja, alles löschen
erasure-keep-button = Nein, behalten
erasure-begun = Ich lösche alles und melde mich, wenn es fertig ist. Bitte schreib bis dahin nichts.
erasure-dropped = Es wurde nichts gelöscht.
erasure-expired = Das Angebot ist abgelaufen. /privacy beginnt von vorn.
erasure-running = Es wird schon alles gelöscht.
erasure-cancelled = Das hast du zurückgenommen. /privacy beginnt von vorn.
erasure-before = Das ist schon gelöscht. /privacy beginnt von vorn.
erasure-done = Alles über dich ist gelöscht, außer den Büchern. Dein Guthaben von { $balance } ist geblieben. Ankündigungen bekommst du nicht mehr; /settings schaltet sie wieder ein.
    { "" }
    Schreib mir, wann immer du willst: Wir fangen von vorn an.
file-heading = Gespräch
file-heading-in = Gespräch in { $name }
file-topic = Thema { $number }
file-made = Erstellt am { $time }. Nachrichten: { $count }.
file-older-left-out = Ältere Nachrichten fehlen, weil die Datei sonst zu groß würde.
file-only-yours = Dieses Gespräch gehört mehreren. Hier stehen deine Fragen und die Antworten darauf.
file-files-by-name = Von Dateien stehen hier nur die Namen. Die Dateien selbst sind im Chat.
file-you = Du
file-edited = bearbeitet
file-cut = abgebrochen
file-forwarded = Weitergeleitet von { $name }
file-reply = Antwort an { $name }:
file-spoken = Gesprochen:
file-not-sent = { $name } (ließ sich nicht senden)
about-export = Das ist alles, was der Bot über dich gespeichert hat, Stand { $time }.
    { "" }
    conversations: unsere Gespräche, zum Lesen. Auch was du mit /clear vergessen lassen hast, steht darin, solange es nicht gelöscht ist. Von gemeinsamen Gesprächen einer Gruppe deine Fragen und die Antworten darauf.
    files: Dateien, die ich für dich gemacht und noch habe. Ich behalte eine nur, bis Telegram sie hat; dann ist sie im Chat. Was du mir geschickt hast, behalte ich nicht, nur den Namen, die Worte einer Aufnahme und den Anfang eines Dokuments; das steht in data. Die Datei hat Telegram, und beim Anbieter des Modells liegt eine Kopie, mit der ich arbeite und die sich von dort nicht abrufen lässt.
    data: alle Zeilen über dich, eine Datei für jede Tabelle der Datenbank, als JSON.
about-export-complete = Es fehlt nichts.
about-export-left-out = Die Datei wäre zu groß geworden. Diese Teile sind nicht vollständig:
