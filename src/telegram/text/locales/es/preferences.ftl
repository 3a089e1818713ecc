# Lo que cada persona elige: modelos, ajustes, carácter.
models = **El modelo que te responde**
model-price = ≈ { $price } por una respuesta típica
model-window-thousands = lee hasta { $count } mil tokens a la vez
model-window-millions = { $count ->
    [one] lee hasta { $count } millón de tokens a la vez
    *[other] lee hasta { $count } millones de tokens a la vez
}
model-reads-files = imágenes, PDF y herramientas
model-thinks = piensa antes de responder
model-has-effort = esfuerzo ajustable
models-note = Una respuesta típica: 2000 tokens de conversación y pregunta, 500 de respuesta. Una respuesta en curso conserva su modelo; tu elección vale desde la siguiente.
model-chosen = Desde tu próximo mensaje responde { $name }.
model-retired = ℹ️ { $former } ya no se ofrece aquí. Desde ahora te responde { $name }; /model muestra los demás.
settings = **Ajustes**
settings-model = Modelo: { $name }, /model
settings-personality = Carácter: definido, /personality
settings-no-personality = Carácter: sin definir, /personality
settings-cost = Coste bajo cada respuesta: visible
settings-no-cost = Coste bajo cada respuesta: oculto
settings-thinking = Razonamiento: visible hasta que empieza la respuesta
settings-no-thinking = Razonamiento: oculto
settings-effort-auto = Esfuerzo: automático, según la pregunta
settings-effort-low = Esfuerzo: bajo, para respuestas rápidas y baratas
settings-effort-medium = Esfuerzo: medio
settings-effort-high = Esfuerzo: alto, para preguntas difíciles; cuesta más
settings-limit = Límite de una petición: { $limit }. Ahí me detengo y pregunto si sigo.
settings-no-limit = Límite de una petición: ninguno
settings-announcements = Anuncios: sí
settings-no-announcements = Anuncios: no
settings-note = Toca para cambiar. Se aplica a partir de tu próximo mensaje.
cost-button-show = Mostrar costes
cost-button-hide = Ocultar costes
thinking-button-show = Mostrar razonamiento
thinking-button-hide = Ocultar razonamiento
announcements-button-off = Sin anuncios
announcements-button-on = Recibir anuncios
effort-button-auto = Esfuerzo: automático
effort-button-low = bajo
effort-button-medium = medio
effort-button-high = alto
limit-button-usual = Límite: { $limit } (predeterminado)
limit-button-none = Sin límite (predeterminado)
answer-cost = ≈ { $cost }
card-not-yours = Esta tarjeta es de otra persona. Envía { $name } para abrir la tuya.
personality = **Cómo quieres que sea contigo**
    { "" }
    Elige una opción o dímelo con tus palabras: el tono, un papel, lo que debo saber de ti. Se aplica en todas nuestras conversaciones a partir de tu próximo mensaje. También lo sigo en los grupos, pero nadie más lo ve.
personality-none = Aún no has definido nada.
personality-now = Ahora:
personality-private = Cómo debo ser contigo es solo asunto tuyo. Envíame /personality en nuestro chat privado.
ask-personality = Escribe en un solo mensaje cómo debo ser contigo: de { $least } a { $most } caracteres. /cancel deja todo como está.
personality-too-short = Es demasiado corto: necesito al menos { $least } caracteres y este tiene { $count }. Escribe un poco más o envía /cancel.
personality-too-long = Es demasiado largo: tiene { $count } caracteres y puedo guardar { $most }. Acórtalo o envía /cancel.
personality-awaited = Espero tu texto. /cancel deja todo como está.
personality-write-button = ✏️ Con mis palabras
personality-clear-button = Quitar
preset-brief-button = ⚡ Breve
preset-brief = Sé breve. Responde en tres frases como máximo, sin introducción ni resumen, salvo que te pida más.
preset-teacher-button = 🎓 Profesor
preset-teacher = Sé un profesor paciente. Explica paso a paso, con palabras sencillas y un ejemplo. Al final haz una pregunta que muestre si lo he entendido.
preset-critic-button = 🔍 Crítico
preset-critic = Sé un crítico estricto. Busca errores, puntos débiles y afirmaciones sin prueba en lo que digo, señálalos con claridad y di qué sería mejor.
preset-friend-button = 😊 Amigo
preset-friend = Sé cálido y relajado, como un buen amigo. Usa palabras cotidianas, algo de humor y de vez en cuando un emoji.
