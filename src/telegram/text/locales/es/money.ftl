# Todo sobre el dinero. Los importes llegan con su signo y su moneda.
pay = **Recarga tu saldo**
    { "" }
    Elige un paquete. Pagas con estrellas de Telegram; el importe del botón es lo que añado a tu saldo.
package-button = Paquete { $package }: { $stars } ⭐ → { $credit }
custom-button = Otra cantidad
ask-amount = ¿Cuántas estrellas quieres? Responde a este mensaje con un número entero de 1 a { $most }, o envía /cancel.
wrong-amount = Esa cantidad no es válida. Responde con un número entero de 1 a { $most }, o envía /cancel.
cancelled = Cancelado.
nothing-to-cancel = No hay nada que cancelar. /stop detiene una respuesta en curso.
invoice-title = Saldo
invoice-description = Añade { $credit } a tu saldo por { $stars } ⭐. Recibirás un número de transacción con el que puedes recuperar las estrellas durante { $days } días.
checkout-unknown = Esta factura no es válida. Crea una nueva con /pay.
checkout-not-yours = Esta factura es de otra persona. Crea la tuya con /pay.
checkout-expired = Esta factura es demasiado antigua. Crea una nueva con /pay.
checkout-paid = Esta factura ya está pagada. Crea una nueva con /pay.
checkout-banned = Los pagos están cerrados para esta cuenta.
checkout-later = No he podido comprobar la factura a tiempo. No se ha pagado nada; inténtalo de nuevo dentro de un minuto.
receipt = ✅ He recibido { $stars } ⭐ y he añadido { $credit }. Tu saldo es ahora **{ $balance }**.
    { "" }
    Transacción: `{ $charge }`
    Durante { $days } días puedes recuperar las estrellas: `/refund { $charge }`
balance = Tu saldo: **{ $balance }**
balance-held = Reservado para respuestas en curso, grabaciones o devoluciones: { $held }; libre: { $free }
balance-latest = Últimos movimientos (UTC):
balance-earlier = Movimientos anteriores (UTC):
balance-older = Más antiguos ▶️
balance-newer = ◀️ Más recientes
operation-starter = regalo de bienvenida
operation-opening = saldo anterior
operation-usage = { $subject }
paid-web-search = búsqueda web
paid-generate-image = imagen
paid-execute-python = código Python
paid-self-critique = revisión
paid-analyze-image = imagen vista
paid-analyze-pdf = PDF leído
paid-transcribe-audio = grabación
operation-return = { $subject }, devuelto: la respuesta no llegó
operation-payment = pago de { $subject } ⭐
operation-refund = devolución de { $subject } ⭐
operation-transcription = grabación a texto, { $subject }
operation-adjustment = corrección del operador
operation-estimated = {", estimado"}
refundable = Estos pagos se pueden devolver durante { $days } días, mientras tu saldo los cubra. Toca un comando para copiarlo y envíalo:
nothing-to-refund = No hay ningún pago que se pueda devolver. Es posible durante { $days } días después de un pago.
refund-unknown = No conozco ese pago tuyo. /refund muestra los que se pueden devolver.
refund-done-before = Las estrellas de este pago ya se devolvieron.
refund-running = Ya estoy devolviendo estas estrellas; te avisaré en cuanto Telegram responda.
refund-too-late = Este pago tiene más de { $days } días y ya no se puede devolver.
refund-too-poor = Devolverlo descontaría { $needed } de tu saldo, pero solo { $spendable } está libre: el resto se ha gastado o está reservado para respuestas en curso.
refund-begun = ⏳ Estoy pidiendo a Telegram que devuelva las estrellas.
refund-given = ✅ { $stars } ⭐ han vuelto a tu cuenta. He descontado { $credit } de tu saldo, que es ahora **{ $balance }**.
refund-by-telegram = Telegram te ha devuelto { $stars } ⭐. He descontado { $credit } de tu saldo, que es ahora **{ $balance }**.
refund-refused = ⚠️ Telegram no devuelve las { $stars } ⭐. No se ha descontado nada de tu saldo. /paysupport explica a quién puedes preguntar.
pay-support = Preguntas sobre un pago: { $contact }. Indica el número de transacción; /refund muestra tus pagos.
    { "" }
    Los pagos se pueden devolver durante { $days } días mientras tu saldo los cubra. El soporte de Telegram no puede ayudar con compras en este bot.
pay-support-nobody = el operador de este bot
terms = Pagas por adelantado con estrellas de Telegram y recibes un saldo en dólares estadounidenses, del que descuento exactamente lo que cuestan los modelos y las herramientas que uso para ti.
    { "" }
    • /balance muestra cada movimiento y a qué corresponde.
    • Una respuesta empezada se termina, aunque el saldo quede por debajo de cero.
    • Los pagos se pueden devolver durante { $days } días mientras el saldo los cubra.
    • El saldo no se puede cobrar en dinero ni pasar a otras cuentas.
    • Las respuestas son de una IA y pueden contener errores.
top-up-usage = `/topup <número de usuario o @nombre> <importe>`
    { "" }
    El importe va en dólares estadounidenses, con signo menos para descontarlo: como máximo nueve cifras antes y nueve después del punto, por ejemplo 5 o -0.25.
top-up-done = ✅ Usuario { $user }: { $amount }. Saldo anterior: { $before }, ahora: **{ $after }**.
top-up-unknown = Nunca he visto a este usuario. Para tener saldo, antes tiene que escribirme.
top-up-ambiguous = Varios usuarios se vieron por última vez con este nombre: { $users }. Usa el número.
top-up-too-much = El saldo sería demasiado grande. No se ha cambiado nada.
margin-is = De lo que vale una estrella ({ $star }), { $k1 } va a la retirada (k1), { $k2 } a los temas (k2) y { $k3 } a ti (k3). k3 puede ir de 0 a { $most }: /set_margin 0.1
margin-set = ✅ k3 es ahora { $k3 } (antes { $before }). Vale para facturas nuevas; las enviadas cumplen lo que prometen. k1 es { $k1 }, k2 es { $k2 }.
wrong-margin = El margen es un número de 0 a { $most } con cuatro cifras como máximo después del punto, por ejemplo 0.1. No se ha cambiado nada.
operation-topic-name = nombre de un tema, { $subject }
margin-changes = Últimos cambios:
margin-change = { $k3 } · por { $user } · { $time }
