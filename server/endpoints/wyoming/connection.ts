import { type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { Door } from '../../door/door.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import type { Visit } from '../../door/visitor.ts';
import { closeCodeOf, NORMAL_CLOSURE } from '../../door/websocket/close-codes.ts';
import { InputFormat, isWhole } from './audio.ts';
import type { Conversations } from './conversations.ts';
import { type AudioFormat, type EventOf, MAX_SPOKEN_LENGTH } from './events.ts';
import { infoOf } from './info.ts';
import type { LinkOwner, WyomingLink } from './link.ts';
import type { WyomingParts } from './parts.ts';
import { Satellite } from './satellite.ts';
import { type Answers, MAX_UTTERANCE_MS, recognize, SpokenText, Utterance, type Voice } from './speech.ts';

/** Requests that may wait on one connection. */
const MAX_WAITING = 8;

type Work = (signal: AbortSignal) => Promise<void>;

/** A client that has connected: it asks for services, or is a satellite from its `run-pipeline` on. */
export class Connection implements LinkOwner {
  readonly #link: WyomingLink;
  readonly #door: Door;
  readonly #parts: WyomingParts;
  readonly #conversations: Conversations;
  readonly #answers: Answers;
  readonly #address: string;
  #visit: Visit | undefined;
  readonly #gone = new AbortController();
  /** Requests count as turns. */
  readonly #requests: TokenBucket;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Why the connection closes as soon as it has answered. */
  #leaving: { readonly error?: ErrorRecord } | undefined;
  #language: string;
  #utterance: Utterance | undefined;
  #format: { readonly given: AudioFormat; readonly input: InputFormat } | undefined;
  #stream: SpokenText | undefined;
  #satellite: Satellite | undefined;
  /** The answer to audio for a service that is not here: nothing was found in it. */
  #unheard: 'not-detected' | 'not-identified' | undefined;

  constructor(
    link: WyomingLink,
    address: string,
    door: Door,
    parts: WyomingParts,
    conversations: Conversations,
  ) {
    const { clock, limits } = door;
    this.#link = link;
    this.#address = address;
    this.#door = door;
    this.#parts = parts;
    this.#conversations = conversations;
    this.#language = parts.language;
    this.#answers = {
      send: (...event) => link.send(...event),
      drained: (signal) => link.drained(signal),
    };
    this.#requests = new TokenBucket(clock, { burst: limits.turnBurst, perSecond: limits.turnsPerSecond });
  }

  begin(): void {
    const link = this.#link;
    this.#visit = this.#door.arrive({
      address: this.#address,
      refuse: (code, detail) => {
        if (code === 'DRAINING' && this.#waiting > 0) this.#leave(new ParleyError(code, detail));
        else link.fail(code, detail);
      },
      terminate: () => {
        link.fail('DRAINING');
        link.terminate();
      },
    });
  }

  event(event: Parameters<LinkOwner['event']>[0]): void {
    if (this.#satellite?.takes(event)) return;
    const { type, data } = event;
    if (type === 'describe') this.#link.send('info', infoOf(this.#parts.offer));
    else if (type === 'transcribe') {
      this.#language = data.language ?? this.#parts.language;
      this.#unheard = undefined;
    } else if (type === 'detect') this.#unheard = 'not-detected';
    else if (type === 'identify') this.#unheard = 'not-identified';
    else if (this.#unheard && type.startsWith('audio-')) {
      if (type !== 'audio-stop') return;
      this.#link.send(this.#unheard);
      this.#unheard = undefined;
    } else if (type === 'audio-start') this.#beginUtterance(data);
    else if (type === 'audio-chunk') this.#hear(event);
    else if (type === 'audio-stop') this.#endUtterance();
    else if (type === 'synthesize') {
      // A stream is followed by its whole text, for servers that take no streams.
      if (!this.#stream) this.#synthesize(data);
    } else if (type === 'synthesize-start') this.#beginStream(data.voice);
    else if (type === 'synthesize-chunk') this.#addToStream(data.text);
    else if (type === 'synthesize-stop') this.#addToStream('', true);
    else if (type === 'transcript') this.#handle(data);
    else if (type === 'recognize') this.#recognize(data);
    else if (type === 'run-pipeline') this.#beSatellite(event);
  }

  ended(): void {
    if (this.#waiting === 0) this.#link.close();
    else this.#leave();
  }

  closed(): void {
    this.#gone.abort();
    this.#dropUtterance();
    this.#conversations.leave(this);
    this.#satellite?.close();
  }

  gone(error: ErrorRecord | undefined): void {
    this.#visit?.left(error ? closeCodeOf(error.code) : NORMAL_CLOSURE);
  }

  #beSatellite(event: EventOf<'run-pipeline'>): void {
    this.#dropUtterance();
    this.#visit?.admitted();
    this.#satellite = new Satellite(
      this.#link,
      this.#door,
      { ...this.#parts, address: this.#address },
      (error) => {
        if (error) this.#link.failWith(error);
        else this.#link.close();
      },
    );
    this.#satellite.takes(event);
  }

  #beginUtterance(given: AudioFormat): void {
    if (this.#utterance) {
      this.#complain('BAD_MESSAGE', 'audio-start during an utterance; send audio-stop first');
      return;
    }
    const utterance = new Utterance(this.#language);
    this.#language = this.#parts.language;
    const taken = this.#run(
      (signal) => utterance.transcribe(this.#parts, this.#answers, signal),
      () => utterance.finish(this.#answers),
    );
    if (!taken) return;
    this.#utterance = utterance;
    this.#format = { given, input: new InputFormat(given, this.#door.resamplers) };
  }

  #hear({ data, payload }: EventOf<'audio-chunk'>): void {
    const format = this.#format;
    if (!format) this.#complain('BAD_MESSAGE', 'audio-chunk without audio-start');
    else if (!format.input.matches(data))
      this.#complain('BAD_FIELD', 'audio-chunk: not the format of audio-start');
    else if (!isWhole(payload, data)) this.#complain('BAD_FIELD', 'audio-chunk: half a sample');
    else {
      this.#door.counters.audioMessagesIn += 1;
      if (this.#utterance?.add(format.input.convert(payload)) === false)
        this.#link.failWith(
          errorRecord(
            new ParleyError(
              'TOO_LARGE',
              `an utterance may have at most ${MAX_UTTERANCE_MS / 1_000} s; send audio-stop earlier`,
            ),
            'INTERNAL',
          ),
        );
    }
  }

  #endUtterance(): void {
    if (!this.#utterance) {
      this.#complain('BAD_MESSAGE', 'audio-stop without audio-start');
      return;
    }
    this.#utterance.add(this.#format?.input.convert(Buffer.alloc(0), true) ?? new Int16Array(0));
    this.#dropUtterance();
  }

  #dropUtterance(): void {
    this.#utterance?.audio.end();
    this.#utterance = undefined;
    this.#format?.input.close();
    this.#format = undefined;
  }

  #synthesize({ text, voice }: EventOf<'synthesize'>['data']): void {
    const spoken = new SpokenText(this.#parts.reply);
    spoken.add(text, true);
    this.#speak(spoken, voice);
  }

  #beginStream(voice: Voice): void {
    if (this.#stream) {
      this.#complain('BAD_MESSAGE', 'synthesize-start during a stream; send synthesize-stop first');
      return;
    }
    const stream = new SpokenText(this.#parts.reply);
    if (this.#speak(stream, voice, 'synthesize-stopped')) this.#stream = stream;
  }

  #addToStream(text: string, last = false): void {
    const stream = this.#stream;
    if (!stream) this.#complain('BAD_MESSAGE', 'synthesize-chunk or -stop without synthesize-start');
    else if (stream.length + text.length > MAX_SPOKEN_LENGTH) {
      this.#complain(
        'BAD_FIELD',
        `synthesize-chunk: the text is longer than ${MAX_SPOKEN_LENGTH} characters`,
      );
      stream.add('', true);
      this.#stream = undefined;
    } else stream.add(text, last);
    if (last) this.#stream = undefined;
  }

  #speak(text: SpokenText, voice: Voice, closing?: string): boolean {
    return this.#run(
      (signal) => text.speak(this.#parts, voice, this.#answers, signal),
      () => {
        this.#link.send('audio-stop');
        if (closing) this.#link.send(closing);
      },
    );
  }

  #handle({ text, language, context }: EventOf<'transcript'>['data']): void {
    const more = context ? { context } : {};
    const name = context?.conversation_id;
    let said = '';
    this.#run(
      async () => {
        const conversation = this.#conversations.of(typeof name === 'string' ? name : this, this.#address);
        await conversation.ask(text, language, (piece) => {
          if (said === '') this.#link.send('handled-start', more);
          said += piece;
          this.#link.send('handled-chunk', { text: piece });
        });
      },
      (failed) => {
        if (failed) this.#link.send('not-handled', { text: failed.message, ...more });
        else this.#link.send('handled', { text: said.trim(), ...more });
        if (said !== '') this.#link.send('handled-stop');
      },
    );
  }

  #recognize(request: EventOf<'recognize'>['data']): void {
    this.#run(
      (signal) => recognize(this.#parts, request, this.#answers, signal),
      (failed) => failed && this.#link.send('not-recognized', { text: failed.message }),
    );
  }

  /**
   * Does a request after earlier ones. `close` ends its answer, also after a failure. Returns false if there are too
   * many.
   */
  #run(work: Work, close: (failed: ErrorRecord | undefined) => void): boolean {
    const { signal } = this.#gone;
    const refusal = this.#refusal();
    const settle = (failed?: ErrorRecord) => {
      if (signal.aborted) return;
      if (failed) this.#link.complain(failed);
      close(failed);
    };
    if (refusal) {
      settle(refusal);
      return false;
    }
    this.#waiting += 1;
    this.#last = this.#last
      .then(() => work(signal))
      .then(
        () => settle(),
        (error) => settle(record(error)),
      )
      .catch((error) => this.#link.failWith(record(error)))
      .then(() => {
        this.#waiting -= 1;
        if (this.#leaving && this.#waiting === 0) this.#depart(this.#leaving.error);
      });
    return true;
  }

  #refusal(): ParleyError | undefined {
    const { limits, admission } = this.#door;
    if (this.#leaving) return new ParleyError('DRAINING');
    if (this.#waiting >= MAX_WAITING)
      return new ParleyError(
        'TOO_FAST',
        `${MAX_WAITING} requests of this connection wait; wait for an answer`,
      );
    if (!this.#requests.take(1))
      return new ParleyError(
        'TOO_FAST',
        `more than ${limits.turnsPerSecond} requests a second after ${limits.turnBurst} at once; send it again later`,
      );
    return admission.refusal('turn');
  }

  /** Closes when the requests are answered, or after the drain grace. */
  #leave(error?: ErrorRecord): void {
    this.#leaving = { ...(error && { error }) };
    // What is still being said will not be finished.
    this.#dropUtterance();
    this.#stream?.add('', true);
    this.#stream = undefined;
    const { clock, limits } = this.#door;
    const grace = clock.setTimer(limits.drainGraceMs, () => this.#depart(error));
    this.#gone.signal.addEventListener('abort', () => grace.cancel(), { once: true });
  }

  #depart(error?: ErrorRecord): void {
    if (error) this.#link.failWith(error);
    else this.#link.close();
  }

  #complain(code: 'BAD_MESSAGE' | 'BAD_FIELD', detail: string): void {
    this.#link.complain(new ParleyError(code, detail));
  }
}

function record(thrown: unknown): ErrorRecord {
  return errorRecord(thrown, 'INTERNAL');
}
