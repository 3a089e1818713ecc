# Alles über Geld. Beträge kommen mit Vorzeichen und Währung.
pay = **Guthaben aufladen**
    { "" }
    Wähle ein Paket. Du zahlst mit Telegram-Sternen; der Betrag auf dem Knopf ist das, was ich deinem Guthaben gutschreibe.
package-button = Paket { $package }: { $stars } ⭐ → { $credit }
custom-button = Anderer Betrag
ask-amount = Wie viele Sterne sollen es sein? Antworte auf diese Nachricht mit einer ganzen Zahl von 1 bis { $most }, oder schick /cancel.
wrong-amount = Das ist keine gültige Anzahl. Bitte antworte mit einer ganzen Zahl von 1 bis { $most }, oder schick /cancel.
cancelled = Abgebrochen.
nothing-to-cancel = Es gibt nichts abzubrechen. /stop beendet eine laufende Antwort.
invoice-title = Guthaben
invoice-description = Schreibt deinem Guthaben { $credit } für { $stars } ⭐ gut. Du bekommst eine Transaktionsnummer, mit der du die Sterne innerhalb von { $days } Tagen zurückbekommen kannst.
checkout-unknown = Diese Rechnung ist ungültig. Bitte erstelle mit /pay eine neue.
checkout-not-yours = Diese Rechnung ist für jemand anderen. Bitte erstelle mit /pay deine eigene.
checkout-expired = Diese Rechnung ist zu alt. Bitte erstelle mit /pay eine neue.
checkout-paid = Diese Rechnung ist schon bezahlt. Bitte erstelle mit /pay eine neue.
checkout-banned = Für dieses Konto sind Zahlungen gesperrt.
checkout-later = Ich konnte die Rechnung nicht rechtzeitig prüfen. Es wurde nichts bezahlt; bitte versuch es in einer Minute noch einmal.
receipt = ✅ { $stars } ⭐ erhalten und { $credit } gutgeschrieben. Dein Guthaben ist jetzt **{ $balance }**.
    { "" }
    Transaktion: `{ $charge }`
    Innerhalb von { $days } Tagen bekommst du sie zurück: `/refund { $charge }`
balance = Dein Guthaben: **{ $balance }**
balance-held = Reserviert für laufende Antworten, Aufnahmen oder Erstattungen: { $held }; frei: { $free }
balance-latest = Letzte Buchungen (UTC):
balance-earlier = Frühere Buchungen (UTC):
balance-older = Ältere ▶️
balance-newer = ◀️ Neuere
operation-starter = Willkommensgeschenk
operation-opening = Guthaben von früher
operation-usage = { $subject }
paid-web-search = Websuche
paid-generate-image = Bild
paid-execute-python = Python-Code
paid-self-critique = Prüfung
paid-analyze-image = Bild angesehen
paid-analyze-pdf = PDF gelesen
paid-transcribe-audio = Aufnahme
operation-return = { $subject }, zurückgegeben: Die Antwort ist nie angekommen
operation-payment = { $subject } ⭐ bezahlt
operation-refund = { $subject } ⭐ erstattet
operation-transcription = Aufnahme in Text, { $subject }
operation-adjustment = Korrektur durch den Betreiber
operation-estimated = {", geschätzt"}
refundable = Diese Zahlungen lassen sich innerhalb von { $days } Tagen erstatten, solange dein Guthaben dafür reicht. Tippe auf einen Befehl, um ihn zu kopieren, und schick ihn dann:
nothing-to-refund = Es gibt keine Zahlung, die sich erstatten ließe. Das geht bis { $days } Tage nach einer Zahlung.
refund-unknown = Eine solche Zahlung von dir kenne ich nicht. /refund zeigt die, die sich erstatten lassen.
refund-done-before = Die Sterne dieser Zahlung wurden schon erstattet.
refund-running = Ich erstatte diese Sterne gerade; du erfährst es, sobald Telegram geantwortet hat.
refund-too-late = Diese Zahlung ist mehr als { $days } Tage alt und lässt sich nicht mehr erstatten.
refund-too-poor = Die Erstattung würde { $needed } von deinem Guthaben nehmen, aber nur { $spendable } ist frei: Der Rest ist ausgegeben oder für laufende Antworten reserviert.
refund-begun = ⏳ Ich bitte Telegram, die Sterne zurückzugeben.
refund-given = ✅ { $stars } ⭐ sind wieder bei dir. Ich habe { $credit } von deinem Guthaben genommen; es ist jetzt **{ $balance }**.
refund-by-telegram = Telegram hat dir { $stars } ⭐ zurückgegeben. Ich habe { $credit } von deinem Guthaben genommen; es ist jetzt **{ $balance }**.
refund-refused = ⚠️ Telegram gibt die { $stars } ⭐ nicht zurück. Von deinem Guthaben wurde nichts genommen. /paysupport sagt, wen du fragen kannst.
pay-support = Fragen zu einer Zahlung: { $contact }. Bitte nenne die Transaktionsnummer; /refund zeigt deine Zahlungen.
    { "" }
    Zahlungen lassen sich innerhalb von { $days } Tagen erstatten, solange dein Guthaben dafür reicht. Der Support von Telegram selbst kann bei Käufen in diesem Bot nicht helfen.
pay-support-nobody = der Betreiber dieses Bots
terms = Du zahlst im Voraus mit Telegram-Sternen und bekommst ein Guthaben in US-Dollar, von dem ich genau das nehme, was die Modelle und Werkzeuge kosten, die ich für dich benutze.
    { "" }
    • /balance zeigt jede Buchung und wofür sie war.
    • Eine begonnene Antwort wird zu Ende geführt, auch wenn das Guthaben dadurch einmal unter null fällt.
    • Zahlungen lassen sich innerhalb von { $days } Tagen erstatten, solange das Guthaben dafür reicht.
    • Das Guthaben kann nicht ausgezahlt oder auf andere Konten übertragen werden.
    • Antworten kommen von einer KI und können falsch sein.
top-up-usage = `/topup <Nutzernummer oder @Name> <Betrag>`
    { "" }
    Der Betrag ist in US-Dollar, mit Minuszeichen, um ihn abzuziehen: höchstens neun Ziffern vor und neun nach dem Punkt, zum Beispiel 5 oder -0.25.
top-up-done = ✅ Nutzer { $user }: { $amount }. Guthaben vorher: { $before }, jetzt: **{ $after }**.
top-up-unknown = Diesen Nutzer habe ich nie gesehen. Wer ein Guthaben haben soll, muss mir erst schreiben.
top-up-ambiguous = Mehrere Nutzer wurden zuletzt mit diesem Namen gesehen: { $users }. Bitte nimm die Nummer.
top-up-too-much = Das Guthaben würde zu groß. Es wurde nichts geändert.
margin-is = Vom Wert eines Sterns ({ $star }) gehen { $k1 } an die Auszahlung (k1), { $k2 } an Themen (k2) und { $k3 } an dich (k3). k3 darf von 0 bis { $most } sein: /set_margin 0.1
margin-set = ✅ k3 ist jetzt { $k3 } (vorher { $before }). Das gilt für neue Rechnungen; verschickte halten, was sie versprechen. k1 ist { $k1 }, k2 ist { $k2 }.
wrong-margin = Der Anteil ist eine Zahl von 0 bis { $most } mit höchstens vier Ziffern nach dem Punkt, zum Beispiel 0.1. Es wurde nichts geändert.
operation-topic-name = Name für ein Thema, { $subject }
margin-changes = Letzte Änderungen:
margin-change = { $k3 } · von { $user } · { $time }
