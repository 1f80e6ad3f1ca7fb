import { MASK } from '../../actors/dialog/mod.ts';
import { parseJson } from '../../machines/json.ts';

/** One message at a door, for people who look at it. */
export interface WireLine {
  readonly from: 'client' | 'server';
  /** JSON as it went over the wire with long base64 left out, or the length of a binary message. */
  readonly text: string;
}

/** Characters of a line. */
const MAX_CHARS = 4_000;
const BASE64 = /"([A-Za-z0-9+/]{120,}={0,2})"/gu;

/** What clients and this server say at their doors, for those who watch a session. Without a watcher a message costs one comparison. */
export class WireTaps {
  readonly #watchers = new Map<string, Set<(line: WireLine | undefined) => void>>();
  #outlines = false;

  /** From now on texts, arguments and results are left out of messages: users say secrets here. */
  outlineOnly(): void {
    this.#outlines = true;
  }

  /** Calls `watcher` with each message of the session, and with undefined at its end. Returns how to stop that. */
  watch(session: string, watcher: (line: WireLine | undefined) => void): () => void {
    const watchers = this.#watchers.get(session) ?? new Set();
    this.#watchers.set(session, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(session);
    };
  }

  /** Text is JSON: an object, its text or its bytes. `isBinary`: audio. */
  see(
    session: string | undefined,
    from: WireLine['from'],
    message: object | string | Uint8Array,
    isBinary = false,
  ): void {
    if (this.#watchers.size === 0 || session === undefined) return;
    const watchers = this.#watchers.get(session);
    if (!watchers) return;
    const line =
      message instanceof Uint8Array
        ? isBinary
          ? `<${message.byteLength} bytes>`
          : shortened(Buffer.from(message).toString())
        : shortened(typeof message === 'string' ? message : JSON.stringify(message));
    const text = this.#outlines && !isBinary ? outline(line) : line;
    for (const watcher of watchers) watcher({ from, text });
  }

  /** The session is over. */
  end(session: string): void {
    for (const watcher of this.#watchers.get(session) ?? []) watcher(undefined);
    this.#watchers.delete(session);
  }
}

/** Members that say what kind of message it is. */
const OUTLINE = /^(type|id|status|name|value|reason|code|session|state|role|object|event|.*_id)$/u;

/** The message with `••••` in the place of all texts and numbers but those of its kind. */
function outline(json: string): string {
  const hide = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => hide(one, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, hide(one, name)]));
    return OUTLINE.test(key) || typeof value === 'boolean' || value === null ? value : MASK;
  };
  const parsed = parseJson(json);
  return parsed === undefined ? `<${json.length} characters>` : JSON.stringify(hide(parsed, ''));
}

function shortened(json: string): string {
  const text = json.replace(BASE64, (_, base64: string) => `"<${base64.length} characters of base64>"`);
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}
