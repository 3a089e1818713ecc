# Anuncios: para el administrador que los prepara, y debajo de cada copia.
announce-ask = 📣 Envíame el anuncio como tu próximo mensaje: texto, foto, vídeo, archivo, mensaje de voz, sticker, encuesta o cualquier otra cosa que se pueda copiar. Verás una vista previa antes de que salga nada. /cancel lo descarta.
announce-for = { $people ->
    [one] Es para { $people } persona.
    *[other] Es para { $people } personas.
}
announce-unknown = A estos nunca los he visto: { $names }
announce-ambiguous = Estos nombres son de varias personas, así que usa sus números: { $names }
announce-nobody-known = No conozco a nadie de los que has nombrado, así que no hay a quién anunciar nada. /announce sin nombres va a todos.
announce-album = Un álbum no se puede anunciar. Envía una sola foto, vídeo o archivo, o /cancel.
announce-not-copied = Telegram no me deja copiar este mensaje. Envía otro, o /cancel.
announce-gone = Ya no se espera ningún anuncio. Envía /announce otra vez.
announce-offer = { $people ->
    [one] ☝️ ¿Se lo envío a { $people } persona?
    *[other] ☝️ ¿Se lo envío a { $people } personas?
}
announce-left-out = Quedan fuera: { $list }.
announce-nobody-left = No hay nadie a quien enviárselo.
announce-opted-out = { $people } sin anuncios
announce-blocked = { $people } que me han bloqueado
announce-banned = { $people } con la cuenta cerrada
announce-send-button = { $people ->
    [one] 📣 Enviar a { $people } persona
    *[other] 📣 Enviar a { $people } personas
}
announce-cancel-button = Cancelar
announce-stop-button = ⏹ Detener
announce-cancelled = El anuncio está cancelado. No lo ha recibido nadie.
announce-before = Eso ya se decidió.
announce-busy = Se está enviando otro anuncio. Espera a que termine o detenlo con /announce.
announce-stopping = Se detiene; enseguida te llega el informe.
announce-running = 📣 Se está enviando un anuncio: { $done } de { $all }.
announce-progress = 📣 Enviando: { $done } de { $all }
announce-sent = ✅ El anuncio se ha enviado.
announce-stopped = ⏹ El anuncio se ha detenido.
announce-content-gone = ⚠️ El anuncio se ha detenido: se borró el mensaje con su contenido.
announce-result-sent = recibido: { $people }
announce-result-blocked = me han bloqueado o han borrado la cuenta: { $people }
announce-result-closed = sin chat privado conmigo: { $people }
announce-result-refused = no han podido recibirlo: { $people }
announce-result-unknown = quizá recibido: { $people } (Telegram no respondió, y nadie lo recibe dos veces)
announce-result-opted-out = no quieren anuncios: { $people }
announce-result-banned = cuenta cerrada: { $people }
announce-result-waiting = sin enviar al detenerlo: { $people }
announce-report = El resultado de cada persona
announcements-off-button = 🔕 No más anuncios
announcements-on-button = 🔔 Recibir anuncios otra vez
announcements-off = Ya no recibirás más anuncios.
announcements-on = Volverás a recibir anuncios.
