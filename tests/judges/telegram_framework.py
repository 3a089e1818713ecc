"""An echo bot on aiogram, a bot framework that has nothing to do with this project, as a judge of the
emulated Telegram: whatever it parses and sends without complaint is a Bot API to somebody else, too.

Usage: python telegram_framework.py BASE_URL TOKEN

Needs aiogram 3 (`pip install "aiogram>=3.20,<4"`). Prints `ready` when it starts to poll. It echoes
messages with an inline button, echoes edits, answers button presses by editing the message, offers its
commands, sells something for Stars on `/buy`, gives the Stars back at once, and leaves when somebody
writes `/quit`. Exit codes: 0 left on demand, 1 something was wrong
(one line each), 2 wrong usage or no aiogram.
"""

import asyncio
import sys

try:
    from aiogram import Bot, Dispatcher, F, Router
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.filters import Command
    from aiogram.types import BotCommand, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
    from aiogram.types import ErrorEvent, LabeledPrice, PreCheckoutQuery, ReplyParameters
except ImportError as error:
    print(f"aiogram is missing: {error}")
    sys.exit(2)

router = Router()
complaints: list[str] = []


def keyboard(text: str) -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text="Again", callback_data=f"again:{text}"[:64])
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


@router.message(Command("quit"))
async def leave(message: Message, dispatcher: Dispatcher) -> None:
    await message.answer("bye")
    await dispatcher.stop_polling()


@router.message(Command("buy"))
async def sell(message: Message) -> None:
    prices = [LabeledPrice(label="Credit", amount=50)]
    shown = await message.answer_invoice(
        title="Credit", description="For answers", payload="offer-1", currency="XTR", prices=prices
    )
    if shown.invoice is None or shown.invoice.total_amount != 50:
        complaints.append(f"the invoice came back as {shown.invoice!r}")


@router.pre_checkout_query()
async def check(query: PreCheckoutQuery) -> None:
    good = (query.currency, query.total_amount, query.invoice_payload) == ("XTR", 50, "offer-1")
    await query.answer(ok=good, error_message=None if good else "This is not my invoice")


@router.message(F.successful_payment)
async def give_back(message: Message, bot: Bot) -> None:
    charge = message.successful_payment.telegram_payment_charge_id
    balance = await bot.get_my_star_balance()
    if balance.amount != 50:
        complaints.append(f"the balance is {balance.amount} after a payment of 50")
    await message.answer(f"paid: {charge}")
    await bot.refund_star_payment(user_id=message.from_user.id, telegram_payment_charge_id=charge)


@router.message(F.refunded_payment)
async def settle(message: Message, bot: Bot) -> None:
    charge = message.refunded_payment.telegram_payment_charge_id
    lines = (await bot.get_star_transactions()).transactions
    ways = [(line.id, line.amount, line.source is not None, line.receiver is not None) for line in lines]
    if ways != [(charge, 50, True, False), (charge, 50, False, True)]:
        complaints.append(f"the transactions are {ways!r}")
    await message.answer(f"refunded: {charge}")


@router.message(F.text)
async def echo(message: Message, bot: Bot) -> None:
    await bot.send_chat_action(message.chat.id, "typing")
    answer = await message.answer(
        f"<b>{message.html_text}</b>",
        parse_mode="HTML",
        reply_parameters=ReplyParameters(message_id=message.message_id),
        reply_markup=keyboard(message.text),
    )
    if answer.text != message.text:
        complaints.append(f"sent {message.text!r}, the service kept {answer.text!r}")


@router.edited_message(F.text)
async def echo_edit(message: Message) -> None:
    await message.answer(f"edited: {message.text}")


@router.callback_query(F.data.startswith("again:"))
async def press(query: CallbackQuery) -> None:
    await query.answer("once more")
    await query.message.edit_text(f"pressed: {query.data.removeprefix('again:')}")


@router.error()
async def complain(event: ErrorEvent) -> None:
    complaints.append(repr(event.exception))


async def main(base: str, token: str) -> int:
    session = AiohttpSession(api=TelegramAPIServer.from_base(base))
    async with Bot(token, session=session) as bot:
        me = await bot.get_me()
        command = BotCommand(command="quit", description="End the bot")
        await bot.set_my_commands([command])
        kept = [each.model_dump() for each in await bot.get_my_commands()]
        if kept != [command.model_dump()]:
            complaints.append("the command menu came back changed")
        dispatcher = Dispatcher()
        dispatcher.include_router(router)
        print(f"ready as @{me.username}", flush=True)
        await dispatcher.start_polling(bot, handle_signals=False, polling_timeout=10)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print("usage: telegram_framework.py BASE_URL TOKEN")
        sys.exit(2)
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2])))
