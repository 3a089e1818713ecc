# Everything about money. Amounts arrive with their sign and currency.
pay = **Top up your balance**
    { "" }
    Choose a package. You pay with Telegram Stars; the amount on the button is what I add to your balance.
package-button = { $package }: { $stars } ⭐ → { $credit }
custom-button = Another amount
ask-amount = How many Stars shall it be? Reply to this message with a whole number from 1 to { $most }, or send /cancel.
wrong-amount = That is not an amount that I can sell. Please reply with a whole number from 1 to { $most }, or send /cancel.
cancelled = Cancelled.
nothing-to-cancel = There is nothing to cancel. /stop ends a running answer.
invoice-title = Balance
invoice-description = Adds { $credit } to your balance for { $stars } ⭐. You get a transaction id, with which you can get a refund within { $days } days.
checkout-unknown = This invoice is not valid. Please make a new one with /pay.
checkout-not-yours = This invoice was made for somebody else. Please make your own with /pay.
checkout-expired = This invoice is too old. Please make a new one with /pay.
checkout-paid = This invoice is paid already. Please make a new one with /pay.
checkout-banned = Payments are closed for this account.
checkout-later = I could not check the invoice in time. Nothing was paid; please try again in a minute.
receipt = ✅ Received { $stars } ⭐ and added { $credit }. Your balance is now **{ $balance }**.
    { "" }
    Transaction: `{ $charge }`
    You can have it refunded within { $days } days: `/refund { $charge }`
balance = Your balance: **{ $balance }**
balance-held = Reserved for running answers, recordings or refunds: { $held }; free: { $free }
balance-latest = Latest operations (UTC):
balance-earlier = Earlier operations (UTC):
balance-older = Older ▶️
balance-newer = ◀️ Newer
operation-starter = welcome gift
operation-opening = balance from before
operation-usage = { $subject }
paid-web-search = web search
paid-generate-image = picture
paid-execute-python = Python
paid-self-critique = check
paid-analyze-image = picture viewed
paid-analyze-pdf = PDF read
paid-transcribe-audio = recording
operation-return = { $subject }, refunded: the answer never arrived
operation-payment = paid { $subject } ⭐
operation-refund = refunded { $subject } ⭐
operation-transcription = recording to text, { $subject }
operation-topic-name = name for a topic, { $subject }
operation-adjustment = correction by the operator
operation-estimated = {", estimated"}
refundable = These payments can be refunded within { $days } days, as long as your balance covers them. Tap a command to copy it, then send it:
nothing-to-refund = There is no payment that could be refunded. That is possible for { $days } days after a payment.
refund-unknown = I know no such payment of yours. /refund lists those that can be refunded.
refund-done-before = The Stars of this payment were refunded already.
refund-running = I am refunding these Stars already; you will be told as soon as Telegram has answered.
refund-too-late = This payment is more than { $days } days old and can no longer be refunded.
refund-too-poor = A refund would take { $needed } from your balance, but only { $spendable } is free: the rest was spent or is reserved for running answers.
refund-begun = ⏳ I am asking Telegram to refund the Stars.
refund-given = ✅ Refunded { $stars } ⭐ and took { $credit } from your balance, which is now **{ $balance }**.
refund-by-telegram = Telegram has refunded { $stars } ⭐ to you. I took { $credit } from your balance, which is now **{ $balance }**.
refund-refused = ⚠️ Telegram does not refund the { $stars } ⭐. Nothing was taken from your balance. /paysupport tells whom you can ask.
pay-support = Questions about a payment: { $contact }. Please name the transaction id; /refund lists your payments.
    { "" }
    Payments can be refunded within { $days } days as long as your balance covers them. Telegram's own support cannot help with purchases in this bot.
pay-support-nobody = the operator of this bot
terms = You pay in advance with Telegram Stars and get a balance in US dollars, from which I take exactly what the models and tools that I use for you cost.
    { "" }
    • /balance shows every operation and what it was for.
    • An answer that has begun is finished, even if it takes the balance below zero once.
    • Payments can be refunded within { $days } days as long as the balance covers them.
    • The balance cannot be paid out in money or moved to other accounts.
    • Answers come from an AI and can be wrong.
top-up-usage = `/topup <user id or @name> <amount>`
    { "" }
    The amount is in US dollars, with a minus sign to take it away: at most nine digits before and nine behind the point, such as 5 or -0.25.
top-up-done = ✅ User { $user }: { $amount }. Balance before: { $before }, now: **{ $after }**.
top-up-unknown = I have never seen this user. Somebody must write to me before they can have a balance.
top-up-ambiguous = Several users were last seen with this name: { $users }. Please use the id.
top-up-too-much = The balance would become too large. Nothing was changed.
margin-is = Of what a Star is worth ({ $star }), { $k1 } goes to withdrawal (k1), { $k2 } to topics (k2) and { $k3 } to you (k3). k3 may be from 0 to { $most }: /set_margin 0.1
margin-set = ✅ k3 is now { $k3 } (it was { $before }). It counts for new invoices; those that were sent keep their promise. k1 is { $k1 }, k2 is { $k2 }.
margin-changes = Latest changes:
margin-change = { $k3 } · by { $user } · { $time }
wrong-margin = The margin is a number from 0 to { $most } with at most four digits behind the point, such as 0.1. Nothing was changed.
