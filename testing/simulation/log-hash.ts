import { createHash } from 'node:crypto';
import { canonicalJson } from '../../machines/canonical.ts';
import type { LogEntry } from '../../machines/log.ts';

/** Text is hashed in pieces of about this many characters. */
const PIECE = 65_536;

/** A running SHA-256 over the ordered log of a seed, as canonical JSON, one entry a line. */
export class LogHash {
  readonly #hash = createHash('sha256');
  #lines: string[] = [];
  #length = 0;

  add(entry: LogEntry): void {
    const line = textOf(entry);
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= PIECE) this.#flush();
  }

  /** Hex. Nothing can be added after it. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#length = 0;
  }
}

/** Frames, the most common entries, are written by hand. */
function textOf(entry: LogEntry): string {
  if (entry.type !== 'frame') return canonicalJson(entry);
  const { atMs, generation, samples, seq } = entry;
  return `{"atMs":${atMs},"generation":${generation},"samples":${samples},"seq":${seq},"type":"frame"}`;
}
