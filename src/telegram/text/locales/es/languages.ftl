# El idioma del bot.
language-chosen = Te hablo en español porque así lo elegiste. Las respuestas a tus preguntas siguen el idioma de la pregunta.
language-of-app = Te hablo en español, como tu Telegram. Las respuestas a tus preguntas siguen el idioma de la pregunta.
language-as-in-app = Como en Telegram
language-set = A partir de ahora te hablo en español.
language-set-to-app = A partir de ahora te hablo en el idioma de tu Telegram.
language-unknown = No hablo «{ $typed }». Elige uno de estos:
