// Everything around the messages: people, chats, topics, the strip of calls, dialogs, notices.
import { avatar, clock, make } from "./dom.js";
import { titleOf } from "./media.js";
import { starred } from "./stars.js";

const $ = (id) => document.getElementById(id);

export function drawPeople(state, actions) {
  const items = state.people.users.map((user) => {
    const pressed = user.id === state.me;
    const button = make("button", { type: "button", ariaPressed: String(pressed), title: `Be ${user.first_name} (${user.id})` },
      avatar(user.id, user.first_name), make("span", {}, user.first_name));
    button.addEventListener("click", () => actions.become(user.id));
    return button;
  });
  const add = make("button", { type: "button", className: "add", title: "Add a person" }, make("span", { className: "avatar" }, "+"), make("span", {}, "Add"));
  add.addEventListener("click", actions.addPerson);
  $("people").replaceChildren(...items, add);
}

export function drawChats(state, chats, nameOf, actions) {
  $("chats").replaceChildren(...chats.map((chat) => {
    const last = chat.messages.at(-1);
    const draft = chat.drafts.at(-1);
    const unread = state.unread.get(`${state.me}/${chat.id}`) || 0;
    const line = make("div", { className: "line" }, make("strong", {}, nameOf(chat)), last ? make("time", {}, clock(last.date)) : null);
    const preview = make("div", { className: "line" },
      make("div", { className: "preview" }, ...starred(draft ? draft.text || "Thinking…" : previewOf(last))),
      unread ? make("span", { className: "badge" }, String(unread)) : null);
    const face = chat.private ? avatar(state.people.bot.id, nameOf(chat)) : avatar(chat.id, nameOf(chat));
    const button = make("button", { type: "button", ariaCurrent: String(chat.id === state.open) }, face, make("div", { className: "body" }, line, preview));
    button.addEventListener("click", () => actions.open(chat.id));
    return button;
  }));
}

function previewOf(message) {
  if (!message) return "No messages yet";
  return message.service || message.text || message.invoice?.title || (message.file ? titleOf(message.file) : "Message");
}

export function drawHead(state, chat, title) {
  const face = chat.private ? avatar(state.people.bot.id, title) : avatar(chat.id, title);
  face.id = "head-avatar";
  $("head-avatar").replaceWith(face);
  $("head-name").textContent = title;
  const busy = { typing: "typing…", upload_photo: "sending a photo…", upload_document: "sending a file…", record_voice: "recording…", record_video_note: "recording…", upload_voice: "sending a voice note…", upload_video: "sending a video…" };
  const live = chat.action && performance.now() < chat.action.until;
  $("head-status").textContent = live ? busy[chat.action.name] || "busy…" : statusOf(chat);
  $("head-status").classList.toggle("live", Boolean(live));
  $("block").hidden = !chat.private;
  $("block").textContent = chat.blocked ? "Unblock bot" : "Block bot";
  $("add-topic").hidden = !(chat.private || chat.forum);
}

function statusOf(chat) {
  if (chat.private) return chat.blocked ? "blocked" : "bot";
  return `${chat.members.length + 1} members${chat.forum ? ", topics" : ""}`;
}

export function drawTopics(chat, selected, choose) {
  const shown = chat.topics.length > 0;
  $("topics").hidden = !shown;
  if (!shown) return;
  const all = [{ id: null, name: chat.private ? "All" : "General" }, ...chat.topics];
  $("topics").replaceChildren(...all.map((topic) => {
    const tab = make("button", { type: "button", role: "tab", ariaSelected: String(topic.id === selected) }, topic.closed ? `${topic.name} 🔒` : topic.name);
    tab.addEventListener("click", () => choose(topic.id));
    return tab;
  }));
}

/** Whether a call changes a message into what it was already, which the service refuses and a bot may expect. */
const unchanged = (call) => call.state === "error" && /message is not modified/.test(call.description);

/** The newest calls; equal ones in a row are one chip with a number. */
export function drawCalls(calls, unconfirmed) {
  const chips = [];
  for (const call of calls.slice(-80)) {
    const state = unchanged(call) ? "unchanged" : call.state === "error" && call.code === 429 ? "flood" : call.state;
    const last = chips.at(-1);
    if (last && last.method === call.method && last.state === state && last.chat === call.chat) last.times += 1;
    else chips.push({ ...call, state, times: 1 });
  }
  $("calls").replaceChildren(...chips.slice(-14).map((chip) => {
    const times = chip.times > 1 ? ` ×${chip.times}` : "";
    const result = chip.state === "ok" ? "" : chip.code && chip.state !== "unchanged" ? ` ${chip.code}` : ` ${chip.state}`;
    const title = `${chip.method}, chat ${chip.chat ?? "none"}: ${chip.description || chip.state}`;
    return make("span", { data: { state: chip.state }, title }, `${chip.method}${times}${result}`);
  }));
  const failed = calls.filter((call) => (call.state === "error" && !unchanged(call)) || call.state === "cut").length;
  const waiting = unconfirmed ? `, ${unconfirmed} updates wait` : "";
  $("counts").replaceChildren(`${calls.length} calls`, failed ? make("b", {}, `, ${failed} failed`) : "", waiting);
}

export function toast(text, lasting) {
  const note = make("div", {}, ...starred(text));
  $("toasts").append(note);
  setTimeout(() => note.remove(), lasting ? 8000 : 3500);
}

/** Asks for a few values; resolves to an object, to "other" for the other verb, or to null when cancelled. */
export function ask(title, fields, verb, other) {
  const dialog = $("ask");
  const inputs = fields.map((field) => {
    if (field.options) return [field, make("select", { name: field.name }, ...field.options.map(([value, text]) => make("option", { value }, text)))];
    const input = make("input", { name: field.name, type: field.type || "text", required: field.required === true });
    if (field.value !== undefined) input.value = field.value;
    return [field, input];
  });
  const labels = inputs.map(([field, input]) => field.type === "checkbox"
    ? make("label", { className: "check" }, input, field.label)
    : make("label", {}, field.label, input));
  const cancel = make("button", { type: "button", className: "quiet" }, "Cancel");
  const second = other ? make("button", { type: "button", className: "quiet" }, other) : null;
  second?.addEventListener("click", () => dialog.close("other"));
  const form = make("form", { method: "dialog" }, make("h2", {}, title), ...labels,
    make("div", { className: "end" }, cancel, second, make("button", { className: "primary", value: "ok" }, verb)));
  cancel.addEventListener("click", () => dialog.close(""));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "other") return resolve("other");
      if (dialog.returnValue !== "ok") return resolve(null);
      resolve(Object.fromEntries(inputs.map(([field, input]) => [field.name, field.type === "checkbox" ? input.checked : input.value.trim()])));
    }, { once: true });
  });
}

export function drawCommands(commands, typed, choose) {
  const match = /^\/(\w*)$/.exec(typed);
  const found = match ? commands.filter((each) => each.command.startsWith(match[1])) : [];
  $("commands").hidden = found.length === 0;
  $("commands").replaceChildren(...found.map((each) => {
    const button = make("button", { type: "button" }, make("b", {}, `/${each.command}`), make("span", {}, each.description));
    button.addEventListener("click", () => choose(each.sent));
    return make("li", {}, button);
  }));
}
