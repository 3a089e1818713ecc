# Die Sprache des Bots.
language-chosen = Ich spreche Deutsch mit dir, weil du es so gewählt hast. Antworten auf deine Fragen folgen der Sprache der Frage.
language-of-app = Ich spreche Deutsch mit dir, wie dein Telegram. Antworten auf deine Fragen folgen der Sprache der Frage.
language-as-in-app = Wie in Telegram
language-set = Von jetzt an spreche ich Deutsch mit dir.
language-set-to-app = Von jetzt an spreche ich die Sprache deines Telegram.
language-unknown = „{ $typed }“ spreche ich nicht. Bitte wähle eine davon:
