import type { SttEngine, SttEvent } from '../../actors/ports/stt.ts';
import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import { Listener, type Vocabulary } from './engines.ts';

type Utterance = AsyncIterable<Pcm<PipelineRate>>;

/** Checks what a chain of recognisers understands against the audio that it was given. */
export class Transcripts {
  readonly #said: Vocabulary;
  readonly #found: (what: string) => void;
  /** Transcripts of engines that finished before the utterance was over. */
  readonly #early = new Set<string>();

  constructor(said: Vocabulary, found: (what: string) => void) {
    this.#said = said;
    this.#found = found;
  }

  /** A healthy engine hears an utterance. */
  async *note(
    audio: Utterance,
    transcribe: (heard: Utterance) => AsyncIterable<SttEvent>,
  ): AsyncGenerator<SttEvent, void, void> {
    let whole = false;
    async function* heard() {
      yield* audio;
      whole = true;
    }
    for await (const event of transcribe(heard())) {
      if (event.type === 'final' && !whole) this.#early.add(event.text);
      yield event;
    }
  }

  /**
   * Whichever engines heard an utterance, its whole text must be recognised, or its beginning if it was judged over
   * early.
   */
  check(chain: SttEngine): SttEngine {
    return { ...chain, transcribe: (...request) => this.#transcribe(chain, ...request) };
  }

  async *#transcribe(
    chain: SttEngine,
    ...[audio, request, signal]: Parameters<SttEngine['transcribe']>
  ): AsyncGenerator<SttEvent, void, void> {
    const listener = new Listener(this.#said);
    async function* overheard() {
      for await (const piece of audio) {
        for (const _text of listener.hear(piece.samples));
        yield piece;
      }
    }
    for await (const event of chain.transcribe(overheard(), request, signal)) {
      if (event.type === 'final') this.#judge(event.text, listener.text);
      yield event;
    }
  }

  #judge(understood: string, said: string): void {
    if (understood === said || (this.#early.has(understood) && said.startsWith(understood))) return;
    this.#found(`'${understood}' was understood of '${said}'`);
  }
}
