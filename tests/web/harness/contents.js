/** Small real files. */

import { deflateSync, crc32 } from "node:zlib";

/**
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => [number, number, number]} colour of a point in the unit square
 */
export function png(width, height, colour) {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0, at = 0; y < height; y += 1) {
    at += 1;
    for (let x = 0; x < width; x += 1)
      for (const part of colour(x / width, y / height)) rows[at++] = Math.max(0, Math.min(255, part));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const chunks = [pngChunk("IHDR", head), pngChunk("IDAT", deflateSync(rows)), pngChunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...chunks]);
}

/**
 * @param {string} type
 * @param {Buffer} data
 */
function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** @param {number} seconds of a tone */
export function wav(seconds) {
  const rate = 8000;
  const data = Buffer.alloc(seconds * rate * 2);
  for (let index = 0; index < seconds * rate; index += 1) data.writeInt16LE(Math.round(9000 * Math.sin(index / 12)), index * 2);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/**
 * @param {string} words on its only page
 * @param {string} [chinese] below them, with a check mark; their font and encoding are not in the file
 */
export function pdf(words, chinese = "") {
  const code = Buffer.from(chinese, "utf16le").swap16().toString("hex");
  const more = chinese && ` /F2 24 Tf 0 -100 Td <${code}> Tj /F3 24 Tf 0 -100 Td (4) Tj`;
  const content = `BT /F1 24 Tf 40 300 Td (${words}) Tj${more} ET`;
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R/F3 7 0 R>>>>>>",
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    "<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[8 0 R]>>",
    "<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>",
    "<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj${object}endobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF`;
  return Buffer.from(file);
}

/**
 * A short film, recorded by the browser itself.
 * @param {import("playwright-core").Page} page
 */
export async function webm(page) {
  const base64 = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const context = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    for (let frame = 0; frame < 12; frame += 1) {
      if (context) context.fillStyle = `hsl(${frame * 30} 80% 50%)`;
      context?.fillRect(0, 0, 64, 64);
      await new Promise(requestAnimationFrame);
    }
    recorder.stop();
    await stopped;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  });
  return Buffer.from(base64, "base64");
}

/**
 * A picture that browsers do not show.
 * @param {number} width
 * @param {number} height
 */
export function tiff(width, height) {
  const strip = Buffer.alloc(width * height * 3, Buffer.from([40, 130, 200]));
  /** @type {[number, number, number][]} tag, type (3: 16 bits, 4: 32 bits) and value */
  const fields = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 2],
    [273, 4, 8],
    [277, 3, 3],
    [278, 4, height],
    [279, 4, strip.length],
  ];
  const directory = Buffer.alloc(2 + 12 * fields.length + 4);
  directory.writeUInt16LE(fields.length, 0);
  for (const [index, [tag, type, value]] of fields.entries()) {
    const at = 2 + 12 * index;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  const head = Buffer.from("49492a0000000000", "hex");
  head.writeUInt32LE(8 + strip.length, 4);
  return Buffer.concat([head, strip, directory]);
}

/**
 * A second of silence with tags and a cover.
 * @param {{ title: string, artist: string, cover: Buffer }} tags `cover` is a PNG
 */
export function mp3({ title, artist, cover }) {
  const frame = (/** @type {string} */ id, /** @type {Buffer} */ body) => {
    const head = Buffer.alloc(10);
    head.write(id);
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body]);
  };
  const words = (/** @type {string} */ value) => Buffer.from(`\0${value}`, "latin1");
  const tags = Buffer.concat([
    frame("TIT2", words(title)),
    frame("TPE1", words(artist)),
    frame("APIC", Buffer.concat([Buffer.from("\0image/png\0\u0003\0", "latin1"), cover])),
  ]);
  const head = Buffer.from("49443303000000000000", "hex");
  // Seven bits in each byte of the size.
  for (let at = 0; at < 4; at += 1) head[6 + at] = (tags.length >> (7 * (3 - at))) & 0x7f;
  // MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono; all zeros are silence.
  const silence = Buffer.alloc(104);
  silence.set([0xff, 0xfb, 0x10, 0xc4]);
  return Buffer.concat([head, tags, ...Array.from({ length: 40 }, () => silence)]);
}

/** @param {Record<string, Buffer>} files by name, stored as they are */
export function zip(files) {
  let offset = 0;
  const parts = Object.entries(files).map(([name, content]) => {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x5b21, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), fields, Buffer.from(name), content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    offset += local.length;
    return { local, central: Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), fields, rest, Buffer.from(name)]) };
  });
  const central = Buffer.concat(parts.map((part) => part.central));
  const end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4);
  end.writeUInt16LE(parts.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts.map((part) => part.local), central, Buffer.from("PK\u0005\u0006"), end]);
}

/** @param {Record<string, Buffer>} files by name */
export function tar(files) {
  const parts = Object.entries(files).map(([name, content]) => tarEntry(name, "0", content));
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/**
 * @param {string} name
 * @param {string} type a letter or digit
 * @param {Buffer} content
 * @param {number} [size] as it is written, where that is another one
 */
export function tarEntry(name, type, content, size = content.length) {
  const head = Buffer.alloc(512);
  head.write(name, 0, 100);
  head.write("0000644\0", 100);
  head.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  head.write(`${(1_780_000_000).toString(8).padStart(11, "0")}\0`, 136);
  head.write("        ", 148);
  head.write(type, 156);
  head.write("ustar\0" + "00", 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([head, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
