import { createHash } from 'node:crypto';
import type { LogEntry } from '../../machines/log.ts';

const EMPTY = 0x9e3779b9;
const ABSENT = 0x85ebca6b;
const LIST = 0xc2b2ae35;
const OBJECT = 0x27d4eb2f;
const YES = 0x165667b1;
const NO = 0x2c1b3c6d;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * Fingerprint of the ordered log of a seed: two times 32 bits, mixed as entries come, because turning a hundred entries
 * per turn into text would cost more than the machine itself. It does not protect against forgery. An object's members
 * count in the order of creation, which is the same for the same code.
 */
export class LogHash {
  #a = 0x811c9dc5;
  #b = EMPTY;

  add(entry: LogEntry): void {
    this.#value(entry);
  }

  /** SHA-256 over the fingerprint, hex. */
  digest(): string {
    return createHash('sha256')
      .update(`${this.#a >>> 0} ${this.#b >>> 0}`)
      .digest('hex');
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.#mix(value ? YES : NO);
        return;
      case 'object':
        if (value === null) this.#mix(ABSENT);
        else if (Array.isArray(value)) this.#list(value);
        else this.#members(value);
        return;
      default:
        this.#mix(EMPTY);
    }
  }

  #list(items: readonly unknown[]): void {
    this.#mix(LIST ^ items.length);
    for (let i = 0; i < items.length; i++) this.#value(items[i]);
  }

  #members(of: object): void {
    this.#mix(OBJECT);
    for (const key in of) {
      this.#text(key);
      this.#value(of[key as keyof object]);
    }
    this.#mix(OBJECT);
  }

  #number(value: number): void {
    if ((value | 0) === value) {
      this.#mix(value);
      return;
    }
    double[0] = value;
    this.#mix(words[0] ?? 0);
    this.#mix(words[1] ?? 0);
  }

  /** FNV-1a over the units of the text, and its length. */
  #text(text: string): void {
    let a = this.#a;
    for (let i = 0; i < text.length; i++) a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    this.#a = a;
    this.#mix(text.length);
  }

  #mix(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x01000193);
    this.#a = a ^ (a >>> 15);
    this.#b = Math.imul(this.#b + this.#a, 0x85ebca77) ^ (this.#b >>> 13);
  }
}
