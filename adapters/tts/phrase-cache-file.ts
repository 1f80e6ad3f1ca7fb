import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TtsEvent } from '../../actors/ports/tts.ts';
import { parseJson } from '../../machines/json.ts';

export type PhraseMark = Exclude<TtsEvent, { type: 'audio' }>;

/** A complete synthesis. */
export interface Phrase {
  /** In Hz. */
  readonly rate: number;
  readonly samples: Int16Array;
  /** In the order of their samples. */
  readonly marks: readonly PhraseMark[];
}

const count = z.int().min(0);
const header = z.object({
  key: z.string(),
  rate: z.int().min(1_000).max(384_000),
  samples: count,
  marks: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('word'), sample: count, offset: count, length: count }),
      z.object({ type: z.literal('phoneme'), sample: count, phoneme: z.string(), viseme: count.max(21) }),
    ]),
  ),
});

/** Files of version 1 may contain replies to users, so they are not read; files that are not read are deleted. */
const MAGIC = Buffer.from('parley phrase 2\n');
const HASH_BYTES = 32;
const SIZE_BYTES = 4;

/** Magic, SHA-256 of the rest, length of the header (u32, little endian), header (JSON), then the samples as PCM16LE.
 */
export function encodePhrase(key: string, { rate, samples, marks }: Phrase): Buffer {
  const json = Buffer.from(
    JSON.stringify({ key, rate, samples: samples.length, marks: [...marks] } satisfies z.input<
      typeof header
    >),
  );
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeUInt32LE(json.length);
  const pcm = Buffer.alloc(samples.length * 2);
  for (let i = 0; i < samples.length; i++) pcm.writeInt16LE(samples[i] ?? 0, 2 * i);
  const body = Buffer.concat([size, json, pcm]);
  return Buffer.concat([MAGIC, sha256(body), body]);
}

/** Undefined if the file is damaged or is not a phrase. */
export function decodePhrase(bytes: Buffer): { readonly key: string; readonly phrase: Phrase } | undefined {
  const start = MAGIC.length + HASH_BYTES;
  const body = bytes.subarray(start);
  if (body.length < SIZE_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (!sha256(body).equals(bytes.subarray(MAGIC.length, start))) return undefined;
  const pcmAt = SIZE_BYTES + body.readUInt32LE();
  const parsed = header.safeParse(parseJson(body.toString('utf8', SIZE_BYTES, pcmAt)));
  if (!parsed.success) return undefined;
  const { key, rate, samples: length, marks } = parsed.data;
  if (body.length !== pcmAt + 2 * length) return undefined;
  const samples = new Int16Array(length);
  for (let i = 0; i < length; i++) samples[i] = body.readInt16LE(pcmAt + 2 * i);
  return { key, phrase: { rate, samples, marks } };
}

export function fileNameOf(key: string): string {
  return `${sha256(Buffer.from(key)).toString('hex')}.phrase`;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
