import type { PublishOptions } from '../../actors/ports/bus.ts';
import { ParleyError } from '../../machines/errors.ts';

/** NATS ends the connection at a protocol line of more than 4,096 bytes; it must fit two subjects and more. */
const MAX_SUBJECT_LENGTH = 1_024;

// Printable ASCII except the dot and the wildcards: accepted by every NATS server and client.
const TOKEN = String.raw`[!-)+-\-/-=?-~]+`;
const SUBJECT = new RegExp(`^${TOKEN}(?:\\.${TOKEN})*$`);
const PATTERN = new RegExp(`^(?:(?:${TOKEN}|\\*)\\.)*(?:${TOKEN}|\\*|>)$`);
const HEADER_NAME = /^[!-9;-~]+$/;
const HEADER_VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Throws BUS_SUBJECT unless `subject` is valid for publishing. */
export function checkSubject(subject: string): void {
  if (subject.length > MAX_SUBJECT_LENGTH || !SUBJECT.test(subject)) throw badSubject(subject);
}

/** Throws BUS_SUBJECT unless `pattern`, and the queue group `queue` if given, are valid for subscribing. */
export function checkPattern(pattern: string, queue: string | undefined): void {
  if (!isPattern(pattern)) throw badSubject(pattern);
  if (queue !== undefined) checkSubject(queue);
}

export function isPattern(text: string): boolean {
  return text.length <= MAX_SUBJECT_LENGTH && PATTERN.test(text);
}

/** True if the pattern can match more than one subject. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.endsWith('>');
}

/**
 * Throws BAD_FIELD unless the headers survive NATS unchanged: names of printable ASCII without a colon,
 * values of printable ASCII without space at either end. Throws BUS_PAYLOAD if the message is too large;
 * headers count, as they do for a NATS server.
 */
export function checkMessage(payload: Uint8Array, options: PublishOptions | undefined, maxPayload: number) {
  if (options?.reply !== undefined) checkSubject(options.reply);
  const headers = options?.headers ?? NO_HEADERS;
  let bytes = payload.byteLength;
  let first = true;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw new ParleyError('BAD_FIELD', `the header ${JSON.stringify(name)} is not plain ASCII`);
    }
    // "NATS/1.0\r\n" and the empty line once, "name: value\r\n" each.
    bytes += (first ? 12 : 0) + name.length + value.length + 4;
    first = false;
  }
  if (bytes > maxPayload) {
    throw new ParleyError('BUS_PAYLOAD', `${bytes} bytes with headers, ${maxPayload} allowed`);
  }
  return headers;
}

function badSubject(subject: string): ParleyError {
  return new ParleyError('BUS_SUBJECT', JSON.stringify(subject.slice(0, 100)));
}
