import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { errorFrom, ParleyError } from '../../machines/errors.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { TurnEnd } from '../../machines/session/events.ts';
import type { Modality } from '../../machines/wire.ts';
import { AsyncQueue } from '../async-queue.ts';
import { Backoff } from '../backoff.ts';
import type { CheckCall } from '../calls/call-check.ts';
import { aborted, throwIfAborted } from '../cancellation.ts';
import { asParleyError } from '../chain/attempt.ts';
import { type ChainOptions, chainLlm, chainStt } from '../chain/mod.ts';
import type { EngineClients, RpcScope } from '../engine-rpc/mod.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../ports/llm.ts';
import type { ResamplerFactory } from '../ports/resampler.ts';
import type { SpeechEngine } from '../ports/speech.ts';
import type { SttEngine, SttEvent } from '../ports/stt.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { readingVoice } from '../reply/reading-voice.ts';
import { Link } from './link.ts';
import { CHAR_MS, SpokenReply } from './spoken-reply.ts';
import { wantedItems } from './wanted.ts';

/** How sessions use a speech engine. */
export interface SpeechParameters {
  readonly engine: SpeechEngine;
  /** What happens to a reply that breaks off; see chainLlm. */
  readonly brokenReply?: 'fail' | 'end';
  readonly onEvent?: ChainOptions['onEvent'];
}

export interface SpeechSessionOptions extends SpeechParameters {
  readonly clock: Clock;
  readonly resamplers: ResamplerFactory;
  readonly parameters: Pick<SessionParameters, 'words' | 'reading'>;
  readonly language: string;
  readonly output?: Modality;
  /** Compares the model's calls with the schemas of their tools. */
  readonly check: CheckCall;
  /** What answers while the model cannot. */
  readonly engines: EngineClients;
  /** Reports a lost connection, and one that cannot be made. */
  readonly onProblem: (error: ParleyError) => void;
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Replies whose audio may still be wanted: the present one, and a speculation. */
const REPLIES = 4;
/** While only audio comes, an empty text says that the reply goes on, ms. */
const ALIVE_MS = 1_000;
/** Responses of one reply: after a call without a reported result, the model goes on. */
const MAX_ROUNDS = 4;

/** What a character lasts in an engine's voice, ms, as its last reply shows. */
const paces = new WeakMap<SpeechEngine, number>();

interface Reply {
  readonly spoken: SpokenReply;
  readonly link: Link;
}

/**
 * A speech-to-speech model as the three engines of one session, in front of the session's own: it hears the utterances,
 * writes the replies, and its audio is the speech of their segments. The statechart does not know it. Whatever it cannot
 * do, the other engines do, and it learns of that from the history before its next reply.
 */
export class SpeechSession {
  readonly engines: EngineClients;
  readonly #options: SpeechSessionOptions;
  readonly #over = new AbortController();
  readonly #backoff = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  /** By generation. */
  readonly #replies = new Map<number, Reply>();
  #link: Link | undefined;
  /** Set while the first connection is made. */
  #first: Promise<void> | undefined;
  /** Replaces the present connection when neither side speaks. */
  #next: Link | undefined;
  #timer: TimerHandle | undefined;

  constructor(options: SpeechSessionOptions) {
    this.#options = options;
    const { engine, engines, clock, brokenReply, onEvent } = options;
    // One request has one chance: the connection knows best whether the model can be asked.
    const chain = { clock, breaker: { failures: 1_000_000 }, ...(onEvent && { onEvent }) };
    this.engines = {
      stt: (scope) => chainStt([this.#stt(), engines.stt(scope)], { ...chain, firstByteMs: engine.wordsMs }),
      llm: (scope) =>
        chainLlm([this.#llm(scope), engines.llm(scope)], {
          ...{ ...chain, firstByteMs: engine.replyMs },
          ...(brokenReply && { brokenReply }),
        }),
      tts: (scope) => this.#tts(scope, engines.tts(scope)),
    };
    this.#first = this.#connect().finally(() => {
      this.#first = undefined;
    });
  }

  /** The listener had heard `heardMs` of this reply when it was interrupted. */
  interrupted(generation: number, heardMs: number): void {
    const reply = this.#replies.get(generation);
    if (!reply?.link.isOpen) return;
    for (const { item, heardMs: ms } of reply.spoken.heard(heardMs)) reply.link.mirror.cut(item, ms);
  }

  close(): void {
    this.#over.abort();
    this.#timer?.cancel();
    this.#link?.close();
    this.#next?.close();
  }

  /** Connects, and again after a failure. Never rejects. */
  async #connect(): Promise<void> {
    const link = await this.#open();
    if (!link) return;
    this.#next = link;
    this.#swap();
  }

  #later(ms: number): void {
    this.#timer?.cancel();
    if (this.#over.signal.aborted) return;
    this.#timer = this.#options.clock.setTimer(ms, () => void this.#connect());
  }

  async #open(): Promise<Link | undefined> {
    const { engine, language, output = 'audio', parameters, onProblem, clock } = this.#options;
    const { signal } = this.#over;
    let openedAtMs = clock.nowMs();
    let link: Link | undefined;
    try {
      const conversation = await engine.open(
        {
          ...{ language, output },
          onEvent: (event) => {
            link?.take(event);
            if (event.type !== 'closed' || link !== this.#link) return;
            onProblem(errorFrom(event.error));
            // A service that takes a conversation and ends it at once is asked less and less often.
            if (clock.nowMs() - openedAtMs >= LONGEST_RETRY_MS) this.#backoff.reset();
            this.#swap();
            if (!this.#link?.isOpen) this.#later(this.#backoff.nextMs());
          },
        },
        signal,
      );
      link = new Link(conversation, { wake: parameters.words.wake ?? [], language }, engine.endsTurns);
      openedAtMs = clock.nowMs();
      if (!signal.aborted) return link;
      link.close();
    } catch (thrown) {
      if (!signal.aborted) {
        const error = asParleyError(thrown, 'ENGINE_UNREACHABLE');
        if (!isRepeated(error)) onProblem(error);
        this.#later(Math.max(this.#backoff.nextMs(), error.retryAfterMs ?? 0));
      }
    }
    return undefined;
  }

  /** A new connection takes over while the old one neither hears nor answers, with the words of the conversation so far. */
  #swap(): void {
    const [old, next] = [this.#link, this.#next];
    if (!next || (next.isOpen && old?.isOpen && !old.isIdle)) return;
    this.#next = undefined;
    if (!next.isOpen) {
      this.#later(this.#backoff.nextMs());
      return;
    }
    this.#link = next;
    if (old) next.mirror.settle(old.mirror.items);
    old?.close();
    this.#later(this.#options.engine.renewMs);
  }

  async #ready(signal: AbortSignal): Promise<Link> {
    if (this.#first) await Promise.race([this.#first, aborted(signal)]);
    throwIfAborted(signal);
    this.#swap();
    if (!this.#link?.isOpen) throw new ParleyError('ENGINE_UNREACHABLE', `${this.#name} is not connected`);
    return this.#link;
  }

  get #name(): string {
    return this.#options.engine.name;
  }

  #stt(): SttEngine {
    const { resamplers, engine } = this.#options;
    const { endsTurns = false } = engine;
    const ready = (signal: AbortSignal) => this.#ready(signal);
    const swap = () => this.#swap();
    return {
      name: this.#name,
      async *transcribe(audio, { language, counts }, signal) {
        const link = await ready(signal);
        link.conversation.expect(language);
        const resampler = resamplers.create(PIPELINE_RATE, link.conversation.inputRate);
        async function* pieces() {
          for await (const pcm of audio) {
            throwIfAborted(signal);
            yield resampler.push(pcm).samples;
          }
          throwIfAborted(signal);
          yield resampler.flush().samples;
        }
        const events = new AsyncQueue<SttEvent>();
        const onTurn = (end: TurnEnd) => events.push({ type: 'partial', text: '', end });
        if (endsTurns) onTurn('awaited');
        link
          .hear(pieces(), signal, endsTurns ? onTurn : () => {}, counts)
          .then(
            (text) => events.push({ type: 'final', text }),
            (error: unknown) => {
              // Who hears it instead does not end the turn.
              if (endsTurns) events.push({ type: 'partial', text: '' });
              events.fail(error);
            },
          )
          .finally(() => {
            events.end();
            resampler.close();
            swap();
          });
        yield* events;
      },
      close: async () => {},
    };
  }

  #llm({ generation }: RpcScope): LlmEngine {
    return {
      name: this.#name,
      reply: (request, signal) => this.#reply(generation, request, signal),
      close: async () => {},
    };
  }

  async *#reply(
    generation: number,
    request: LlmRequest,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent, void, void> {
    const link = await this.#ready(signal);
    throwIfAborted(signal);
    const reply: Reply = { spoken: new SpokenReply(paces.get(this.#options.engine) ?? CHAR_MS), link };
    const { instructions, tools, toolChoice = 'auto', reported = false } = request;
    const offer = { ...(instructions !== undefined && { instructions }), ...(tools && { tools }) };
    this.#keep(generation, reply);
    link.mirror.settle(wantedItems(request));
    let error: ParleyError | undefined;
    let isWhole = false;
    try {
      for (let round = 1, calls = 1; calls > 0 && round <= MAX_ROUNDS; round++) {
        // After the first round the model may speak about the calls that it had to make.
        link.conversation.configure({
          ...offer,
          toolChoice: round === 1 || toolChoice === 'none' ? toolChoice : 'auto',
        });
        const made: Extract<LlmEvent, { type: 'action' }>[] = [];
        for await (const event of this.#respond(reply, `${generation}-`, reported, signal)) {
          if (event.type === 'action') made.push(event);
          yield event;
        }
        calls = 0;
        for (const { id: callId, invalid } of made) {
          if (reported && invalid === undefined) continue;
          calls += 1;
          const result =
            invalid === undefined ? { status: 'accepted' } : { status: 'failed', message: invalid };
          link.mirror.attach(
            { type: 'result', callId, result },
            reported ? `${generation}-${callId}` : undefined,
          );
        }
      }
      isWhole = true;
    } catch (thrown) {
      error = asParleyError(thrown, 'LLM_FAILED');
      throw error;
    } finally {
      reply.spoken.end(error, isWhole);
      if (isWhole) paces.set(this.#options.engine, reply.spoken.charMs);
      // Other engines may answer in its place.
      if (reply.spoken.text === '') this.#replies.delete(generation);
      this.#swap();
    }
  }

  /** One response of a reply. `prefix` makes the id of a call that of its action. */
  async *#respond(
    { spoken, link }: Reply,
    prefix: string,
    reported: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<LlmEvent, void, void> {
    const { clock } = this.#options;
    const { mirror } = link;
    let aliveAtMs = clock.nowMs();
    let gap = spoken.text === '' || /\s$/u.test(spoken.text) ? '' : ' ';
    for await (const event of link.respond(signal)) {
      if (event.type === 'text') {
        const text = gap + event.text;
        spoken.addText(event.text, gap);
        gap = '';
        mirror.said(event.item, text, spoken.firstItem(event.item));
        yield { type: 'delta', text };
      } else if (event.type === 'call') {
        const { item, callId, name, args, invalid } = event;
        mirror.called(item, { type: 'call', callId, name, args }, prefix + callId, reported);
        const call = { name, args, ...(invalid !== undefined && { invalid }) };
        yield { type: 'action', id: callId, ...(await this.#options.check(call)) };
      } else {
        spoken.addAudio(event.item, event.pcm);
        if (clock.nowMs() - aliveAtMs < ALIVE_MS) continue;
        yield { type: 'delta', text: '' };
      }
      aliveAtMs = clock.nowMs();
    }
  }

  #keep(generation: number, reply: Reply): void {
    this.#replies.set(generation, reply);
    for (const old of this.#replies.keys()) if (old <= generation - REPLIES) this.#replies.delete(old);
  }

  /** The model's audio for the words that it said, and the session's own voice for all others. */
  #tts({ generation }: RpcScope, ownVoice: TtsEngine): TtsEngine {
    // The model's audio is found by the words that it wrote.
    const own = readingVoice(ownVoice, this.#options.parameters.reading);
    return {
      ...own,
      synthesize: (request, signal) => {
        const spoken = this.#replies.get(generation)?.spoken;
        if (request.cachedOnly || !spoken?.says(request.text)) return own.synthesize(request, signal);
        const audio = spoken.speak(request.text, signal);
        return (async function* () {
          let silent = true;
          for await (const event of audio) {
            silent = false;
            yield event;
          }
          // Words that the model wrote and did not speak.
          if (silent) yield* own.synthesize(request, signal);
        })();
      },
    };
  }
}

/** True for a refusal that the engine only repeats, with the first one as its cause. */
function isRepeated(error: ParleyError): boolean {
  return error.cause instanceof ParleyError && error.cause.code === error.code;
}
