# Объявления: администратору, который их готовит, и под каждой копией.
announce-ask = 📣 Пришлите объявление следующим сообщением: текст, фото, видео, файл, голосовое сообщение, стикер, опрос или что угодно другое, что можно скопировать. До отправки вы увидите, как оно выглядит. /cancel отменяет.
announce-for = { $people ->
    [one] Оно для { $people } человека.
    *[other] Оно для { $people } человек.
}
announce-unknown = Их я никогда не видел: { $names }
announce-ambiguous = Эти имена принадлежат нескольким людям, укажите номера: { $names }
announce-nobody-known = Я не знаю никого из названных, поэтому объявлять некому. /announce без имён отправляет всем.
announce-album = Альбом объявить нельзя. Пришлите одно фото, видео или файл либо /cancel.
announce-not-copied = Telegram не даёт скопировать это сообщение. Пришлите другое или /cancel.
announce-gone = Объявления больше никто не ждёт. Отправьте /announce ещё раз.
announce-offer = { $people ->
    [one] ☝️ Отправить это { $people } человеку?
    *[other] ☝️ Отправить это { $people } людям?
}
announce-left-out = Не получат: { $list }.
announce-nobody-left = Отправлять некому.
announce-opted-out = отказались от объявлений: { $people }
announce-blocked = заблокировали меня: { $people }
announce-banned = доступ закрыт: { $people }
announce-send-button = { $people ->
    [one] 📣 Отправить { $people } человеку
    *[other] 📣 Отправить { $people } людям
}
announce-cancel-button = Отменить
announce-stop-button = ⏹ Остановить
announce-cancelled = Объявление отменено. Его никто не получил.
announce-before = Это уже решено.
announce-busy = Сейчас отправляется другое объявление. Дождитесь конца или остановите его командой /announce.
announce-stopping = Останавливаю; отчёт придёт через мгновение.
announce-running = 📣 Объявление отправляется: { $done } из { $all }.
announce-progress = 📣 Отправляю: { $done } из { $all }
announce-sent = ✅ Объявление отправлено.
announce-stopped = ⏹ Отправка остановлена.
announce-content-gone = ⚠️ Отправка остановлена: сообщение с его содержанием удалено.
announce-result-sent = получили: { $people }
announce-result-blocked = заблокировали меня или удалили учётную запись: { $people }
announce-result-closed = нет личного чата со мной: { $people }
announce-result-refused = не смогли получить: { $people }
announce-result-unknown = могли получить: { $people } (Telegram не ответил, а дважды никто не получает)
announce-result-opted-out = отказались от объявлений: { $people }
announce-result-banned = доступ закрыт: { $people }
announce-result-waiting = не дошла очередь до остановки: { $people }
announce-report = Результат по каждому человеку
announcements-off-button = 🔕 Не присылать объявления
announcements-on-button = 🔔 Снова присылать объявления
announcements-off = Объявлений больше не будет.
announcements-on = Объявления снова будут приходить.
