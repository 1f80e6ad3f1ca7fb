import type { ResamplerFactory } from '../../../actors/ports/resampler.ts';
import { msOfSamples } from '../../../machines/audio.ts';
import type { Clock } from '../../../machines/clock.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { AudioFrame } from '../../door/door.ts';
import type { DoorLimits } from '../../door/limits.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import { DOOR_RATE } from './audio-format.ts';
import type { Refusal, ResponseCreate } from './client-events.ts';
import { type Conversation, type Spoken, textOf } from './items.ts';
import { OutputAudio } from './output-audio.ts';
import { Response, type ResponseEnd } from './response.ts';
import type { ServerEvent } from './server-events.ts';
import { type SessionConfig, voiceName } from './session-config.ts';
import { estimatedUsage } from './usage.ts';

const BYTES_PER_SAMPLE = 2;

export interface ResponsesParts {
  readonly clock: Clock;
  readonly limits: Pick<DoorLimits, 'turnBurst' | 'turnsPerSecond'>;
  readonly resamplers: ResamplerFactory;
  readonly newId: (prefix: string) => string;
  readonly send: (events: readonly ServerEvent[]) => void;
  readonly conversationId: string;
  readonly items: Conversation;
  readonly config: () => SessionConfig;
  /** Asks the session to begin the reply. */
  readonly issue: (create: ResponseCreate) => void;
  /** A response has ended, which may have had settings of its own. */
  readonly restore: () => void;
  /** True while the user has the turn. */
  readonly userSpeaks: () => boolean;
}

/** The response in progress, and what binds it to the session's reply. */
interface Live {
  readonly create: ResponseCreate;
  readonly response: Response;
  readonly audio: OutputAudio;
  readonly inputChars: number;
  readonly inputAudioMs: number;
  readonly spoken: Spoken;
  /** The session has not been asked yet, because the client still hears the last reply. */
  waits: boolean;
  /** A failure of an engine in this reply. */
  failure: Pick<Refusal, 'code' | 'message'> | undefined;
  /** The client asked for its end. */
  cancelled: boolean;
}

/**
 * The one response of the conversation that may be in progress. A response is done when all of it is sent; the session's
 * reply goes on until the client has heard it.
 */
export class Responses {
  readonly #parts: ResponsesParts;
  /** The door's own limit of typed turns, to report it. */
  readonly #turns: TokenBucket;
  #live: Live | undefined;
  /** The newest reply that a response was bound to: what comes late of an older one belongs to no response. */
  #newest = 0;
  /** Audio of the user that no response has answered yet. */
  #heardMs = 0;

  constructor(parts: ResponsesParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    this.#turns = new TokenBucket(clock, { burst: limits.turnBurst, perSecond: limits.turnsPerSecond });
  }

  /** Id of the response in progress. */
  get activeId(): string | undefined {
    return this.#live?.response.request.id;
  }

  /** Id of the item in progress. */
  get activeItemId(): string | undefined {
    return this.#live?.response.itemId;
  }

  /** What the response that waits for the session was asked for. */
  get waiting(): ResponseCreate | undefined {
    return this.#live?.waits ? this.#live.create : undefined;
  }

  /** Names of the tools that only the response in progress has. */
  get offered(): readonly string[] {
    return this.#live?.create.tools?.map(({ name }) => name) ?? [];
  }

  /** Begins a response, which waits for `resume`. */
  begin(create: ResponseCreate): void {
    this.#begin(create).waits = true;
  }

  /** The session can reply now. */
  resume(): void {
    const live = this.#live;
    if (!live?.waits) return;
    live.waits = false;
    this.#turns.take(1);
    this.#parts.issue(live.create);
  }

  /** The user has said something, with or without a response to it. */
  heard(audioMs: number): void {
    this.#heardMs += audioMs;
  }

  /** The user's turn is over and gets a reply. */
  turnTaken(): void {
    const live = this.#live;
    if (live?.waits) this.#end(live, { status: 'cancelled', reason: 'turn_detected' });
    if (!this.#live) this.#begin({});
  }

  /** Cancels the response in progress. Returns true if the session must interrupt its reply for that. */
  cancel(): boolean {
    const live = this.#live;
    if (!live) return false;
    live.cancelled = true;
    if (!live.waits) return true;
    this.#end(live, { status: 'cancelled', reason: 'client_cancelled' });
    return false;
  }

  text({ generation, text }: Extract<SessionMessage, { type: 'reply' }>): void {
    // A reply that this client did not ask for, as of a peer on the bus, is a response too.
    if (!this.#live && generation > this.#newest) this.#begin({});
    const live = this.#of(generation);
    if (live) this.#parts.send(live.response.addText(text));
  }

  /** A call of one of the session's tools. */
  call(id: string, name: string, args: object): void {
    const live = this.#live;
    if (live && !live.waits) this.#parts.send(live.response.call(id, name, JSON.stringify(args)));
  }

  audio({ generation, pcm }: AudioFrame): void {
    const live = this.#of(generation);
    if (!live) return;
    live.spoken.samples += pcm.byteLength / BYTES_PER_SAMPLE;
    live.audio.push(pcm);
  }

  /** All of a reply is sent. Returns its samples if the client has read it by now, because it wanted text only. */
  sent(generation: number): number | undefined {
    const live = this.#of(generation);
    if (!live) return undefined;
    const { request, hasCalls } = live.response;
    this.#end(live, endOf(live));
    return request.modality === 'text' && !hasCalls ? live.spoken.samples : undefined;
  }

  /** No more audio of the reply may be sent. */
  flushed(): void {
    this.#live?.audio.drop();
  }

  ended({ generation, reason, heard }: Extract<SessionMessage, { type: 'reply.end' }>): void {
    const live = this.#of(generation);
    if (!live) return;
    if (reason !== 'interrupted') this.#end(live, endOf(live));
    else {
      const byVoice = !live.cancelled && this.#parts.userSpeaks();
      const why = byVoice ? 'turn_detected' : 'client_cancelled';
      this.#end(live, { status: 'cancelled', reason: why }, heard);
    }
  }

  /** An error of the session: the reply in progress failed, or was refused before it began. */
  failed(error: Pick<Refusal, 'code' | 'message'>): void {
    const live = this.#live;
    if (!live || live.waits) return;
    if (live.spoken.generation >= 0) live.failure = error;
    else this.#end(live, failedWith(error));
  }

  /** The session ends or stops: nothing more of the response follows. */
  stop(): void {
    if (this.#live) this.#end(this.#live, { status: 'cancelled', reason: 'client_cancelled' });
  }

  close(): void {
    this.#live?.audio.drop();
  }

  /** The response in progress, if this reply is its own. */
  #of(generation: number): Live | undefined {
    const live = this.#live;
    if (!live || live.waits) return undefined;
    if (live.spoken.generation < 0 && generation > this.#newest) this.#bind(live, generation);
    return live.spoken.generation === generation ? live : undefined;
  }

  #bind(live: Live, generation: number): void {
    live.spoken.generation = generation;
    this.#newest = Math.max(this.#newest, generation);
  }

  #begin(create: ResponseCreate): Live {
    const { newId, resamplers, items, send, config, limits, conversationId } = this.#parts;
    const { audio, output_modalities } = config();
    const format = create.audio?.output?.format ?? audio.output.format;
    const modality = (create.output_modalities ?? output_modalities)[0] ?? 'audio';
    const outside = create.conversation === 'none';
    const spoken: Spoken = { generation: -1, samples: 0 };
    const response = new Response(
      {
        ...{ id: newId('resp'), conversationId: outside ? null : conversationId, modality, format },
        voice: voiceName(create.audio?.output?.voice) ?? audio.output.voice,
        metadata: create.metadata ?? null,
      },
      {
        newId,
        place: (item) =>
          outside ? [] : items.place({ item, known: true, ...(modality === 'audio' && { spoken }) }),
        settle: (item) => (outside ? [] : items.settle(item)),
      },
    );
    const live: Live = {
      create,
      response,
      audio: new OutputAudio(format, resamplers, (base64) => send(response.addAudio(base64))),
      inputAudioMs: this.#heardMs,
      inputChars: items.entries.reduce((sum, { item }) => sum + textOf(item).length, 0),
      ...{ spoken, waits: false, failure: undefined, cancelled: false },
    };
    this.#live = live;
    this.#heardMs = 0;
    const remaining = Math.floor(this.#turns.left);
    const { turnBurst: limit, turnsPerSecond } = limits;
    const reset_seconds = (limit - remaining) / turnsPerSecond;
    send([
      ...response.created(),
      { type: 'rate_limits.updated', rate_limits: [{ name: 'requests', limit, remaining, reset_seconds }] },
    ]);
    return live;
  }

  #end(live: Live, end: ResponseEnd, heard?: string): void {
    if (this.#live !== live) return;
    if (end.status === 'completed') live.audio.end();
    else live.audio.drop();
    this.#live = undefined;
    const usage = estimatedUsage({
      ...{ inputChars: live.inputChars, inputAudioMs: live.inputAudioMs },
      outputChars: live.response.text.length,
      outputAudioMs: msOfSamples(live.spoken.samples, DOOR_RATE),
    });
    this.#parts.send(live.response.end(end, usage, heard));
    this.#parts.restore();
  }
}

function endOf({ failure }: Live): ResponseEnd {
  return failure ? failedWith(failure) : { status: 'completed' };
}

function failedWith({ code, message }: Pick<Refusal, 'code' | 'message'>): ResponseEnd {
  return { status: 'failed', code, message };
}
