# Что администраторы видят об учётных записях и обо всём боте.
user-usage = `/user <номер пользователя или @имя>` показывает учётную запись.
    { "" }
    `/user <номер или @имя> ban <причина>` закрывает её: ответов и продаж больше нет. Причину, до { $most } знаков, видят только администраторы.
    `/user <номер или @имя> unban` открывает её снова.
user-title = 👤 Пользователь { $user } · { $name }
user-seen = Первый раз: { $first }, последний: { $last }
user-model = Язык: { $language } · модель: { $model }
user-model-default = Язык: { $language } · модель: { $model } (по умолчанию)
user-balance = Баланс: { $balance }, зарезервировано: { $held }
user-spent = Потрачено: { $day } за день, { $week } за 7 дней, { $month } за 30 дней; оплачено { $stars } ⭐ за 30 дней
user-blocked = ⚠️ Не принимает сообщений с { $time }: заблокировал меня или удалил учётную запись
user-opted-out = 🔕 Без объявлений
user-banned = ⛔ Доступ закрыт с { $time }
user-failures = Последние неудачные ответы:
user-bans = Блокировки:
user-ban = доступ закрыл { $user }: { $reason }
user-unban = доступ открыл { $user }
user-unchanged = Ничего не изменено: учётная запись { $user } уже в этом состоянии.
user-privileged = { $user } — администратор, его нельзя заблокировать. Сначала владелец должен убрать его из администраторов.
user-unknown = Такого пользователя я не видел.
user-language-unknown = неизвестен
stats-title = 📊 Сегодня (UTC) · 7 дней · 30 дней
stats-people = Активные: { $day } · { $week } · { $month }
stats-answers = Ответы: { $day } · { $week } · { $month }
stats-revenue = Выручка: { $day } · { $week } · { $month }
stats-costs = Расходы: { $day } · { $week } · { $month }
stats-margin = Прибыль: { $day } · { $week } · { $month }
stats-explained = Прибыль — то, что остаётся от звёзд после вывода (k1 = { $k1 }), минус расходы на модели и сервисы.
stats-too-slow = Базе данных нужно слишком много времени для этих цифр. Попробуйте позже.
