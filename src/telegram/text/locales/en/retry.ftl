# Questions that are asked again.
try-again-button = 🔄 Try again
answer-again-button = 🔄 Answer again
question-changed = ✏️ You have changed your question. Shall I answer it again?
question-answered-again = ✏️ You have changed your question. I answer it again.
retry-no-question = There is no question here that I could answer again. Please write one.
retry-running = I am still answering. /stop ends that; then /retry asks again.
retry-used = This question was asked again already.
retry-old = This button belongs to an earlier question or to somebody else. /retry repeats your last question.
retry-not-yours = Only the person who asked can have this answered again.
