// Files in bubbles: pictures, players, documents, and albums.
import { make } from "./dom.js";

const addressOf = (file) => `/play/file/${encodeURIComponent(file.id)}`;
const isPicture = (file) => file.kind === "photo" || file.kind === "video" || file.kind === "animation";

/** Whether two messages belong to one album. */
export const sameAlbum = (one, other) => Boolean(one?.file?.album) && one.file.album === other?.file?.album && one.from === other.from;

function sizeOf(file) {
  if (file.size < 1024) return `${file.size} B`;
  return file.size > 1048576 ? `${(file.size / 1048576).toFixed(1)} MB` : `${Math.round(file.size / 1024)} KB`;
}

function lasting(seconds) {
  return Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : null;
}

const TITLES = { photo: "Photo", sticker: "Sticker", animation: "GIF", voice: "Voice note", video_note: "Video note" };

/** What a list calls a file. */
export const titleOf = (file) => TITLES[file.kind] || file.name || file.kind;

/** The view of one file, whatever its kind. */
export function fileView(file) {
  switch (file.kind) {
    case "photo": return picture(file, "photo");
    case "sticker": return sticker(file);
    case "animation": return moving(file);
    case "voice": case "audio": return player(file);
    case "video": return make("video", { className: "photo", controls: true, preload: "metadata", src: addressOf(file) });
    case "video_note": return make("video", { className: "video-note", controls: true, preload: "metadata", src: addressOf(file) });
    default: return documentLink(file);
  }
}

function picture(file, className) {
  const image = make("img", { className, src: addressOf(file), alt: file.name || "Photo" });
  image.addEventListener("error", () => image.replaceWith(documentLink(file)), { once: true });
  return make("a", { className: "picture", href: addressOf(file), target: "_blank", rel: "noopener" }, image);
}

function sticker(file) {
  const large = () => make("span", { className: "emoji", title: "Sticker" }, file.emoji || "🙂");
  if (file.mime !== "image/webp" && file.mime !== "image/png") return large();
  const image = make("img", { className: "sticker", src: addressOf(file), alt: file.emoji || "Sticker" });
  image.addEventListener("error", () => image.replaceWith(large()), { once: true });
  return image;
}

function moving(file) {
  if (!file.mime.startsWith("video/")) return picture(file, "photo");
  const video = make("video", { className: "photo", autoplay: true, loop: true, muted: true, src: addressOf(file) });
  video.addEventListener("error", () => video.replaceWith(documentLink(file)), { once: true });
  return video;
}

function player(file) {
  const facts = [titleOf(file), lasting(file.duration), sizeOf(file)];
  return make("div", { className: "player" },
    make("audio", { controls: true, preload: "metadata", src: addressOf(file) }),
    make("small", {}, facts.filter(Boolean).join(" · ")));
}

function documentLink(file) {
  const name = file.name || file.kind || "file";
  // A long name is cut on the screen, so its ending is told beside the size.
  const ending = /\.(\w{1,8})$/.exec(name)?.[1].toUpperCase();
  const words = make("span", {}, make("b", { title: name }, name), make("small", {}, [ending, sizeOf(file)].filter(Boolean).join(" · ")));
  return make("a", { className: "file", href: addressOf(file), download: name }, make("i", {}, "↓"), words);
}

/** The files of an album: pictures as a grid, others one below the other. */
export function albumView(files) {
  if (!files.every(isPicture)) return make("div", { className: "stack" }, ...files.map(fileView));
  const cells = files.map((file) => make("div", { className: "cell" }, fileView(file)));
  const pairs = files.length === 2 || files.length === 4;
  return make("div", { className: "grid", data: pairs ? { columns: "2" } : { columns: "3", rest: String(files.length % 3) } }, ...cells);
}
