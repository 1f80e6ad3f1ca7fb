/** Frames of the Wyoming protocol: a line of JSON, then `data_length` bytes of JSON, then `payload_length` bytes. */
import { z } from 'zod';
import { ERRORS, type ErrorCode, type ErrorRecord } from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';
import { WIRE_LIMITS } from '../../machines/wire.ts';

/** Version of the protocol that this server writes into its headers: streaming came with 1.7. */
const VERSION = '1.7.2';
const NEWLINE = 0x0a;
/** Eight seconds of 16-bit audio at 16 kHz. */
export const MAX_PAYLOAD_BYTES = 262_144;
const MAX_TYPE_LENGTH = 64;

const header = z.object({
  type: z.string().min(1).max(MAX_TYPE_LENGTH),
  data: z.record(z.string(), z.unknown()).nullish(),
  data_length: z.int().min(0).nullish(),
  payload_length: z.int().min(0).nullish(),
});

export interface WyomingEvent {
  readonly type: string;
  /** Of the header and of the separate block, which takes precedence. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Empty if there is none. */
  readonly payload: Buffer;
}

/** One event as bytes, for one write. */
export function encodeEvent(type: string, data: object = {}, payload?: Uint8Array): Buffer {
  const json = JSON.stringify(data);
  const block = Buffer.from(json === '{}' ? '' : json);
  const line = JSON.stringify({
    ...{ type, version: VERSION },
    ...(block.byteLength > 0 && { data_length: block.byteLength }),
    ...(payload && payload.byteLength > 0 && { payload_length: payload.byteLength }),
  });
  return Buffer.concat([Buffer.from(`${line}\n`), block, ...(payload ? [payload] : [])]);
}

interface Header {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dataBytes: number;
  readonly payloadBytes: number;
}

/** Cuts a stream of bytes into events. After a broken frame nothing more can be read. */
export class Framer {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The header whose data and payload are being read. */
  #header: Header | undefined;

  /** True in the middle of an event. */
  get isPartial(): boolean {
    return this.#bytes > 0 || this.#header !== undefined;
  }

  /** Calls `take` with each event that is complete. Returns what is wrong with the frame, if anything is. */
  push(chunk: Buffer, take: (event: WyomingEvent) => void): ErrorRecord | undefined {
    let rest = chunk;
    for (;;) {
      if (!this.#header) {
        const end = rest.indexOf(NEWLINE);
        const line = this.#add(end < 0 ? rest : rest.subarray(0, end));
        if (this.#bytes > WIRE_LIMITS.messageBytes) return tooLarge('the header', WIRE_LIMITS.messageBytes);
        if (end < 0) return undefined;
        rest = rest.subarray(end + 1);
        const parsed = headerOf(line().toString());
        if ('code' in parsed) return parsed;
        this.#header = parsed;
      }
      const { type, data, dataBytes, payloadBytes } = this.#header;
      const wanted = dataBytes + payloadBytes - this.#bytes;
      const body = this.#add(rest.subarray(0, wanted));
      if (rest.byteLength < wanted) return undefined;
      rest = rest.subarray(wanted);
      const all = body();
      const block = dataBytes > 0 ? parseJson(all.subarray(0, dataBytes).toString()) : {};
      if (typeof block !== 'object' || block === null || Array.isArray(block))
        return broken('BAD_MESSAGE', `the data of ${type} must be a JSON object`);
      this.#header = undefined;
      take({ type, data: { ...data, ...block }, payload: all.subarray(dataBytes) });
      if (rest.byteLength === 0) return undefined;
    }
  }

  /** Adds a piece to those that wait. The function takes them all. */
  #add(piece: Buffer): () => Buffer {
    if (piece.byteLength > 0) this.#pieces.push(piece);
    this.#bytes += piece.byteLength;
    return () => {
      const [only] = this.#pieces;
      const all = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#bytes = 0;
      return all;
    };
  }
}

function headerOf(line: string): Header | ErrorRecord {
  const { data: parsed, error } = header.safeParse(parseJson(line));
  if (error)
    return broken('BAD_MESSAGE', 'each event begins with a line of JSON such as {"type":"describe"}');
  const { type, data, data_length, payload_length } = parsed;
  const [dataBytes, payloadBytes] = [data_length ?? 0, payload_length ?? 0];
  if (dataBytes > WIRE_LIMITS.messageBytes) return tooLarge('data_length', WIRE_LIMITS.messageBytes);
  if (payloadBytes > MAX_PAYLOAD_BYTES) return tooLarge('payload_length', MAX_PAYLOAD_BYTES);
  return { type, data: data ?? {}, dataBytes, payloadBytes };
}

function tooLarge(what: string, most: number): ErrorRecord {
  return broken('TOO_LARGE', `${what} of an event may be at most ${most} bytes; send smaller events`);
}

function broken(code: ErrorCode, detail: string): ErrorRecord {
  return { code, message: `${ERRORS[code]}: ${detail}` };
}
