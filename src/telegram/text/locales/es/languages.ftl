# El idioma del bot.
language-chosen = Te hablo en español porque así lo elegiste. Respondo en el idioma en que preguntas.
language-of-app = Te hablo en español, como tu Telegram. Respondo en el idioma en que preguntas.
language-as-in-app = Como en Telegram
language-set = A partir de ahora te hablo en español.
language-set-to-app = A partir de ahora te hablo en el idioma de tu Telegram.
language-unknown = No hablo «{ $typed }». Elige uno de estos:
