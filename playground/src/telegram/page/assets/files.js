// Sending files: chosen, dropped or pasted, several as an album, and voice notes from the microphone.
import { oggFromWebm } from "./ogg.js";
import { ask, toast } from "./panels.js";

const $ = (id) => document.getElementById(id);
/** Limit of files per album. */
const ALBUM = 10;
const IN_ALBUMS = ["photo", "video", "document", "audio"];
const KINDS = ["photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker"];

// As the apps do: a photo leaves as a JPEG of at most 1280 pixels, whatever it was.
async function asPhoto(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, 1280 / Math.max(picture.width, picture.height));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "white";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.87));
  return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
}

function guess(file) {
  if (file.type === "image/gif") return "animation";
  if (/^image\/(jpeg|png|webp)$/.test(file.type)) return "photo";
  if (file.type === "audio/ogg") return "voice";
  if (file.type.startsWith("audio/")) return "audio";
  return file.type.startsWith("video/") ? "video" : "document";
}

/** Lets the page send files. `place` gives chat, sender and topic; `post` sends a form. */
export function wireFiles(place, post) {
  async function send(kind, file, name, more) {
    const form = new FormData();
    for (const [key, value] of Object.entries({ ...place(), kind, ...more })) form.append(key, value);
    form.append("file", file, name);
    // At the end of the chat, the page follows what comes.
    $("log").scrollTop = $("log").scrollHeight;
    return post("file", form);
  }

  async function sendFiles(all) {
    const files = all.slice(0, ALBUM);
    if (files.length === 0 || $("ask").open) return;
    if (all.length > ALBUM) toast(`An album has at most ${ALBUM} files; the first ${ALBUM} are sent.`);
    const kinds = new Set(files.map(guess));
    const first = kinds.size === 1 ? [...kinds][0] : [...kinds].every((kind) => kind === "photo" || kind === "video") ? "mixed" : "document";
    const names = [first, ...KINDS.filter((kind) => kind !== first)];
    const label = (kind) => (kind === "mixed" ? "photos and videos" : kind.replace("_", " "));
    const found = await ask(files.length > 1 ? `Send ${files.length} files` : `Send ${files[0].name}`, [
      { name: "kind", label: "As", options: names.map((kind) => [kind, label(kind)]) }, { name: "caption", label: "Caption" },
    ], "Send");
    if (!found) return;
    const kindOf = (file) => (found.kind === "mixed" ? guess(file) : found.kind);
    const more = files.length > 1 && IN_ALBUMS.includes(kindOf(files[0])) ? { album: String(Date.now()) } : {};
    const ready = await Promise.all(files.map((file) => (kindOf(file) === "photo" ? asPhoto(file) : file)));
    for (const [at, file] of ready.entries()) {
      await send(kindOf(files[at]), file, file.name, { ...more, caption: at === 0 ? found.caption : "" });
    }
  }

  $("attach").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    const files = [...$("file").files];
    $("file").value = "";
    sendFiles(files);
  });
  const main = document.querySelector("main");
  const carriesFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  for (const type of ["dragenter", "dragover"]) {
    main.addEventListener(type, (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      main.classList.add("dropping");
    });
  }
  main.addEventListener("dragleave", (event) => {
    if (!main.contains(event.relatedTarget)) main.classList.remove("dropping");
  });
  main.addEventListener("drop", (event) => {
    main.classList.remove("dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    sendFiles([...event.dataTransfer.files]);
  });
  $("text").addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (files.length === 0) return;
    event.preventDefault();
    sendFiles(files);
  });
  wireVoice(send, (seconds, kind) => post("voice", { ...place(), seconds, kind }));
}

function wireVoice(send, sendSample) {
  let recorder = null;

  async function record() {
    const stream = await navigator.mediaDevices?.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) return toast("There is no microphone that the page may use. Send a sample instead.", true);
    const pieces = [];
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = async () => {
      const { mimeType } = recorder;
      recorder = null;
      $("voice").classList.remove("live");
      for (const track of stream.getTracks()) track.stop();
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      const note = mimeType.includes("webm") ? oggFromWebm(bytes) : new Blob(pieces, { type: mimeType.split(";")[0] });
      if (!note) return toast("The recording is empty.", true);
      await send("voice", note, "");
    };
    recorder.start(1000);
    $("voice").classList.add("live");
    toast("Recording. Press the microphone again to send.");
  }

  $("voice").addEventListener("click", async () => {
    if (recorder) return recorder.stop();
    const found = await ask("Voice note", [
      { name: "seconds", label: "Seconds of the sample (silence)", type: "number", value: 3, required: true },
      { name: "kind", label: "As", options: [["voice", "voice note"], ["audio", "music"], ["video", "video"]] },
    ], "Send sample", "Record");
    if (found === "other") await record();
    else if (found) await sendSample(Number(found.seconds), found.kind);
  });
}
