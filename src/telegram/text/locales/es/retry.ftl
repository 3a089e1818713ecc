# Preguntas que se hacen otra vez.
try-again-button = 🔄 Intentar de nuevo
answer-again-button = 🔄 Responder de nuevo
question-changed = ✏️ Has cambiado tu pregunta. ¿Quieres que la responda de nuevo?
question-answered-again = ✏️ Has cambiado tu pregunta. La respondo de nuevo.
retry-no-question = Aquí no hay ninguna pregunta que pueda responder otra vez. Escríbeme una, por favor.
retry-running = Todavía estoy respondiendo. /stop termina la respuesta; después, /retry repite la pregunta.
retry-used = Esta pregunta ya se repitió.
retry-old = Este botón pertenece a una pregunta anterior o a otra persona. /retry repite tu última pregunta.
retry-not-yours = Solo quien preguntó puede pedir que lo responda de nuevo.
