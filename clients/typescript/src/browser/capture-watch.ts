/** What can happen to the capture of a microphone. Safari has `interrupted`: a call, or another page that takes the device. */
export type CaptureState = AudioContextState | 'interrupted';

export interface CaptureWatchEvents {
  /** The context captures no more, and resuming it would not help: another one is needed. */
  onBroken(): void;
}

/** What a user does that allows a page to start audio. */
const GESTURES = ['pointerdown', 'pointerup', 'touchend', 'keydown', 'click'] as const;
/** A running context that delivers nothing for this long is broken, ms. */
const SILENT_MS = 3_000;
const LOOK_MS = 1_000;

/**
 * Watches the context of an open microphone. One that is suspended is resumed, at once and at the user's next gesture; one that
 * was interrupted, closed or delivers nothing any more is reported as broken, because browsers leave it silent.
 */
export class CaptureWatch {
  readonly #context: AudioContext;
  readonly #events: CaptureWatchEvents;
  readonly #over = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #interrupted = false;
  #frameAtMs = performance.now();
  #lookedAtMs = performance.now();

  constructor(context: AudioContext, events: CaptureWatchEvents) {
    this.#context = context;
    this.#events = events;
    const { signal } = this.#over;
    context.addEventListener('statechange', () => this.#look(), { signal });
    for (const gesture of GESTURES)
      document.addEventListener(gesture, () => this.#resume(), { signal, capture: true, passive: true });
    document.addEventListener('visibilitychange', () => this.#resume(), { signal });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#look();
  }

  /** Audio has arrived. */
  heard(): void {
    this.#frameAtMs = performance.now();
  }

  close(): void {
    this.#over.abort();
    clearInterval(this.#timer);
  }

  get #state(): CaptureState {
    return this.#context.state;
  }

  #look(): void {
    if (this.#over.signal.aborted) return;
    const nowMs = performance.now();
    // The page itself stood still: its frames wait behind this call.
    if (nowMs - this.#lookedAtMs > SILENT_MS) this.#frameAtMs = nowMs;
    this.#lookedAtMs = nowMs;
    switch (this.#state) {
      case 'interrupted':
        this.#interrupted = true;
        break;
      case 'closed':
        this.#broken();
        break;
      case 'suspended':
        if (this.#interrupted) this.#broken();
        else this.#resume();
        break;
      case 'running':
        if (this.#interrupted || performance.now() - this.#frameAtMs > SILENT_MS) this.#broken();
    }
  }

  /** Rejects or stays pending while the browser wants a gesture; the next one tries again. */
  #resume(): void {
    if (document.visibilityState === 'hidden') return;
    // Nothing arrives while it is suspended, and that is not a fault.
    if (this.#state !== 'running') this.#frameAtMs = performance.now();
    // A page cannot end an interruption, but a gesture shows that the user is back.
    if (this.#state === 'interrupted') this.#interrupted = true;
    if (this.#state === 'suspended' || this.#state === 'interrupted') this.#context.resume().catch(() => {});
  }

  #broken(): void {
    this.close();
    this.#events.onBroken();
  }
}
