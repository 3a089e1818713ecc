# Die Sprache des Bots.
language-chosen = Ich spreche Deutsch mit dir, weil du es so gewählt hast. Ich antworte in der Sprache, in der du fragst.
language-of-app = Ich spreche Deutsch mit dir, weil dein Telegram auf Deutsch eingestellt ist. Ich antworte in der Sprache, in der du fragst.
language-as-in-app = Wie in Telegram
language-set = Von jetzt an spreche ich Deutsch mit dir.
language-set-to-app = Ab jetzt richte ich mich nach der Sprache deiner Telegram-App.
language-unknown = „{ $typed }“ spreche ich nicht. Bitte wähle eine davon:
