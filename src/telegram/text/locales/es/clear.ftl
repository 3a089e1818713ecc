# Olvidar conversaciones y borrar temas.
forgotten = 🧹 He olvidado nuestra conversación aquí. Tu saldo sigue igual.
topics-offer = { $topics ->
    [1] Este chat tiene un tema en el que se habla conmigo. Se puede borrar con todo lo que contiene, para todos.
    *[other] Este chat tiene { $topics } temas en los que se habla conmigo. Se pueden borrar con todo lo que contienen, para todos.
}
topics-button = { $topics ->
    [1] Borrar el único tema
    *[other] Borrar los { $topics } temas
}
topics-used = Esto ya estaba confirmado; el resultado llega como mensaje.
topics-not-allowed = Solo pueden hacerlo los administradores de este chat con derecho a gestionar temas y borrar mensajes.
topics-later = Telegram no me dice ahora qué puedes hacer aquí. Inténtalo de nuevo dentro de un minuto.
topics-deleted = { $deleted ->
    [one] { $deleted } tema borrado.
    *[other] { $deleted } temas borrados.
}
topics-deleted-partly = { $deleted ->
    [one] { $deleted } tema borrado; no se han podido borrar: { $failed }.
    *[other] { $deleted } temas borrados; no se han podido borrar: { $failed }.
}
