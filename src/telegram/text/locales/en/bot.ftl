# Everything that the bot says in its own name. Values may use Markdown; lines are joined as they stand.
welcome = Hello { $name }! I am an AI assistant. Write to me about anything: I answer here, remember our conversation and show my answer while I am writing it.
    { "" }
    Write something new at any time, also while I am answering. /stop ends an answer, /help tells more.
welcome-back = Welcome back, { $name }! Our conversation is where we left it. What shall we do next?
help = Write to me as you would to a person. Several messages in a row count as one.
    { "" }
    • A new message while I am answering ends that answer; what I have said so far stays.
    • Send photos, PDFs, office documents and text files, with a question in the caption or right after them. Voice messages count like written ones.
    • Edit a message and I will read the new version from then on.
    • In a group I answer when you mention me or reply to me.
nothing-to-stop = Nothing is running that could be stopped.
cut-stopped = ⏹ Stopped.
cut-superseded = ⏹ Interrupted by your next message.
cut-shutdown = ⏹ Cut off: I am being restarted. Write “go on” in a moment.
cut-crashed = ⚠️ I was restarted in the middle of this answer. Write “go on” and I will continue.
truncated = ✂️ The answer reached its length limit. Write “go on” for the rest.
failed-overloaded = ⚠️ The model has too much to do at the moment. Please try again in a minute.
failed-unreachable = ⚠️ The connection to the model failed. Please try again.
failed-rejected = ⚠️ The model service does not accept my request. The operator of this bot has to look at it; your message is kept.
failed-too-long = ⚠️ This conversation is too long for the model. Please send a shorter message.
failed-refused = ⚠️ The model declined to answer this. Please put it differently.
failed-empty = ⚠️ The model gave no answer. Try again, or put your question differently.
failed-internal = ⚠️ Something went wrong on my side. Your message is kept; please write again.
out-of-funds = 💳 Your balance is used up, so I stopped here. /pay tops it up, /balance shows what it was spent on.
turn-limit = ⏸ This request has reached its cost limit. Shall I go on?
failed-no-funds = 💳 You have nothing left to spend. Your message is kept: /pay tops up your balance, then press “{ try-again-button }”. /balance shows what it was spent on.
failed-banned = The operator of this bot has closed your account. /paysupport tells how to reach them.
failed-voice-off = 🎤 I cannot listen to voice messages here. Please write to me instead, or ask the operator of this bot to switch voice messages on. Your message is kept.
failed-not-heard = ⚠️ I could not turn your recording into text. It is kept and cost nothing: please send it again or write to me.
failed-nothing-said = 🔇 I heard no words in this recording. Please record it again or write to me.
only-text = I cannot read this. I read text, photos, PDFs, Word, Excel and PowerPoint files, e-mail, archives (what is in them), and text files such as notes, tables as CSV and source code. With a few words below a file I know what it is about, even if I cannot open it.
file-too-large = This file is too large for me: the most that I read of its kind is { $most } MB. Please send a smaller one, or only the part that matters.
file-empty = This file is empty. Please check it and send it again.
file-over-daily-limit = 📦 I did not open this: you have reached your limit of { $most } MB of files per day. It starts anew at 00:00 UTC, in about { $hours } h. Please send the file again then, or copy the important part into a message now.
document-encrypted = This file is protected with a password, so I cannot open it. Please save it without one and send it again.
document-broken = This file is damaged or incomplete, so I cannot open it. Please send it again.
document-too-large = Unpacked, this file is too large for me. Please send the part that matters.
document-unsupported = I cannot open a file of this format. Please save it as PDF, DOCX, XLSX or plain text and send it again.
picture-too-many-pixels = This picture has too many pixels for me. Please make it smaller, or send it as a photo instead of a file.
picture-broken = This picture is damaged or incomplete, so I cannot open it. Please send it again.
picture-unsupported = I cannot open a picture of this format. Please send it as a photo instead of a file, or save it as JPEG or PNG.
file-not-fetched = ⚠️ I could not fetch your file. Please send it again.
answered-without-file = ⚠️ I could not fetch your file and answered without it. Please send it again.
answered-without-replied-file = ⚠️ I could not fetch the file of the message that you replied to and answered without it. Please send it to me.
answered-over-daily-limit = 📦 I answered without some of the files: you have reached your limit of { $most } MB of files per day. It starts anew at 00:00 UTC, in about { $hours } h. Please send them again then.
answered-without-recording = ⚠️ I could not turn a recording into text and answered without it; it cost nothing. Please send it again.
files-refused = ⚠️ Telegram did not accept this: { $name }. Ask me to send it in another format.
stop-button = ⏹ Stop
go-on-button = ▶️ Go on
go-on-words = Go on.
not-yours-to-stop = This answer is over, or it belongs to somebody else.
not-your-button = This button is for somebody else.
old-button = This button has expired. Please send the command again.
tool-running = 🔧 { $name }…
tool-cost-estimator = estimating costs
tool-self-critique = checking the answer
tool-list-files = looking through the files
tool-deliver-file = sending files
tool-preview-file = reading the file
tool-transcribe-audio = listening to the recording
tool-analyze-image = looking at the picture
tool-analyze-pdf = reading the PDF
tool-render-latex = drawing the formula
tool-generate-image = drawing a picture
tool-web-search = searching the web
tool-web-search-for = searching: { $name }
tool-web-fetch = reading a web page
tool-web-fetch-from = reading { $name }
sources = Sources
tool-execute-python = running Python
