/** `png` of the rosbridge protocol: a text as the pixels of an RGB image, padded with new lines. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const CHANNELS = 3;
const RGB_8_BIT = [8, 2, 0, 0, 0];
const PADDING = 0x0a;

/** Returns the image in base64. */
export function pngOf(text: string): string {
  const bytes = Buffer.from(text);
  const width = Math.max(1, Math.floor(Math.sqrt(bytes.byteLength / CHANNELS)));
  const height = Math.max(1, Math.ceil(bytes.byteLength / CHANNELS / width));
  const row = width * CHANNELS;
  const rows = Buffer.alloc(height * (row + 1), PADDING);
  for (let y = 0; y < height; y++) {
    rows[y * (row + 1)] = 0; // unfiltered
    bytes.copy(rows, y * (row + 1) + 1, y * row, (y + 1) * row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(RGB_8_BIT, 8);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([SIGNATURE, ...parts]).toString('base64');
}

/** Returns the text of an image in base64, or undefined if it is not such an image of at most `maxBytes`. */
export function textOfPng(base64: string, maxBytes: number): string | undefined {
  const png = Buffer.from(base64, 'base64');
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const data: Buffer[] = [];
  let header: Buffer | undefined;
  for (let at = SIGNATURE.length; at + 12 <= png.byteLength; ) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.byteLength) return undefined;
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = png.subarray(at + 8, end);
    if (type === 'IDAT') data.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  if (header?.byteLength !== 13 || !header.subarray(8).equals(Buffer.from(RGB_8_BIT))) return undefined;
  const [row, height] = [header.readUInt32BE(0) * CHANNELS, header.readUInt32BE(4)];
  if ((row + 1) * height > maxBytes) return undefined;
  try {
    const rows = inflateSync(Buffer.concat(data), { maxOutputLength: (row + 1) * height });
    return unfiltered(rows, row, height)?.toString().trimEnd();
  } catch {
    return undefined; // not what deflate wrote
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(data.byteLength + 12);
  whole.writeUInt32BE(data.byteLength, 0);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.byteLength)), 8 + data.byteLength);
  return whole;
}

/** Undoes the filters of PNG (ISO/IEC 15948, 9.2), by which encoders make rows smaller. */
function unfiltered(rows: Buffer, row: number, height: number): Buffer | undefined {
  if (rows.byteLength !== (row + 1) * height) return undefined;
  const out = Buffer.alloc(row * height);
  const at = (y: number, x: number) => (y < 0 || x < 0 ? 0 : (out[y * row + x] ?? 0));
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (row + 1)];
    for (let x = 0; x < row; x++) {
      const [left, up, corner] = [
        at(y, x - CHANNELS),
        at(y - 1, x),
        x < CHANNELS ? 0 : at(y - 1, x - CHANNELS),
      ];
      let predicted = 0;
      if (filter === 1) predicted = left;
      else if (filter === 2) predicted = up;
      else if (filter === 3) predicted = (left + up) >> 1;
      else if (filter === 4) predicted = nearest(left, up, corner);
      else if (filter !== 0) return undefined;
      out[y * row + x] = (rows[y * (row + 1) + 1 + x] ?? 0) + predicted;
    }
  }
  return out;
}

/** The Paeth predictor. */
function nearest(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
