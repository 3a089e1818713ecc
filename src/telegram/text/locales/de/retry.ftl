# Fragen, die noch einmal gestellt werden.
try-again-button = 🔄 Noch einmal versuchen
answer-again-button = 🔄 Neu beantworten
question-changed = ✏️ Du hast deine Frage geändert. Soll ich sie neu beantworten?
question-answered-again = ✏️ Du hast deine Frage geändert. Ich beantworte sie noch einmal.
retry-no-question = Hier gibt es keine Frage, die ich noch einmal beantworten könnte. Schreib mir bitte eine.
retry-running = Ich antworte noch. /stop beendet das; danach stellt /retry die Frage noch einmal.
retry-used = Diese Frage wurde schon noch einmal gestellt.
retry-old = Dieser Knopf gehört zu einer früheren Frage oder zu jemand anderem. /retry wiederholt deine letzte Frage.
retry-not-yours = Nur wer gefragt hat, kann das noch einmal beantworten lassen.
