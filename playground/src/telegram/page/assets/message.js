// Bubbles: texts with formatting, files, buttons, drafts. Texts enter the page only as text nodes.
import { clock, colorOf, make } from "./dom.js";
import { albumView, fileView } from "./media.js";
import { invoiceView, payButton, serviceLine, starred } from "./stars.js";

/** A text with entities as nodes. Entities nest; their offsets are UTF-16 units, as are string indices. */
export function formatted(text, entities, onCommand) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return range(text, sorted, 0, text.length, onCommand);
}

function range(text, entities, start, end, onCommand) {
  const nodes = [];
  let at = start;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    if (entity.offset < at) continue;
    if (entity.offset >= end) break;
    const stop = Math.min(entity.offset + entity.length, end);
    const inner = entities.slice(index + 1).filter((other) => other.offset < stop);
    if (entity.offset > at) nodes.push(...starred(text.slice(at, entity.offset)));
    const content = range(text, inner, entity.offset, stop, onCommand);
    nodes.push(wrap(entity, content, text.slice(entity.offset, stop), onCommand));
    at = stop;
    // A block ends its line by itself.
    if (isBlock(entity) && text[at] === "\n" && at < end) at += 1;
  }
  if (at < end) nodes.push(...starred(text.slice(at, end)));
  return nodes;
}

const isBlock = (entity) => ["pre", "blockquote", "expandable_blockquote"].includes(entity.type);

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code" };

function wrap(entity, content, text, onCommand) {
  switch (entity.type) {
    case "bold": case "italic": case "underline": case "strikethrough": case "code":
      return make(TAGS[entity.type], {}, ...content);
    case "pre":
      return codeBlock(entity.language, text);
    case "blockquote":
      return make("blockquote", {}, ...content);
    case "expandable_blockquote":
      return foldingQuote(content, text);
    case "spoiler": {
      const spoiler = make("span", { className: "spoiler", title: "Show" }, ...content);
      spoiler.addEventListener("click", () => spoiler.classList.add("shown"));
      return spoiler;
    }
    case "text_link":
      return link(entity.url, content);
    case "url":
      return link(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`, content);
    case "bot_command": {
      const command = make("a", { href: "#", className: "command" }, ...content);
      command.addEventListener("click", (event) => {
        event.preventDefault();
        onCommand?.(text);
      });
      return command;
    }
    case "mention": case "hashtag": case "text_mention":
      return make("a", {}, ...content);
    default:
      return make("span", {}, ...content);
  }
}

function link(url, content) {
  const safe = /^(https?|tg|mailto):/i.test(url);
  return make("a", safe ? { href: url, target: "_blank", rel: "noopener noreferrer", title: url } : {}, ...content);
}

function codeBlock(language, text) {
  const copy = make("button", { type: "button" }, "copy");
  copy.addEventListener("click", () => navigator.clipboard?.writeText(text));
  return make("pre", {}, make("div", { className: "language" }, language || "code", copy), make("div", { className: "content" }, text));
}

/** Quotes that were opened stay open when their bubble is drawn again. */
const unfolded = new Set();

function foldingQuote(content, text) {
  const long = text.length > 160 || text.split("\n").length > 3;
  const key = text.slice(0, 80);
  const quote = make("blockquote", { className: "expandable" }, ...content);
  if (!long) return quote;
  quote.classList.toggle("folded", !unfolded.has(key));
  quote.addEventListener("click", () => {
    if (quote.classList.toggle("folded")) unfolded.delete(key);
    else unfolded.add(key);
  });
  return quote;
}

/** One message. `actions` has what a click may do: press, pay, reply, edit, say, jump. */
export function messageBubble(message, look, actions) {
  if (message.service) return serviceLine(message);
  const bubble = make("div", { className: "bubble" });
  if (look.sender) bubble.append(make("span", { className: "sender", data: { color: colorOf(message.from) } }, look.sender));
  if (message.reply) bubble.append(replyLine(message.reply, look.nameOf, actions));
  if (look.album?.length > 1) bubble.append(albumView(look.album.map((each) => each.file)));
  else if (message.file) bubble.append(fileView(message.file));
  if (message.invoice) bubble.append(invoiceView(message.invoice));
  const meta = make("span", { className: "meta" }, `${message.edits > 0 ? "edited " : ""}${clock(message.date)}`);
  const captions = (look.album || [message]).filter((each) => each.text !== "");
  const texts = captions.length > 0 ? captions : [message];
  bubble.append(...texts.map((each, index) => make("div", { className: each.text === "" ? "text bare" : "text" },
    ...formatted(each.text, each.entities, actions.say), index === texts.length - 1 ? meta : null)));
  const tools = make("div", { className: "tools" }, tool("↩", "Reply", () => actions.reply(message)));
  if (look.mine && !message.file) tools.append(tool("✎", "Edit", () => actions.edit(message)));
  const parts = [make("div", { className: "holder" }, bubble, tools)];
  parts[0].style.position = "relative";
  if (message.buttons) parts.push(buttons(message, look, actions));
  return make("div", { className: `message ${look.mine ? "mine" : "theirs"}` }, ...parts);
}

function tool(sign, title, action) {
  const button = make("button", { type: "button", title, ariaLabel: title }, sign);
  button.addEventListener("click", action);
  return button;
}

function replyLine(reply, nameOf, actions) {
  const line = make("button", { type: "button", className: "reply" }, make("strong", {}, nameOf(reply.from)), make("span", {}, reply.text));
  line.addEventListener("click", () => actions.jump(reply.id));
  return line;
}

function buttons(message, look, actions) {
  const rows = message.buttons.map((row) => make("div", {}, ...row.map((each) => {
    if (each.pay) return payButton(message, each.text, look, actions);
    const button = make("button", { type: "button", disabled: each.disabled === true, data: each.style ? { style: each.style } : {} }, ...starred(each.text));
    button.addEventListener("click", () => {
      if (each.callback_data) actions.press(message, each.callback_data);
      else if (each.url && /^https?:/i.test(each.url)) window.open(each.url, "_blank", "noopener");
      else if (each.copy_text) navigator.clipboard?.writeText(each.copy_text.text);
    });
    return button;
  })));
  return make("div", { className: "buttons" }, ...rows);
}

/** The answer that is being written. */
export function draftBubble(draft, stop) {
  const cursor = make("span", { className: "cursor" });
  const text = draft.text === ""
    ? make("div", { className: "text" }, make("span", { className: "thinking" }, "Thinking…"))
    : make("div", { className: "text" }, ...formatted(draft.text, draft.entities), cursor);
  const parts = [make("div", { className: "bubble" }, text)];
  if (draft.can_stop) {
    const button = make("button", { type: "button", className: "stop" }, "Stop");
    button.addEventListener("click", stop);
    parts.push(button);
  }
  return make("div", { className: "message theirs draft first last" }, ...parts);
}
