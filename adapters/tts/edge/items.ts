import { ParleyError } from '../../../machines/errors.ts';

/** What comes of a request, in order. */
export type EdgeItem =
  | { readonly type: 'mp3'; readonly bytes: Uint8Array }
  | { readonly type: 'metadata'; readonly json: string };

/** 20 minutes at 48 kbit/s: far more than any segment; the socket cannot be told to wait. */
const MAX_BYTES = 8 << 20;

/** A queue between the socket's events and a reader. What came before an end or an error is still read. */
export class EdgeItems {
  readonly #items: EdgeItem[] = [];
  #bytes = 0;
  #end: { readonly error?: Error } | undefined;
  #wake: (() => void) | undefined;

  push(item: EdgeItem): void {
    if (this.#end) return;
    this.#bytes += item.type === 'mp3' ? item.bytes.byteLength : item.json.length;
    if (this.#bytes > MAX_BYTES) {
      this.fail(new ParleyError('ENGINE_PROTOCOL', `the answer is longer than ${MAX_BYTES} bytes`));
      return;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** True if the end came, and no error before it. */
  get ended(): boolean {
    return this.#end !== undefined && !this.#end.error;
  }

  /** The next item, undefined at the end. For one reader. */
  async next(): Promise<EdgeItem | undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item) return item;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
