# The language of the bot.
language-chosen = I speak English to you, because you chose it. I answer in the language of your question.
language-of-app = I speak English to you: your Telegram is set to it, or to a language that I do not speak. I answer in the language of your question.
language-as-in-app = As in Telegram
language-set = From now on I speak English to you.
language-set-to-app = From now on I speak the language of your Telegram.
language-unknown = I do not speak “{ $typed }”. Please choose one of these:
