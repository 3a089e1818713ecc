// Elements, colours and times: what every part of the page is drawn with.

/** Makes an element. Children are elements or strings; a string becomes a text node. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === "data") Object.assign(element.dataset, value);
    else if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A colour number that stays the same for an id. */
export const colorOf = (id) => String(Math.abs(id) % 7);

export function avatar(id, name) {
  return make("span", { className: "avatar", data: { color: colorOf(id) } }, [...(name || "?")][0].toUpperCase());
}

export function clock(date) {
  return new Date(date * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
