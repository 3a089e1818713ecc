# Язык бота.
language-chosen = Я говорю с вами по-русски, потому что вы так выбрали. Отвечаю на языке вопроса.
language-of-app = Я говорю с вами по-русски, исходя из языка вашего Telegram. Отвечаю на языке вопроса.
language-as-in-app = Как в Telegram
language-set = Теперь я говорю с вами по-русски.
language-set-to-app = Теперь я говорю на языке вашего Telegram.
language-unknown = На языке «{ $typed }» я не говорю. Выберите один из этих:
