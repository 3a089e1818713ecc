# Lo que los administradores ven de las cuentas y de todo el bot.
user-usage = `/user <número o @nombre>` muestra una cuenta.
    { "" }
    `/user <número o @nombre> ban <motivo>` la cierra: ya no se responde ni se vende nada. El motivo, hasta { $most } caracteres, solo lo ven los administradores.
    `/user <número o @nombre> unban` la abre otra vez.
user-title = 👤 Cuenta { $user } · { $name }
user-seen = Vista por primera vez { $first }, por última vez { $last }
user-model = Idioma: { $language } · modelo: { $model }
user-model-default = Idioma: { $language } · modelo: { $model } (predeterminado)
user-balance = Saldo: { $balance }, reservado: { $held }
user-spent = Gastado: { $day } en un día, { $week } en 7 días, { $month } en 30 días; pagó { $stars } ⭐ en 30 días
user-blocked = ⚠️ No acepta mensajes desde { $time }: me ha bloqueado o ha borrado la cuenta
user-opted-out = 🔕 No quiere anuncios
user-banned = ⛔ Cerrada desde { $time }
user-failures = Últimas respuestas fallidas:
user-bans = Cierres:
user-ban = cerrada por { $user }: { $reason }
user-unban = abierta por { $user }
user-unchanged = No se ha cambiado nada: la cuenta { $user } ya está así.
user-privileged = { $user } es administrador y su cuenta no se puede cerrar. El operador tendría que quitarlo antes de los administradores.
user-unknown = Nunca he visto esta cuenta.
user-language-unknown = desconocido
stats-title = 📊 Hoy (UTC) · 7 días · 30 días
stats-people = Activos: { $day } · { $week } · { $month }
stats-answers = Respuestas: { $day } · { $week } · { $month }
stats-revenue = Ingresos: { $day } · { $week } · { $month }
stats-costs = Costes: { $day } · { $week } · { $month }
stats-margin = Beneficio: { $day } · { $week } · { $month }
stats-explained = El beneficio es lo que queda de las estrellas después de retirarlas (k1 = { $k1 }), menos los costes de modelos y servicios.
stats-too-slow = La base de datos tarda demasiado con estas cifras. Inténtalo más tarde.
