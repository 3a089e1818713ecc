// The page's state, what comes from the server, and what a person does.
import { make } from "./dom.js";
import { wireFiles } from "./files.js";
import { sameAlbum } from "./media.js";
import { draftBubble, messageBubble } from "./message.js";
import { ask, drawCalls, drawChats, drawCommands, drawHead, drawPeople, drawTopics, toast } from "./panels.js";
import { confirmPayment, drawWallet } from "./stars.js";

const $ = (id) => document.getElementById(id);
const DRAFT_LIFE_MS = 30_000;
const state = {
  people: { bot: { id: 0, first_name: "Bot" }, users: [], menus: [] },
  chats: new Map(), calls: [], unconfirmed: 0, unread: new Map(), seenNotices: new Set(), paying: new Set(),
  me: Number(sessionStorage.getItem("me")) || null, open: null, topic: null, context: null, fresh: true,
};

async function post(path, body) {
  const form = body instanceof FormData;
  const response = await fetch(`/play/${path}`, {
    method: "POST", body: form ? body : JSON.stringify(body), headers: form ? {} : { "content-type": "application/json" },
  });
  if (!response.ok) toast(await response.text(), true);
  return response.ok ? response.json() : null;
}

const user = (id) => state.people.users.find((each) => each.id === id);
const nameOf = (id) => (id === state.people.bot.id ? state.people.bot.first_name : user(id)?.first_name || `User ${id}`);
const titleOf = (chat) => (chat.private ? state.people.bot.first_name : chat.title);
const myChats = () => [...state.chats.values()].filter((chat) => chat.members.includes(state.me))
  .sort((a, b) => (b.messages.at(-1)?.date || 0) - (a.messages.at(-1)?.date || 0) || b.id - a.id);
const current = () => state.chats.get(state.open);
const liveDrafts = (chat) => chat.drafts.filter((draft) => performance.now() < draft.until);
const inTopic = (item) => state.topic === null ? (current()?.private || !item.topic) : item.topic === state.topic;

// ---- what comes in

function take(change) {
  if (change.people) state.people = change.people;
  for (const part of change.chats) {
    const old = state.chats.get(part.id);
    const chat = { messages: [], topics: [], members: [], ...old, ...part };
    chat.drafts = part.drafts.map((draft) => ({ ...draft, until: performance.now() + DRAFT_LIFE_MS - draft.age_ms }));
    chat.action = part.action && { name: part.action.name, until: performance.now() + 5000 - part.action.age_ms };
    if (part.messages && !state.fresh) countUnread(chat, old);
    for (const notice of part.notices) {
      const news = notice.from === state.me && !state.seenNotices.has(notice.id);
      if (news && !state.fresh) toast(notice.text, notice.alert);
      state.seenNotices.add(notice.id);
    }
    state.chats.set(part.id, chat);
  }
  for (const call of change.calls) {
    const known = state.calls.findIndex((each) => each.number === call.number);
    if (known >= 0) state.calls[known] = call;
    else state.calls.push(call);
  }
  state.unconfirmed = change.unconfirmed;
  state.fresh = false;
  settle();
}

function countUnread(chat, old) {
  const last = old?.messages.at(-1)?.id || 0;
  for (const member of chat.members) {
    const added = chat.messages.filter((message) => message.id > last && message.from !== member).length;
    const key = `${member}/${chat.id}`;
    if (added && !(member === state.me && chat.id === state.open)) state.unread.set(key, (state.unread.get(key) || 0) + added);
  }
}

/** Chooses who and what is shown, then draws. */
function settle() {
  if (state.people.users.length === 0) {
    if (!state.invited) post("user", { id: 1001, first_name: "Ann", username: "ann" });
    state.invited = true;
    return;
  }
  if (!user(state.me)) state.me = state.people.users[0].id;
  if (!current()?.members.includes(state.me)) openChat(myChats()[0]?.id ?? null);
  draw();
}

function listen() {
  const source = new EventSource("/play/events");
  source.onopen = () => {
    Object.assign(state, { chats: new Map(), calls: [], fresh: true });
  };
  source.onmessage = (event) => take(JSON.parse(event.data));
}

// ---- drawing

function draw() {
  drawPeople(state, { become, addPerson });
  drawChats(state, myChats(), titleOf, { open: openChat });
  drawCalls(state.calls, state.unconfirmed);
  const chat = current();
  if (!chat) return;
  drawHead(state, chat, titleOf(chat));
  drawWallet(user(state.me)?.stars || 0);
  drawTopics(chat, state.topic, (id) => { state.topic = id; draw(); scrollDown(true); });
  drawMessages(chat);
  const stoppable = liveDrafts(chat).some((draft) => draft.can_stop && inTopic(draft));
  $("send").classList.toggle("stop", stoppable && $("text").value.trim() === "");
  $("send").title = $("send").classList.contains("stop") ? "Stop" : "Send";
}

/** Bubbles on the page by key, with what they were drawn from. */
const drawn = new Map();

function drawMessages(chat) {
  const log = $("log");
  const stick = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const messages = chat.messages.filter(inTopic);
  const wanted = [];
  let day = null;
  messages.forEach((message, index) => {
    // The first message of an album shows all its files.
    if (sameAlbum(messages[index - 1], message)) return;
    let end = index + 1;
    while (sameAlbum(message, messages[end])) end += 1;
    const album = messages.slice(index, end);
    const date = new Date(message.date * 1000).toLocaleDateString([], { day: "numeric", month: "long" });
    if (date !== day) wanted.push([`day/${date}`, date, () => make("div", { className: "day" }, date)]);
    day = date;
    const look = { ...lookOf(chat, messages, index), last: lookOf(chat, messages, end - 1).last };
    wanted.push([`m/${message.id}`, JSON.stringify([album, look]), () => {
      const bubble = messageBubble(message, { ...look, nameOf, album }, actions(chat));
      bubble.classList.toggle("first", look.first);
      bubble.classList.toggle("last", look.last);
      return bubble;
    }]);
  });
  for (const draft of liveDrafts(chat).filter(inTopic)) {
    wanted.push([`d/${draft.draft_id}`, JSON.stringify([draft.text, draft.entities, draft.can_stop]), () =>
      draftBubble(draft, () => post("stop", { chat: chat.id, draft_id: draft.draft_id }))]);
  }
  if (wanted.length === 0) wanted.push(["empty", "", () => emptyChat(chat)]);
  reconcile($("messages"), `${state.me}/${chat.id}/${state.topic}`, wanted);
  if (stick) scrollDown(false);
}

function lookOf(chat, messages, index) {
  const message = messages[index];
  const same = (other) => other && !other.service && other.from === message.from && Math.abs(other.date - message.date) < 600;
  const first = !same(messages[index - 1]);
  const mine = message.from === state.me;
  const paying = state.paying.has(`${chat.id}/${message.id}`);
  return { me: state.me, paying, mine, first, last: !same(messages[index + 1]), sender: !chat.private && first && !mine ? nameOf(message.from) : null };
}

function reconcile(parent, scope, wanted) {
  if (parent.dataset.scope !== scope) {
    parent.dataset.scope = scope;
    parent.replaceChildren();
    drawn.clear();
  }
  const keys = new Set(wanted.map(([key]) => key));
  for (const [key, entry] of drawn) {
    if (keys.has(key)) continue;
    entry.element.remove();
    drawn.delete(key);
  }
  let before = parent.firstChild;
  for (const [key, mark, build] of wanted) {
    let entry = drawn.get(key);
    if (!entry || entry.mark !== mark) {
      const element = build();
      if (entry && entry.element === before) before = before.nextSibling;
      entry?.element.remove();
      entry = { mark, element };
      drawn.set(key, entry);
    }
    if (entry.element === before) before = before.nextSibling;
    else parent.insertBefore(entry.element, before);
  }
}

function emptyChat(chat) {
  const start = make("button", { type: "button" }, "Start");
  start.addEventListener("click", () => say("/start"));
  const words = chat.private ? "Say something, or press Start." : "Nobody has written here yet.";
  return make("div", { className: "empty" }, make("strong", {}, titleOf(chat)), words, chat.private ? make("div", {}, start) : null);
}

function scrollDown(always) {
  const log = $("log");
  if (always || log.scrollHeight - log.scrollTop - log.clientHeight > 0) log.scrollTop = log.scrollHeight;
}

// ---- what a person does

const actions = (chat) => ({
  press: (message, data) => post("press", { chat: chat.id, from: state.me, message_id: message.id, data }),
  pay: (message) => pay(chat.id, message),
  reply: (message) => setContext({ kind: "reply", message }),
  edit: (message) => { setContext({ kind: "edit", message }); $("text").value = message.text; grow(); },
  say,
  jump: (id) => {
    const shown = [...drawn.keys()].filter((key) => key.startsWith("m/")).map((key) => Number(key.slice(2)));
    // The later messages of an album are shown with its first one.
    const own = Math.max(...shown.filter((each) => each <= id));
    drawn.get(`m/${own}`)?.element.scrollIntoView({ block: "center", behavior: "smooth" });
  },
});

function openChat(id) {
  Object.assign(state, { open: id, topic: null });
  state.unread.delete(`${state.me}/${id}`);
  setContext(null);
  draw();
  scrollDown(true);
  $("text").focus();
}

function become(id) {
  state.me = id;
  sessionStorage.setItem("me", String(id));
  openChat(user(id) && state.chats.has(id) ? id : myChats()[0]?.id ?? null);
}

function say(text) {
  return post("say", { chat: state.open, from: state.me, text, topic: state.topic });
}

async function pay(chat, message) {
  const stars = user(state.me)?.stars || 0;
  const wish = await confirmPayment(message.invoice, stars, nameOf(message.from));
  if (wish === "fill") await fillWallet(message.invoice.stars);
  if (wish !== "pay") return;
  const key = `${chat}/${message.id}`;
  state.paying.add(key);
  draw();
  const outcome = await post("pay", { chat, from: state.me, message_id: message.id });
  state.paying.delete(key);
  draw();
  if (outcome) toast(outcome.paid ? `Paid ⭐${outcome.stars}` : `Not paid: ${outcome.reason}`, !outcome.paid);
}

async function fillWallet(needed) {
  const found = await ask("Wallet", [{ name: "stars", label: "Stars", type: "number", value: Math.max(needed, user(state.me)?.stars || 0), required: true }], "Set");
  if (found) await post("stars", { user: state.me, stars: Number(found.stars) });
}

function setContext(context) {
  state.context = context;
  $("context").hidden = !context;
  if (!context) return;
  $("context-title").textContent = context.kind === "edit" ? "Edit message" : `Reply to ${nameOf(context.message.from)}`;
  $("context-text").textContent = context.message.text || context.message.invoice?.title || "File";
  $("text").focus();
}

async function submit() {
  const text = $("text").value.trim();
  const chat = current();
  if (!chat) return;
  if (text === "") {
    const draft = liveDrafts(chat).find((each) => each.can_stop && inTopic(each));
    if (draft) await post("stop", { chat: chat.id, draft_id: draft.draft_id });
    return;
  }
  const context = state.context;
  $("text").value = "";
  grow();
  setContext(null);
  if (context?.kind === "edit") await post("edit", { chat: chat.id, message_id: context.message.id, text });
  else await post("say", { chat: chat.id, from: state.me, text, topic: state.topic, reply_to: context?.message.id });
  scrollDown(true);
}

/** The commands that the app offers here: of the narrowest scope that has any, in the language of the app or in none. */
function menu() {
  const chat = current();
  if (!chat) return [];
  const administers = (chat.administrators || []).includes(state.me);
  const scopes = chat.private ? [`chat:${chat.id}`, "all_private_chats", "default"]
    : [`chat_member:${chat.id}:${state.me}`, administers && `chat_administrators:${chat.id}`, `chat:${chat.id}`,
      administers && "all_chat_administrators", "all_group_chats", "default"].filter(Boolean);
  const language = (user(state.me)?.language_code || "").split("-")[0];
  const wanted = scopes.flatMap((scope) => [[scope, language], [scope, ""]]);
  const set = (scope, code) => state.people.menus.find((each) => each.scope === scope && each.language === code && each.commands.length > 0);
  const found = wanted.map(([scope, code]) => set(scope, code)).find(Boolean)?.commands || [];
  const bot = chat.private ? "" : `@${state.people.bot.username}`;
  return found.map((each) => ({ ...each, sent: `/${each.command}${bot}` }));
}

function grow() {
  const field = $("text");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
  drawCommands(menu(), field.value, (command) => { field.value = ""; grow(); say(command); });
  draw();
}

async function addPerson() {
  const next = Math.max(1000, ...state.people.users.map((each) => each.id)) + 1;
  const found = await ask("Add a person", [
    { name: "first_name", label: "First name", required: true }, { name: "username", label: "Username" },
    { name: "id", label: "User id", type: "number", value: next, required: true },
    { name: "language_code", label: "Language of the app", options: [["en", "English"], ["de", "Deutsch"], ["es", "Español"], ["ru", "Русский"], ["pt-br", "Português (Brasil)"]] },
  ], "Add");
  if (!found) return;
  await post("user", { ...found, id: Number(found.id), username: found.username || null });
  state.me = Number(found.id);
  sessionStorage.setItem("me", found.id);
}

async function addGroup() {
  const found = await ask("New group", [{ name: "title", label: "Title", required: true }, { name: "forum", label: "With topics", type: "checkbox" }], "Create");
  if (!found) return;
  const id = -1_001_000_000_000 - state.chats.size;
  const members = [state.me, ...state.people.users.map((each) => each.id).filter((each) => each !== state.me)];
  if (await post("group", { id, ...found, members })) setTimeout(() => state.chats.has(id) && openChat(id), 150);
}

async function planFault() {
  const found = await ask("Let calls fail", [
    { name: "method", label: "Method", options: ["sendMessageDraft", "sendMessage", "editMessageText", "sendChatAction", "getUpdates", "getFile", "download", "sendPhoto", "sendDocument", "sendMediaGroup", "sendInvoice", "answerPreCheckoutQuery", "refundStarPayment"].map((each) => [each, each]) },
    { name: "fault", label: "Fault", options: [["flood", "429, retry after 5 s"], ["status", "502 from a proxy"], ["drop", "Connection cut before"], ["drop_after", "Done, then cut"], ["hang", "Hangs for 5 s"]] },
    { name: "times", label: "How often", type: "number", value: 1 },
  ], "Plan");
  if (found) await post("fault", { method: found.method, fault: found.fault, times: Number(found.times), seconds: 5, code: 502 });
}

async function addTopic() {
  const found = await ask("New topic", [{ name: "name", label: "Name (empty: named after the first answer)", required: !current()?.private }], "Create");
  const made = found && await post("topic", { chat: state.open, from: state.me, name: found.name });
  if (made) { state.topic = made.topic; draw(); }
}

function theme(name) {
  document.documentElement.dataset.theme = name;
}

// ---- wiring

const system = matchMedia("(prefers-color-scheme: dark)");
theme(new URLSearchParams(location.search).get("theme") || localStorage.getItem("theme") || (system.matches ? "dark" : "light"));
$("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  theme(next);
});
$("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
  if (event.key === "Escape") setContext(null);
});
$("context-close").addEventListener("click", () => setContext(null));
wireFiles(() => ({ chat: state.open, from: state.me, ...(state.topic === null ? {} : { topic: state.topic }) }), post);
$("more").addEventListener("click", (event) => { event.stopPropagation(); $("head-tools").classList.toggle("open"); });
document.addEventListener("click", () => $("head-tools").classList.remove("open"));
$("add-group").addEventListener("click", addGroup);
$("add-topic").addEventListener("click", addTopic);
$("wallet").addEventListener("click", () => fillWallet(1000));
$("faults").addEventListener("click", planFault);
$("block").addEventListener("click", () => post("block", { user: state.me, blocked: !current()?.blocked }));
setInterval(() => { if (current()) draw(); }, 1000);
listen();
