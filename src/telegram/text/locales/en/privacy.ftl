# Data about people: what is stored, as a file, and its erasure.
privacy = **What I keep about you**
    { "" }
    - Your name, username and language, as Telegram tells them, and what you have chosen here
    - Our conversations, with transcripts and the names of your files: { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
    - Messages as Telegram has delivered them: 7 days; mine to you: 30 days
    - Your balance, payments and what each answer has cost: for good, because these are the books. They contain no words of yours.
    { "" }
    To answer you, I pass your messages and files on to the provider of the model. The copies of files there are deleted together with the conversation.
    { "" }
    /export sends you one conversation as a file. Here you get everything, or have it erased.
privacy-everything-button = 📦 Send me everything
privacy-erase-button = 🗑 Erase everything …
export-begun = I am collecting everything. The file comes here in a moment.
export-running = Your file is being made already.
export-too-soon = { $minutes ->
        [one] You can have everything once an hour; the next one in 1 minute.
       *[other] You can have everything once an hour; the next one in { $minutes } minutes.
    }
export-made = Everything that I keep about you: the conversations to read, and all rows of the database as JSON.
export-failed = The file could not be made. Please try again later; /privacy and /export begin anew.
conversation-running = This conversation is being written into a file already.
conversation-too-soon = { $seconds ->
        [one] You have just got this conversation. I can send it again in 1 second.
       *[other] You have just got this conversation. I can send it again in { $seconds } seconds.
    }
conversation-empty = There is nothing to export: this conversation is empty.
conversation-made = Our conversation as a file.
erasure-offer = **Erase everything?**
    { "" }
    I stop what I am answering and erase our conversations here and in groups, your files, your choices and your name. Nobody can undo this.
    { "" }
    Your balance of { $balance } stays, and so do the figures of payments and answers, without words and names. Messages that you see in Telegram stay there until you delete them yourself.
    { "" }
    You have 10 minutes to decide.
erasure-confirm-button = Yes, erase everything
erasure-keep-button = No, keep it
erasure-begun = I am erasing everything and tell you when it is done. Please do not write until then.
erasure-dropped = Nothing was erased.
erasure-expired = That offer has expired. /privacy begins anew.
erasure-running = Everything is being erased already.
erasure-cancelled = You have taken that back. /privacy begins anew.
erasure-before = This was erased before. /privacy begins anew.
erasure-done = Everything about you is erased, except the books. Your balance of { $balance } has stayed. You get no announcements any more; /settings switches them on again.
    { "" }
    Write to me whenever you like: we begin anew.
file-heading = Conversation
file-heading-in = Conversation in { $name }
file-topic = topic { $number }
file-made = Made at { $time }. Messages: { $count }.
file-older-left-out = Older messages are left out, because the file would become too large.
file-only-yours = Others share this conversation. Here are your questions and the answers to them.
file-files-by-name = Files stand here by their names only. They themselves are in the chat.
file-you = You
file-edited = edited
file-cut = cut off
file-forwarded = Forwarded from { $name }
file-reply = Reply to { $name }:
file-spoken = Spoken:
file-not-sent = { $name } (could not be sent)
about-export = This is everything that the bot kept about you at { $time }.
    { "" }
    conversations: our conversations, to read. What you have cleared and is not deleted yet is in them. Of conversations that a group shares, your questions and the answers to them.
    files: files that I have made for you and still have. I keep one only until Telegram has it; then it is in the chat. What you have sent me I do not keep, only its name, the words of a recording and the beginning of a document, which are in data. Telegram has the file, and the provider of the model has a copy for me to work with, which cannot be fetched from there.
    data: all rows about you, one file for each table of the database, as JSON.
about-export-complete = Nothing is left out.
about-export-left-out = The file would have become too large. These parts are not complete:
