import { pause } from '../../actors/cancellation.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { StopSpotter } from '../../actors/ports/stop-spotter.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { VadEngine } from '../../actors/ports/vad.ts';
import { WINDOW } from '../../adapters/vad/speech-model.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { EvalSpotter } from './spotter.ts';

/** What an engine’s computation is taken to cost, ms of virtual time. The real one costs none: the clock waits for it. */
export interface ModelledLatency {
  readonly vadMs: number;
  /** From a piece of audio to the transcript that follows from it. */
  readonly sttMs: number;
  readonly llmMs: number;
  readonly ttsMs: number;
}

/** Waits for the work that an engine has been given; undefined if it has none. */
type Probe = () => Promise<void> | undefined;

/**
 * Virtual time for real engines. It advances only when none of them has work outstanding, so their results arrive at the
 * same virtual moment however fast the machine is.
 */
export class HeldTime {
  readonly clock = new VirtualClock({ settle: () => this.#settle() });
  readonly #latency: ModelledLatency;
  readonly #probes: Probe[] = [];
  #outstanding = 0;
  #onIdle: () => void = () => {};

  constructor(latency: ModelledLatency) {
    this.#latency = latency;
  }

  /** `vad`, whose windows are awaited before time advances. */
  vad(vad: VadEngine): VadEngine {
    const { windowSamples = WINDOW } = vad;
    return {
      ...{ name: vad.name, windowSamples, close: () => vad.close() },
      open: (onWindow, onError) => {
        let pushed = 0;
        let owed = 0;
        let open = true;
        let hurries = false;
        /** Where the audio ends whose early verdict is awaited; it counts as one sample. */
        let earlyAt: number | undefined;
        const owe = (samples: number) => {
          this.#outstanding += samples;
          owed += samples;
          if (this.#outstanding === 0) this.#onIdle();
        };
        const settle = (samples: number) => owe(-samples);
        const awaitEarly = (at: number | undefined) => {
          owe(Number(at !== undefined) - Number(earlyAt !== undefined));
          earlyAt = at;
        };
        const stream = vad.open(
          (window) => {
            this.clock.setTimer(this.#latency.vadMs, () => open && onWindow(window));
            if (window.judged === undefined) settle(windowSamples);
            else if (window.startSample + window.samples === earlyAt) awaitEarly(undefined);
          },
          (error) => {
            open = false;
            settle(owed);
            onError(error);
          },
        );
        return {
          push: (pcm) => {
            if (!open) return;
            const before = Math.floor(pushed / windowSamples);
            pushed += pcm.samples.length;
            const added = (Math.floor(pushed / windowSamples) - before) * windowSamples;
            owe(added);
            awaitEarly(hurries && pushed % windowSamples > 0 ? pushed : undefined);
            stream.push(pcm);
          },
          hurry: (on) => {
            hurries = on && stream.hurry !== undefined;
            stream.hurry?.(on);
          },
          close: () => {
            open = false;
            settle(owed);
            stream.close();
          },
        };
      },
    };
  }

  /** `stt`, whose decoding is awaited: `decoded` resolves when the engine has processed all audio that it took. */
  stt(stt: SttEngine, decoded: () => Promise<void>): SttEngine {
    let took = false;
    this.#probes.push(() => {
      if (!took) return undefined;
      took = false;
      return decoded();
    });
    const { clock } = this;
    const { sttMs } = this.#latency;
    return {
      ...stt,
      async *transcribe(audio, request, signal) {
        async function* watched() {
          for await (const piece of audio) {
            took = true;
            yield piece;
          }
          took = true;
        }
        for await (const event of stt.transcribe(watched(), request, signal)) {
          await pause(clock, sttMs, signal);
          yield event;
        }
      },
    };
  }

  /** `spotter`, which is waited for while it hears. */
  spotter(spotter: EvalSpotter): StopSpotter {
    this.#probes.push(() => spotter.heard());
    return spotter;
  }

  llm(llm: LlmEngine): LlmEngine {
    return {
      ...llm,
      reply: (request, signal) => this.#held(llm.reply(request, signal), this.#latency.llmMs, signal),
    };
  }

  tts(tts: TtsEngine): TtsEngine {
    return {
      ...tts,
      synthesize: (request, signal) =>
        this.#held(tts.synthesize(request, signal), this.#latency.ttsMs, signal),
    };
  }

  /** The events of `source`. Time waits for each, and the first comes `firstMs` later. */
  async *#held<Event>(
    source: AsyncIterable<Event>,
    firstMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<Event> {
    const events = source[Symbol.asyncIterator]();
    let first = true;
    try {
      for (;;) {
        const next = await this.#during(events.next());
        if (next.done) return;
        if (first) await pause(this.clock, firstMs, signal);
        first = false;
        yield next.value;
      }
    } finally {
      await events.return?.();
    }
  }

  async #during<T>(work: Promise<T>): Promise<T> {
    this.#outstanding++;
    try {
      return await work;
    } finally {
      this.#outstanding--;
      if (this.#outstanding === 0) this.#onIdle();
    }
  }

  async #settle(): Promise<void> {
    for (;;) {
      // Results and messages of the bus are handed on in promises; three turns let every chain of them end.
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      const decoding = this.#probes.flatMap((probe) => probe() ?? []);
      if (decoding.length === 0 && this.#outstanding === 0) return;
      await this.#working(decoding);
    }
  }

  async #working(decoding: readonly Promise<void>[]): Promise<void> {
    // Threads do not keep the process alive while their pool has no job for them.
    const alive = setInterval(() => {}, 60_000);
    await Promise.all(decoding);
    if (this.#outstanding > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    clearInterval(alive);
  }
}
