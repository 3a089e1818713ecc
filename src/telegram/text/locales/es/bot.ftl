# Todo lo que el bot dice en su propio nombre.
welcome = ¡Hola, { $name }! Soy un asistente de IA. Escríbeme sobre lo que quieras: respondo aquí, recuerdo nuestra conversación y muestro la respuesta mientras la escribo.
    { "" }
    Puedes escribir algo nuevo en cualquier momento, también mientras respondo. /stop detiene una respuesta, /help explica más.
welcome-back = ¡Hola de nuevo, { $name }! Seguimos donde lo dejamos. ¿Qué hacemos ahora?
help = Escríbeme como a una persona. Varios mensajes seguidos cuentan como uno solo.
    { "" }
    • Un mensaje nuevo mientras respondo detiene esa respuesta; lo que ya he dicho se conserva.
    • Envíame fotos, PDF, documentos de oficina y archivos de texto, con la pregunta debajo o después. Los mensajes de voz cuentan como los escritos.
    • Edita un mensaje y a partir de entonces leeré la nueva versión.
    • En un grupo respondo cuando me mencionas o me respondes.
nothing-to-stop = Ahora no hay nada que detener.
cut-stopped = ⏹ Detenido.
cut-superseded = ⏹ Interrumpido por tu siguiente mensaje.
cut-shutdown = ⏹ Interrumpido: me están reiniciando. Escribe «sigue» dentro de un momento.
cut-crashed = ⚠️ Me han reiniciado en medio de esta respuesta. Escribe «sigue» y continúo.
truncated = ✂️ La respuesta ha llegado a su longitud máxima. Escribe «sigue» para leer el resto.
failed-overloaded = ⚠️ El modelo está saturado en este momento. Inténtalo de nuevo dentro de un minuto.
failed-unreachable = ⚠️ Se ha cortado la conexión con el modelo. Inténtalo de nuevo.
failed-rejected = ⚠️ El servicio del modelo no acepta mi petición. Tiene que revisarlo el operador de este bot; tu mensaje está guardado.
failed-too-long = ⚠️ Esta conversación es demasiado larga para el modelo. Envía un mensaje más corto.
failed-refused = ⚠️ El modelo no ha querido responder a esto. Prueba a decirlo de otra manera.
failed-empty = ⚠️ El modelo no ha respondido nada. Inténtalo otra vez o formula la pregunta de otra manera.
failed-internal = ⚠️ Algo ha fallado por mi parte. Tu mensaje está guardado; escribe otra vez.
out-of-funds = 💳 Se te ha acabado el saldo, así que me he detenido aquí. /pay lo recarga, /balance muestra en qué se ha gastado.
turn-limit = ⏸ Esta petición ha llegado a su límite de coste. ¿Sigo?
failed-no-funds = 💳 No te queda saldo. Tu mensaje está guardado: recarga con /pay y después pulsa «{ try-again-button }». /balance muestra en qué se ha gastado.
failed-banned = El operador de este bot ha cerrado tu cuenta. /paysupport explica cómo contactar con él.
failed-voice-off = 🎤 Aquí no puedo escuchar mensajes de voz. Escríbeme, o pide al operador de este bot que active los mensajes de voz. Tu mensaje está guardado.
failed-not-heard = ⚠️ No he podido convertir tu grabación en texto. Está guardada y no ha costado nada: envíala otra vez o escríbeme.
failed-nothing-said = 🔇 No he oído palabras en esta grabación. Grábala otra vez o escríbeme.
only-text = Esto no lo puedo leer. Leo texto, fotos, PDF, Word, Excel y PowerPoint, correos, archivos comprimidos (lo que contienen) y archivos de texto como notas, tablas CSV y código fuente. Con unas palabras debajo de un archivo sabré de qué se trata, aunque no pueda abrirlo.
file-too-large = Este archivo es demasiado grande para mí: los de este tipo los leo hasta { $most } MB. Envía uno más pequeño o solo la parte que importa.
file-empty = Este archivo está vacío. Revísalo y envíalo otra vez.
file-over-daily-limit = 📦 No lo he abierto: has llegado a tu límite de { $most } MB de archivos al día. Se renueva a las 00:00 UTC, en unas { $hours } h. Envía el archivo entonces, o copia ahora lo importante en un mensaje.
document-encrypted = Este archivo está protegido con contraseña y no puedo abrirlo. Guárdalo sin ella y envíalo otra vez.
document-broken = Este archivo está dañado o incompleto y no puedo abrirlo. Envíalo otra vez.
document-too-large = Descomprimido, este archivo es demasiado grande para mí. Envía la parte que importa.
document-unsupported = No puedo abrir archivos de este formato. Guárdalo como PDF, DOCX, XLSX o texto sin formato y envíalo otra vez.
picture-too-many-pixels = Esta imagen tiene demasiados píxeles para mí. Redúcela, o envíala como foto en vez de como archivo.
picture-broken = Esta imagen está dañada o incompleta y no puedo abrirla. Envíala otra vez.
picture-unsupported = No puedo abrir imágenes de este formato. Envíala como foto en vez de como archivo, o guárdala como JPEG o PNG.
file-not-fetched = ⚠️ No he podido descargar tu archivo. Envíalo otra vez.
answered-without-file = ⚠️ No he podido descargar tu archivo y he respondido sin él. Envíalo otra vez.
answered-without-replied-file = ⚠️ No he podido descargar el archivo del mensaje al que respondías y he respondido sin él. Envíamelo.
answered-over-daily-limit = 📦 He respondido sin algunos de los archivos: has llegado a tu límite de { $most } MB de archivos al día. Se renueva a las 00:00 UTC, en unas { $hours } h. Envíalos otra vez entonces.
answered-without-recording = ⚠️ No he podido convertir una grabación en texto y he respondido sin ella; no ha costado nada. Envíala otra vez.
files-refused = ⚠️ Telegram no ha aceptado esto: { $name }. Pídeme que lo envíe en otro formato.
stop-button = ⏹ Detener
go-on-button = ▶️ Seguir
go-on-words = Sigue.
not-yours-to-stop = Esta respuesta ha terminado o es de otra persona.
not-your-button = Este botón es para otra persona.
old-button = Este botón ha caducado. Envía el comando otra vez.
tool-running = 🔧 { $name }…
tool-cost-estimator = calculando el coste
tool-self-critique = revisando la respuesta
tool-list-files = mirando los archivos
tool-deliver-file = enviando archivos
tool-preview-file = leyendo el archivo
tool-transcribe-audio = escuchando la grabación
tool-analyze-image = mirando la imagen
tool-analyze-pdf = leyendo el PDF
tool-render-latex = dibujando la fórmula
tool-generate-image = dibujando una imagen
tool-web-search = buscando en la web
tool-web-search-for = buscando: { $name }
tool-web-fetch = leyendo una página web
tool-web-fetch-from = leyendo { $name }
sources = Fuentes
tool-execute-python = ejecutando Python
