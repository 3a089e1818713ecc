# Was Administratoren von Konten und vom ganzen Bot sehen.
user-usage = `/user <Nummer oder @Name>` zeigt ein Konto.
    { "" }
    `/user <Nummer oder @Name> ban <Grund>` sperrt es: Es wird nichts mehr beantwortet und nichts mehr verkauft. Den Grund, bis zu { $most } Zeichen, sehen nur Administratoren.
    `/user <Nummer oder @Name> unban` öffnet es wieder.
user-title = 👤 Konto { $user } · { $name }
user-seen = Zuerst gesehen { $first }, zuletzt { $last }
user-model = Sprache: { $language } · Modell: { $model }
user-model-default = Sprache: { $language } · Modell: { $model } (Standard)
user-balance = Guthaben: { $balance }, reserviert: { $held }
user-spent = Ausgegeben: { $day } am Tag, { $week } in 7 Tagen, { $month } in 30 Tagen; { $stars } ⭐ in 30 Tagen gezahlt
user-blocked = ⚠️ Nimmt seit { $time } keine Nachrichten an: hat mich blockiert oder das Konto gelöscht
user-opted-out = 🔕 Will keine Ankündigungen
user-banned = ⛔ Gesperrt seit { $time }
user-failures = Die letzten misslungenen Antworten:
user-bans = Sperren:
user-ban = gesperrt von { $user }: { $reason }
user-unban = geöffnet von { $user }
user-unchanged = Nichts wurde geändert: Das Konto { $user } ist schon in diesem Zustand.
user-privileged = { $user } ist Administrator und kann nicht gesperrt werden. Der Betreiber müsste ihn erst aus den Administratoren nehmen.
user-unknown = Dieses Konto habe ich nie gesehen.
user-language-unknown = unbekannt
stats-title = 📊 Heute (UTC) · 7 Tage · 30 Tage
stats-people = Aktiv: { $day } · { $week } · { $month }
stats-answers = Antworten: { $day } · { $week } · { $month }
stats-revenue = Einnahmen: { $day } · { $week } · { $month }
stats-costs = Kosten: { $day } · { $week } · { $month }
stats-margin = Gewinn: { $day } · { $week } · { $month }
stats-explained = Der Gewinn ist, was von den Sternen nach der Auszahlung bleibt (k1 = { $k1 }), abzüglich der Kosten für Modelle und Dienste.
stats-too-slow = Die Datenbank braucht zu lange für diese Zahlen. Versuch es bitte später noch einmal.
