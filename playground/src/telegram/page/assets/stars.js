// Stars on the page: invoices, the sheet that asks before paying, receipts, the wallet.
import { make } from "./dom.js";

const count = (stars) => `⭐${stars.toLocaleString("en")}`;

/** A text as nodes, its stars drawn by the page: not every machine has a font with that emoji. */
export function starred(text) {
  return text.split(/⭐️?/u).flatMap((part, index) => (index ? [make("span", { className: /^\d/.test(part) ? "star-sign apart" : "star-sign" }, "★"), part] : [part]));
}

/** The part of a bubble that is an invoice. */
export function invoiceView(invoice) {
  return make("div", { className: "invoice" },
    make("strong", {}, invoice.title),
    make("span", {}, ...starred(invoice.description)),
    make("b", {}, ...starred(count(invoice.stars))));
}

/** The pay button; whoever has paid gets the receipt instead. */
export function payButton(message, label, look, actions) {
  const receipt = message.invoice?.receipts.findLast((each) => each.user === look.me);
  const button = make("button", { type: "button", className: "pay", disabled: look.paying === true },
    ...(receipt ? ["Receipt"] : look.paying ? ["Paying…"] : starred(label.replaceAll("XTR", "⭐"))));
  button.addEventListener("click", () => (receipt ? showReceipt(receipt) : actions.pay(message)));
  return button;
}

/** A service line; one about a payment opens its receipt. */
export function serviceLine(message) {
  if (!message.receipt) return make("div", { className: "service" }, message.service);
  const line = make("button", { type: "button", className: "service", title: "Receipt" }, ...starred(message.service));
  line.addEventListener("click", () => showReceipt(message.receipt));
  return line;
}

/** A sheet with a big star; resolves to true when the verb was pressed. */
function sheet(title, parts, verb, other) {
  const dialog = document.getElementById("ask");
  const close = other && make("button", { type: "button", className: "quiet" }, other);
  const form = make("form", { method: "dialog", className: "sheet" },
    make("div", { className: "star" }, "★"), make("h2", {}, title), ...parts,
    make("button", { className: "primary", value: "ok" }, ...starred(verb)), close);
  close?.addEventListener("click", () => dialog.close(""));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
  });
}

/** Asks before paying. Resolves to "pay", to "fill" when the wallet has too little, or to null. */
export async function confirmPayment(invoice, wallet, seller) {
  const balance = make("p", { className: "balance" }, ...starred(`Your balance: ${count(wallet)}`));
  if (wallet < invoice.stars) {
    const missing = make("p", {}, ...starred(`“${invoice.title}” costs ${count(invoice.stars)}. You need ${count(invoice.stars - wallet)} more.`));
    return (await sheet("Not enough Stars", [missing, balance], "Fill the wallet", "Cancel")) ? "fill" : null;
  }
  const question = make("p", {}, `Buy “${invoice.title}” from ${seller}?`);
  return (await sheet("Confirm your purchase", [question, balance], `Pay ${count(invoice.stars)}`, "Cancel")) ? "pay" : null;
}

export function showReceipt(receipt) {
  const rows = [["Item", receipt.title || "Without an invoice"], ["Amount", count(receipt.stars)]];
  if (receipt.date) rows.push(["Date", new Date(receipt.date * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })]);
  rows.push(["Status", receipt.refunded ? "Refunded" : "Paid"], ["Transaction", receipt.charge_id]);
  const table = make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, ...starred(value))]));
  return sheet("Receipt", [table], "Close");
}

export function drawWallet(stars) {
  document.getElementById("wallet").replaceChildren(...starred(count(stars)));
}
