"use strict";
// Files as they are dropped: compressed ones and the files of a zip, as streams of text.

const HEAD_BYTES = 1 << 20; // from which the form of a file is read
const SLICE_BYTES = 1 << 18; // that are worked on without a breath
const KINDS = [ // the first bytes of a file, what it is, and how a browser unpacks it
  ["1f8b", "gzip", "gzip"], ["504b0304", "zip"], ["504b0506", "zip"], ["50415231", "Parquet"],
  ["425a68", "bzip2"], ["fd377a", "xz"],
];

async function bytesOf(blob, from, until) {
  return new Uint8Array(await blob.slice(from, until).arrayBuffer());
}

/** Return what a file is by its first bytes: an entry of `KINDS`, or [] where it is plain. */
async function kindOf(blob) {
  const first = Array.from(await bytesOf(blob, 0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return KINDS.find(([start]) => first.join("").startsWith(start)) ?? [];
}

/** Return the files of what was dropped, those in folders among them. */
async function droppedFiles(transfer) {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()), files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const called = (take) => new Promise((resolve, reject) => { take(resolve, reject); });
  const filesIn = async (entry) => {
    if (entry.isFile) return [await called((...answers) => entry.file(...answers))];
    const reader = entry.createReader(), found = [];
    for (;;) { // a browser answers with a hundred at once
      const more = await called((...answers) => reader.readEntries(...answers));
      if (!more.length) break;
      found.push(...more);
    }
    return (await Promise.all(found.map(filesIn))).flat();
  };
  return (await Promise.all(entries.map(filesIn))).flat();
}

/** Return {name, size, stream()} of each file, those of a zip one by one, hidden ones left out. */
async function unpack(files) {
  const found = [];
  for (const file of files) {
    const [, kind, format] = await kindOf(file);
    if (kind === "zip") {
      found.push(...await entriesOf(file));
    } else if (kind && !format) {
      throw new Error(`${file.name} is a ${kind} file, which the page does not read; use the ` +
        "command: harmodels classify");
    } else {
      const stream = () => format
        ? file.stream().pipeThrough(new DecompressionStream(format)) : file.stream();
      found.push({ name: file.name, size: file.size, stream });
    }
  }
  return found.filter(({ name }) => !/(^|\/)(\.|__MACOSX\/)/.test(name));
}

/** Return the files of a zip by its central directory. */
async function entriesOf(zip) {
  const at = Math.max(0, zip.size - 65558), tail = await bytesOf(zip, at);
  const view = new DataView(tail.buffer);
  let end = tail.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error(`${zip.name} is a zip that is cut off`);
  const start = view.getUint32(end + 16, true);
  const directory = new DataView(
    (await bytesOf(zip, start, start + view.getUint32(end + 12, true))).buffer);
  const entries = [];
  for (let i = 0; i + 46 <= directory.byteLength;) {
    const short = (offset) => directory.getUint16(i + offset, true);
    const long = (offset) => directory.getUint32(i + offset, true);
    const method = short(10), packed = long(20), size = long(24), header = long(42);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, i + 46, short(28)));
    i += 46 + short(28) + short(30) + short(32);
    if (name.endsWith("/")) continue;
    if (![0, 8].includes(method) || header === 0xffffffff) {
      throw new Error(`${zip.name} is packed in a way that the page does not read; unpack it first`);
    }
    const local = new DataView((await bytesOf(zip, header, header + 30)).buffer);
    const data = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    const blob = zip.slice(data, data + packed);
    const stream = () => method
      ? blob.stream().pipeThrough(new DecompressionStream("deflate-raw")) : blob.stream();
    entries.push({ name, size, stream });
  }
  return entries;
}

/** Yield the bytes of a file in slices. */
async function* slicesOf(file) {
  const reader = file.stream().getReader(); // no browser of today lacks it, as `for await` some do
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Error(`${file.name} cannot be unpacked: it is damaged or cut short; bring a whole copy`);
      });
      if (done) return;
      for (let at = 0; at < value.length; at += SLICE_BYTES) yield value.subarray(at, at + SLICE_BYTES);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Return the first bytes of a file. */
async function headOf(file) {
  const parts = [];
  let size = 0;
  for await (const part of slicesOf(file)) {
    parts.push(part);
    if ((size += part.length) >= HEAD_BYTES) break;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer()).subarray(0, HEAD_BYTES);
}

/** Yield the text of a file in pieces; `onBytes` hears how many bytes were unpacked. */
async function* textOf(file, encoding, onBytes) {
  const decoder = new TextDecoder(encoding);
  let bytes = 0;
  for await (const part of slicesOf(file)) {
    onBytes(bytes += part.length);
    yield decoder.decode(part, { stream: true });
  }
  yield decoder.decode();
}
