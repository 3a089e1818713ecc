# Alles, was der Bot in eigenem Namen sagt.
welcome = Hallo { $name }! Ich bin ein KI-Assistent. Schreib mir, worüber du willst: Ich antworte hier, merke mir unser Gespräch und zeige meine Antwort, während ich sie schreibe.
    { "" }
    Schreib jederzeit etwas Neues, auch während ich antworte. /stop beendet eine Antwort, /help erklärt mehr.
welcome-back = Willkommen zurück, { $name }! Wir machen da weiter, wo wir aufgehört haben. Was steht an?
help = Schreib mir wie einem Menschen. Mehrere Nachrichten hintereinander zählen als eine.
    { "" }
    • Eine neue Nachricht während meiner Antwort beendet diese; was ich schon gesagt habe, bleibt stehen.
    • Schick mir Fotos, PDFs, Office-Dokumente und Textdateien, mit einer Frage darunter oder danach. Sprachnachrichten zählen wie geschriebene.
    • Bearbeite eine Nachricht, und ich lese von da an die neue Fassung.
    • In einer Gruppe antworte ich, wenn du mich erwähnst oder mir antwortest.
nothing-to-stop = Gerade läuft nichts, was sich stoppen ließe.
cut-stopped = ⏹ Gestoppt.
cut-superseded = ⏹ Von deiner nächsten Nachricht unterbrochen.
cut-shutdown = ⏹ Abgebrochen: Ich werde gerade neu gestartet. Schreib gleich „weiter“.
cut-crashed = ⚠️ Ich wurde mitten in dieser Antwort neu gestartet. Schreib „weiter“, dann mache ich weiter.
truncated = ✂️ Die Antwort hat ihre größte Länge erreicht. Schreib „weiter“ für den Rest.
failed-overloaded = ⚠️ Das Modell ist im Moment überlastet. Bitte versuch es in einer Minute noch einmal.
failed-unreachable = ⚠️ Die Verbindung zum Modell ist abgerissen. Bitte versuch es noch einmal.
failed-rejected = ⚠️ Der Dienst des Modells nimmt meine Anfrage nicht an. Darum muss sich der Betreiber dieses Bots kümmern; deine Nachricht ist gespeichert.
failed-too-long = ⚠️ Dieses Gespräch ist zu lang für das Modell. Bitte schick eine kürzere Nachricht.
failed-refused = ⚠️ Das Modell wollte darauf nicht antworten. Bitte formuliere es anders.
failed-empty = ⚠️ Das Modell hat nichts geantwortet. Versuch es noch einmal, oder stell die Frage anders.
failed-internal = ⚠️ Bei mir ist etwas schiefgegangen. Deine Nachricht ist gespeichert; bitte schreib noch einmal.
out-of-funds = 💳 Dein Guthaben ist aufgebraucht, darum habe ich hier aufgehört. /pay lädt es auf, /balance zeigt, wofür es ausgegeben wurde.
turn-limit = ⏸ Diese Anfrage hat ihr Kostenlimit erreicht. Soll ich weitermachen?
failed-no-funds = 💳 Dein Guthaben ist aufgebraucht. Deine Nachricht ist gespeichert: Lade es mit /pay auf und tippe dann auf „{ try-again-button }“. /balance zeigt, wofür es ausgegeben wurde.
failed-banned = Der Betreiber dieses Bots hat dein Konto gesperrt. /paysupport sagt, wie du ihn erreichst.
failed-voice-off = 🎤 Sprachnachrichten kann ich hier nicht anhören. Bitte schreib mir, oder bitte den Betreiber dieses Bots, Sprachnachrichten einzuschalten. Deine Nachricht ist gespeichert.
failed-not-heard = ⚠️ Ich konnte aus deiner Aufnahme keinen Text machen. Sie ist gespeichert und hat nichts gekostet: Bitte schick sie noch einmal oder schreib mir.
failed-nothing-said = 🔇 In dieser Aufnahme habe ich keine Worte gehört. Bitte nimm sie noch einmal auf oder schreib mir.
only-text = Das kann ich nicht lesen. Ich lese Text, Fotos, PDFs, Word, Excel und PowerPoint, E-Mails, Archive (was darin ist) und Textdateien wie Notizen, CSV-Tabellen und Quelltext. Mit ein paar Worten unter einer Datei weiß ich, worum es geht, auch wenn ich sie nicht öffnen kann.
file-too-large = Diese Datei ist zu groß für mich: Dateien dieser Art lese ich bis { $most } MB. Bitte schick eine kleinere oder nur den Teil, auf den es ankommt.
file-empty = Diese Datei ist leer. Bitte sieh nach und schick sie noch einmal.
file-over-daily-limit = 📦 Ich habe das nicht geöffnet: Du hast dein Tageslimit von { $most } MB für Dateien erreicht. Um 00:00 UTC beginnt es von vorn, in etwa { $hours } h. Bitte schick die Datei dann noch einmal, oder kopiere jetzt das Wichtige in eine Nachricht.
document-encrypted = Diese Datei ist mit einem Passwort geschützt, darum kann ich sie nicht öffnen. Bitte speichere sie ohne Passwort und schick sie noch einmal.
document-broken = Diese Datei ist beschädigt oder unvollständig, darum kann ich sie nicht öffnen. Bitte schick sie noch einmal.
document-too-large = Entpackt ist diese Datei zu groß für mich. Bitte schick den Teil, auf den es ankommt.
document-unsupported = Dateien dieses Formats kann ich nicht öffnen. Bitte speichere sie als PDF, DOCX, XLSX oder reinen Text und schick sie noch einmal.
picture-too-many-pixels = Dieses Bild hat zu viele Pixel für mich. Bitte verkleinere es, oder schick es als Foto statt als Datei.
picture-broken = Dieses Bild ist beschädigt oder unvollständig, darum kann ich es nicht öffnen. Bitte schick es noch einmal.
picture-unsupported = Bilder dieses Formats kann ich nicht öffnen. Bitte schick es als Foto statt als Datei, oder speichere es als JPEG oder PNG.
file-not-fetched = ⚠️ Ich konnte deine Datei nicht abrufen. Bitte schick sie noch einmal.
answered-without-file = ⚠️ Ich konnte deine Datei nicht abrufen und habe ohne sie geantwortet. Bitte schick sie noch einmal.
answered-without-replied-file = ⚠️ Ich konnte die Datei der Nachricht, auf die du geantwortet hast, nicht abrufen und habe ohne sie geantwortet. Bitte schick sie mir.
answered-over-daily-limit = 📦 Ich habe ohne einige der Dateien geantwortet: Du hast dein Tageslimit von { $most } MB für Dateien erreicht. Um 00:00 UTC beginnt es von vorn, in etwa { $hours } h. Bitte schick sie dann noch einmal.
answered-without-recording = ⚠️ Ich konnte aus einer Aufnahme keinen Text machen und habe ohne sie geantwortet; sie hat nichts gekostet. Bitte schick sie noch einmal.
files-refused = ⚠️ Telegram hat das nicht angenommen: { $name }. Bitte mich, es in einem anderen Format zu schicken.
stop-button = ⏹ Stopp
go-on-button = ▶️ Weiter
go-on-words = Mach weiter.
not-yours-to-stop = Diese Antwort ist zu Ende, oder sie gehört jemand anderem.
not-your-button = Dieser Knopf ist für jemand anderen.
old-button = Dieser Knopf ist veraltet. Bitte schick den Befehl noch einmal.
tool-running = 🔧 { $name } …
tool-cost-estimator = schätze die Kosten
tool-self-critique = prüfe die Antwort
tool-list-files = sehe die Dateien durch
tool-deliver-file = verschicke Dateien
tool-preview-file = lese die Datei
tool-transcribe-audio = höre die Aufnahme an
tool-analyze-image = sehe das Bild an
tool-analyze-pdf = lese das PDF
tool-render-latex = zeichne die Formel
tool-generate-image = male ein Bild
tool-web-search = suche im Web
tool-web-search-for = suche: { $name }
tool-web-fetch = lese eine Webseite
tool-web-fetch-from = lese { $name }
sources = Quellen
tool-execute-python = führe Python aus
