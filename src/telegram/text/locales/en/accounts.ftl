# What administrators see of accounts and of the whole bot.
user-usage = `/user <user id or @name>` shows an account.
    { "" }
    `/user <user id or @name> ban <reason>` closes it: nothing is answered and nothing is sold any more. The reason, up to { $most } characters, is for administrators only.
    `/user <user id or @name> unban` opens it again.
user-title = 👤 { $user } · { $name }
user-seen = First seen { $first }, last seen { $last }
user-model = Language: { $language } · model: { $model }
user-model-default = Language: { $language } · model: { $model } (default)
user-balance = Balance: { $balance }, reserved: { $held }
user-spent = Spent: { $day } in a day, { $week } in 7 days, { $month } in 30 days; paid { $stars } ⭐ in 30 days
user-blocked = ⚠️ Takes no messages since { $time }: has blocked me or deleted the account
user-opted-out = 🔕 Takes no announcements
user-banned = ⛔ Banned since { $time }
user-failures = Latest answers that failed:
user-bans = Bans:
user-ban = banned by { $user }: { $reason }
user-unban = unbanned by { $user }
user-unchanged = Nothing was changed: the account of { $user } is in that state already.
user-privileged = { $user } is an administrator and cannot be banned. The operator would have to remove them from the administrators first.
user-unknown = I have never seen this user.
user-language-unknown = unknown
stats-title = 📊 Today (UTC) · 7 days · 30 days
stats-people = Active: { $day } · { $week } · { $month }
stats-answers = Answers: { $day } · { $week } · { $month }
stats-revenue = Revenue: { $day } · { $week } · { $month }
stats-costs = Costs: { $day } · { $week } · { $month }
stats-margin = Profit: { $day } · { $week } · { $month }
stats-explained = The profit is what is left of the Stars after withdrawal (k1 = { $k1 }), minus the costs of models and services.
stats-too-slow = The database takes too long for these figures. Please try again later.
