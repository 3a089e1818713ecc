// Repacks the Opus packets that a browser records in WebM as OGG, the format of Telegram's voice notes.

const MASTERS = new Set([0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0]);
const CODEC_PRIVATE = 0x63a2;
const BLOCKS = new Set([0xa3, 0xa1]);
const PACKETS_A_PAGE = 50;
const SERIAL = 0x57415645;

/** An OGG file as a Blob, with its duration in seconds; null if the bytes have no Opus in them. */
export function oggFromWebm(bytes) {
  const packets = [];
  let head = null;
  for (const [id, body] of elements(bytes)) {
    if (id === CODEC_PRIVATE && text(body, 8) === "OpusHead") head = body;
    // Track number, time and flags come before the packet.
    if (BLOCKS.has(id) && body.length > 4) packets.push(body.subarray(4));
  }
  if (!head || packets.length === 0) return null;
  const skipped = head[10] | (head[11] << 8);
  const tags = new TextEncoder().encode("OpusTags\x0a\0\0\0playground\0\0\0\0");
  const pages = [page(2, 0n, 0, [head]), page(0, 0n, 1, [tags])];
  let position = skipped;
  let waiting = [];
  let segments = 0;
  packets.forEach((packet, index) => {
    waiting.push(packet);
    segments += Math.floor(packet.length / 255) + 1;
    position += samples(packet);
    const last = index === packets.length - 1;
    const next = last ? 0 : Math.floor(packets[index + 1].length / 255) + 1;
    if (!last && waiting.length < PACKETS_A_PAGE && segments + next <= 255) return;
    pages.push(page(last ? 4 : 0, BigInt(position), pages.length, waiting));
    waiting = [];
    segments = 0;
  });
  return { blob: new Blob(pages, { type: "audio/ogg" }), seconds: (position - skipped) / 48000 };
}

const text = (bytes, length) => String.fromCharCode(...bytes.subarray(0, length));

/** The elements of a WebM file, with containers opened. */
function* elements(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const id = number(bytes, at, false);
    const size = number(bytes, at + id.length, true);
    at += id.length + size.length;
    if (MASTERS.has(id.value)) continue;
    yield [id.value, bytes.subarray(at, at + size.value)];
    at += size.value;
  }
}

function number(bytes, at, masked) {
  const length = Math.clz32(bytes[at] || 1) - 23;
  let value = masked ? bytes[at] & (0xff >> length) : bytes[at];
  for (let index = 1; index < length; index += 1) value = value * 256 + (bytes[at + index] || 0);
  return { value, length };
}

/** The number of samples of a packet at 48 kHz. */
function samples(packet) {
  const config = packet[0] >> 3;
  const sizes = config < 12 ? [480, 960, 1920, 2880] : config < 16 ? [480, 960, 480, 960] : [120, 240, 480, 960];
  const frames = [1, 2, 2, packet[1] & 63][packet[0] & 3];
  return sizes[config & 3] * frames;
}

function page(flags, position, number, packets) {
  const lengths = packets.flatMap((packet) => [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]);
  const result = new Uint8Array(27 + lengths.length + packets.reduce((sum, packet) => sum + packet.length, 0));
  const view = new DataView(result.buffer);
  result.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  view.setBigUint64(6, position, true);
  view.setUint32(14, SERIAL, true);
  view.setUint32(18, number, true);
  result[26] = lengths.length;
  result.set(lengths, 27);
  let at = 27 + lengths.length;
  for (const packet of packets) {
    result.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, checksum(result), true);
  return result;
}

function checksum(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
