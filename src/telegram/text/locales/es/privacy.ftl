# Datos sobre las personas: qué se guarda, en un archivo, y cómo se borra.
privacy = **Qué guardo sobre ti**
    { "" }
    - Tu nombre, tu usuario y tu idioma, como los da Telegram, y lo que has elegido aquí
    - Nuestras conversaciones, con transcripciones y los nombres de tus archivos: { $days ->
        [one] { $days } día
       *[other] { $days } días
    }
    - Los mensajes como los entregó Telegram: 7 días; los míos para ti: 30 días
    - Tu saldo, los pagos y lo que costó cada respuesta: para siempre, porque es la contabilidad. No contiene tus palabras.
    { "" }
    Para responderte, paso tus mensajes y archivos al proveedor del modelo. Las copias de archivos que hay allí se borran junto con la conversación.
    { "" }
    /export te envía una conversación en un archivo. Aquí puedes recibirlo todo o hacer que se borre.
privacy-everything-button = 📦 Envíamelo todo
privacy-erase-button = 🗑 Borrarlo todo …
export-begun = Lo estoy reuniendo todo. El archivo llega aquí en un momento.
export-running = Tu archivo ya se está preparando.
export-too-soon = { $minutes ->
        [one] Puedes recibirlo todo una vez por hora; la próxima, dentro de 1 minuto.
       *[other] Puedes recibirlo todo una vez por hora; la próxima, dentro de { $minutes } minutos.
    }
export-made = Todo lo que guardo sobre ti: las conversaciones para leer y todas las filas de la base de datos en JSON.
export-failed = No se pudo preparar el archivo. Inténtalo más tarde con /privacy o /export.
conversation-running = Esta conversación ya se está escribiendo en un archivo.
conversation-too-soon = { $seconds ->
        [one] Acabas de recibir esta conversación. Puedo enviarla otra vez dentro de 1 segundo.
       *[other] Acabas de recibir esta conversación. Puedo enviarla otra vez dentro de { $seconds } segundos.
    }
conversation-empty = No hay nada que exportar: esta conversación está vacía.
conversation-made = Nuestra conversación en un archivo.
erasure-offer = **¿Borrarlo todo?**
    { "" }
    Detengo lo que estoy respondiendo y borro nuestras conversaciones aquí y en los grupos, tus archivos, lo que has elegido y tu nombre. Nadie puede deshacerlo.
    { "" }
    Tu saldo de { $balance } se queda, igual que las cifras de pagos y respuestas, sin palabras ni nombres. Los mensajes que ves en Telegram siguen ahí hasta que tú los borres.
    { "" }
    Tienes 10 minutos para decidir.
erasure-confirm-button = Sí, borrarlo todo
erasure-keep-button = No, conservarlo
erasure-begun = Lo estoy borrando todo y te aviso cuando termine. Por favor, no escribas hasta entonces.
erasure-dropped = No se ha borrado nada.
erasure-expired = Esa oferta ha caducado. /privacy empieza de nuevo.
erasure-running = Ya se está borrando todo.
erasure-cancelled = Lo has retirado. /privacy empieza de nuevo.
erasure-before = Eso ya se borró. /privacy empieza de nuevo.
erasure-done = Todo lo que guardaba sobre ti está borrado, salvo la contabilidad. Tu saldo de { $balance } sigue ahí. Ya no recibes anuncios; /settings los vuelve a activar.
    { "" }
    Escríbeme cuando quieras: empezamos de nuevo.
file-heading = Conversación
file-heading-in = Conversación en { $name }
file-topic = tema { $number }
file-made = Hecho el { $time }. Mensajes: { $count }.
file-older-left-out = Faltan los mensajes más antiguos, porque el archivo sería demasiado grande.
file-only-yours = Esta conversación es de varios. Aquí están tus preguntas y las respuestas a ellas.
file-files-by-name = De los archivos solo está aquí el nombre. Los archivos están en el chat.
file-you = Tú
file-edited = editado
file-cut = interrumpido
file-forwarded = Reenviado de { $name }
file-reply = Respuesta a { $name }:
file-spoken = Dicho de viva voz:
file-not-sent = { $name } (no se pudo enviar)
about-export = Esto es todo lo que el bot guardaba sobre ti el { $time }.
    { "" }
    conversations: nuestras conversaciones, para leer. También está lo que olvidé con /clear y aún no se ha borrado. De las conversaciones comunes de un grupo, tus preguntas y las respuestas a ellas.
    files: los archivos que he hecho para ti y que aún tengo. Guardo cada uno solo hasta que lo tiene Telegram; después está en el chat. Lo que me has enviado no lo guardo, solo el nombre, las palabras de una grabación y el principio de un documento, que están en data. El archivo lo tiene Telegram, y el proveedor del modelo tiene una copia con la que trabajo y que no se puede descargar de allí.
    data: todas las filas sobre ti, un archivo por cada tabla de la base de datos, en JSON.
about-export-complete = No falta nada.
about-export-left-out = El archivo habría sido demasiado grande. Estas partes no están completas:
