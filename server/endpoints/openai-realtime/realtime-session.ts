import { msOfSamples, samplesInMs } from '../../../machines/audio.ts';
import type { ErrorRecord } from '../../../machines/errors.ts';
import { toolNamed } from '../../../machines/policies/tool-names.ts';
import type { EchoState, SessionMessage } from '../../../machines/wire.ts';
import type { AudioFrame, SessionHandle } from '../../door/door.ts';
import { AudioDecoder, DOOR_RATE } from './audio-format.ts';
import { type ClientEvent, type Refusal, refusal } from './client-events.ts';
import { ItemEvents, saying } from './item-events.ts';
import { Conversation } from './items.ts';
import { Link } from './link.ts';
import type { Notice } from './parse-event.ts';
import { ResponseEvents } from './response-events.ts';
import { Responses, type ResponsesParts } from './responses.ts';
import { SentAudio } from './sent-audio.ts';
import type { ServerEvent } from './server-events.ts';
import {
  initialConfig,
  type SessionConfig,
  settingsOf,
  unsupported,
  unsupportedInResponse,
  updated,
} from './session-config.ts';
import { UserTurn } from './user-turn.ts';

const BYTES_PER_SAMPLE = 2;
/** Audio given to the door at once. */
const PIECE_BYTES = samplesInMs(100, DOOR_RATE) * BYTES_PER_SAMPLE;
const STAYS =
  'the handshake asked for a transcription session, and it stays one: nothing about replies has an effect';
/** What the recogniser hears from before the onset; `speech_started` counts from there. */
const PREROLL_MS = 300;

export interface RealtimeSessionParts
  extends Pick<ResponsesParts, 'clock' | 'limits' | 'resamplers' | 'newId'> {
  readonly handle: SessionHandle;
  readonly model: string;
  /** What the client asked for with its handshake. */
  readonly type: SessionConfig['type'];
  readonly echo: EchoState;
  readonly send: (event: ServerEvent) => void;
  /** Sends this server's own event `parley.warning`. */
  readonly warn: (warning: Refusal & { readonly event_id: string | null }) => void;
}

type Of<Type extends ClientEvent['type']> = Extract<ClientEvent, { type: Type }>;
type MessageOf<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

/**
 * One conversation in the API's terms: turns the client's events into commands of the session, and the session's
 * messages into server events.
 */
export class RealtimeSession {
  readonly #parts: RealtimeSessionParts;
  readonly #link: Link;
  readonly #items = new Conversation();
  readonly #itemEvents: ItemEvents;
  readonly #turn: UserTurn;
  readonly #responses: Responses;
  readonly #asked: ResponseEvents;
  readonly #openedAtMs: number;
  #config: SessionConfig;
  #decoder: AudioDecoder;
  readonly #sent = new SentAudio();
  /** What went wrong with the utterance that is being recognised. */
  #sttFailure: ErrorRecord | undefined;

  constructor(parts: RealtimeSessionParts) {
    const { handle, model, type, echo, clock, resamplers, newId } = parts;
    this.#parts = parts;
    this.#openedAtMs = clock.nowMs();
    this.#config = initialConfig(model, type, echo);
    this.#decoder = new AudioDecoder(this.#config.audio.input.format, resamplers);
    this.#link = new Link(handle, settingsOf(initialConfig(model, 'realtime', echo)));
    const { link, items } = { link: this.#link, items: this.#items };
    const config = () => this.#config;
    const send = (events: readonly ServerEvent[]) => this.#send(events);
    this.#turn = new UserTurn({ newId, items, heard: (audioMs) => this.#responses.heard(audioMs) });
    const conversationId = newId('conv');
    this.#responses = new Responses({
      ...{ ...parts, conversationId, items, config, send },
      issue: (create) => this.#asked.issue(create),
      restore: () => this.#asked.restore(),
      userSpeaks: () => this.#turn.isAnnounced,
    });
    this.#asked = new ResponseEvents({
      ...{ link, items, config, newId, responses: this.#responses },
      dropSpeech: () => this.#endSpeech(),
    });
    this.#itemEvents = new ItemEvents({
      ...{ items, newId, send },
      activeItemId: () => this.#responses.activeItemId,
      heardAt: (generation, samples) => handle.heardAt(generation, samples),
      cutOff: (generation, samples) => this.#asked.cutOff(generation, samples),
      edited: () => this.#asked.edited(),
    });
    this.#send([
      { type: 'session.created', session: this.#resource() },
      { type: 'conversation.created', conversation: { id: conversationId, object: 'realtime.conversation' } },
    ]);
    const transcribes = this.#config.audio.input.transcription !== null;
    this.#turn.configure({ prefixMs: PREROLL_MS }, transcribes);
    const refused = this.#link.settle(settingsOf(this.#config), 'session');
    if (refused) this.#refuse(refused, null);
  }

  /** An event of the client. Each gets an answer, or an `error` with its id. */
  receive(event: ClientEvent): void {
    const refused = this.#handle(event);
    if (refused) this.#refuse(refused, event.event_id ?? null);
  }

  /** Says something about an event that was taken, or about the session. */
  notice({ level, ...what }: Notice, event_id: string | null): void {
    if (level === 'error') this.#refuse(what, event_id);
    else this.#parts.warn({ ...what, event_id });
  }

  close(): void {
    this.#responses.close();
    this.#decoder.close();
  }

  #handle(event: ClientEvent): Refusal | undefined {
    switch (event.type) {
      case 'session.update':
        return this.#update(event);
      case 'input_audio_buffer.append':
        return this.#append(event);
      case 'input_audio_buffer.commit':
        return this.#commit();
      case 'input_audio_buffer.clear':
        return this.#clear();
      case 'output_audio_buffer.clear':
        return refusal(
          'unsupported',
          'output_audio_buffer.clear is for WebRTC; send response.cancel and conversation.item.truncate',
        );
      case 'conversation.item.create':
        return this.#itemEvents.create(event);
      case 'conversation.item.retrieve':
        return this.#itemEvents.retrieve(event);
      case 'conversation.item.delete':
        return this.#itemEvents.delete(event);
      case 'conversation.item.truncate':
        return this.#itemEvents.truncate(event);
      case 'response.create':
        return this.#respond(event);
      case 'response.cancel':
        return this.#asked.cancel(event);
      case 'parley.rearm':
        return this.#rearm();
    }
  }

  #respond({ response, event_id }: Of<'response.create'>): Refusal | undefined {
    const create = response ?? {};
    const refused = this.#asked.create(create);
    if (!refused) this.#withoutEffect(unsupportedInResponse(create), event_id);
    return refused;
  }

  #withoutEffect(fields: readonly string[], event_id: string | null | undefined): void {
    for (const field of fields)
      this.#refuse(refusal('unsupported', `${field} has no effect on this server`, field), event_id ?? null);
  }

  #update({ session: given, event_id }: Of<'session.update'>): Refusal | undefined {
    // Clients that only know conversations name their type with each update.
    const stays = this.#parts.type === 'transcription' && given.type === 'realtime';
    const session = stays ? { ...given, type: this.#parts.type } : given;
    const next = updated(this.#config, session);
    const refused = this.#link.settle(settingsOf(next), 'session');
    if (refused) return refused;
    const { input } = next.audio;
    if (next.echo !== this.#config.echo) this.#parts.handle.setEcho?.(next.echo);
    if (input.format.type !== this.#config.audio.input.format.type) {
      this.#decoder.close();
      this.#decoder = new AudioDecoder(input.format, this.#parts.resamplers);
    }
    this.#config = next;
    const detection = input.turn_detection;
    const prefixMs = detection?.type === 'server_vad' ? detection.prefix_padding_ms : PREROLL_MS;
    this.#turn.configure(detection && { prefixMs }, input.transcription !== null);
    if (stays)
      this.notice(
        { level: 'warning', code: 'type_stays', message: STAYS, param: 'session.type' },
        event_id ?? null,
      );
    else this.#withoutEffect(unsupported(session, next.type), event_id);
    this.#send([{ type: 'session.updated', session: this.#resource() }]);
    return undefined;
  }

  #resource(): Extract<ServerEvent, { type: 'session.created' }>['session'] {
    const id = `sess_${this.#parts.handle.session}`;
    const { type, audio, include, echo } = this.#config;
    const shown: unknown =
      type === 'realtime'
        ? { object: 'realtime.session', id, ...this.#config }
        : {
            type,
            object: 'realtime.transcription_session',
            id,
            audio: { input: audio.input },
            include,
            echo,
          };
    // The library's types have no place for `null`, which the API sends for what is off.
    return shown as Extract<ServerEvent, { type: 'session.created' }>['session'];
  }

  #append({ audio }: Of<'input_audio_buffer.append'>): Refusal | undefined {
    const pcm = this.#decoder.decode(audio);
    if (typeof pcm === 'string') return refusal('invalid_value', `the audio cannot be read: ${pcm}`, 'audio');
    this.#sent.append(msOfSamples(pcm.byteLength / BYTES_PER_SAMPLE, DOOR_RATE), this.#nowMs());
    for (let at = 0; at < pcm.byteLength; at += PIECE_BYTES)
      this.#parts.handle.audio(pcm.subarray(at, at + PIECE_BYTES));
    return undefined;
  }

  #commit(): Refusal | undefined {
    const refused = this.#link.command({ type: 'commit' });
    if (!refused) this.#send(this.#turn.commit(this.#sent.spokenMs()));
    return refused;
  }

  /** Ends the voice stop, which the API does not know. */
  #rearm(): Refusal | undefined {
    if (!this.#link.isStopped) return refusal('invalid_value', 'the session is not stopped', 'type');
    const refused = this.#link.command({ type: 'rearm' });
    if (!refused) this.#send([{ type: 'session.updated', session: this.#resource() }]);
    return refused;
  }

  #clear(): Refusal | undefined {
    this.#turn.clear();
    const refused = this.#link.command({ type: 'clear' });
    if (!refused) this.#send([{ type: 'input_audio_buffer.cleared' }]);
    return refused;
  }

  /** A message of the session. */
  message(message: SessionMessage): void {
    switch (message.type) {
      case 'speech':
        if (message.event === 'start') this.#turn.started(this.#sent.spokenMs(message.at));
        else this.#turn.stopped(this.#sent.spokenMs(message.at));
        break;
      case 'playback':
        if (message.state === 'playing') this.#turn.dropUnannounced();
        break;
      case 'flush':
        this.#responses.flushed();
        this.#send(this.#turn.announce());
        break;
      case 'state':
        this.#onState(message);
        break;
      case 'transcript':
        if (message.final) this.#onWords(message.text);
        break;
      case 'reply':
        this.#responses.text(message);
        break;
      case 'reply.end':
        this.#onReplyEnd(message);
        break;
      case 'action':
        if (message.status === 'started' && !message.runs) this.#call(message);
        break;
      case 'error':
        this.#onError(message);
        break;
      case 'notice':
        this.notice({ level: 'warning', code: message.code, message: message.message, param: null }, null);
        break;
      case 'viseme':
        break;
    }
  }

  audio(frame: AudioFrame): void {
    this.#responses.audio(frame);
  }

  audioSent(generation: number): void {
    const readSamples = this.#responses.sent(generation);
    // No client plays this reply, so the session need not wait for its end.
    if (readSamples !== undefined) this.#asked.cutOff(generation, readSamples);
  }

  /** An action is a call if it is one of the client's tools, whose names clients change: `go_forward` for `go-forward`. */
  #call({ id, name, args }: MessageOf<'action'>): void {
    const tools = new Set([...this.#config.tools.map((tool) => tool.name), ...this.#responses.offered]);
    const tool = toolNamed(name, tools);
    if (tools.has(tool)) this.#responses.call(id, tool, args);
  }

  #onState(message: MessageOf<'state'>): void {
    this.#link.note(message);
    const { value } = message;
    if (value === 'listening') {
      this.#asked.turnBegins();
      this.#send(this.#turn.announce());
    }
    if (value === 'stopped') this.#responses.stop();
    // Words for others are not an order to this server.
    if (value === 'stopped' && this.#config.type === 'transcription') queueMicrotask(() => this.#rearm());
    if (value !== 'idle' && value !== 'stopped') return;
    this.#endSpeech();
    this.#asked.resume();
  }

  /** A sound without words, or words that get no answer: the client learns that the speech is over. */
  #endSpeech(): void {
    if (this.#turn.isAnnounced) this.#send(this.#turn.words(this.#sent.spokenMs(), { text: '' }));
  }

  #onWords(text: string): void {
    const failure = text === '' ? this.#sttFailure : undefined;
    this.#sttFailure = undefined;
    this.#send(this.#turn.words(this.#sent.spokenMs(), { text, failure }));
    for (const entry of this.#items.entries) entry.known = true;
    const { type, audio } = this.#config;
    if (type === 'realtime' && audio.input.turn_detection?.create_response) this.#responses.turnTaken();
  }

  #onReplyEnd(message: MessageOf<'reply.end'>): void {
    this.#responses.ended(message);
    if (message.reason !== 'interrupted') return;
    for (const { item, spoken } of this.#items.entries)
      if (spoken?.generation === message.generation) this.#items.replace(saying(item, message.heard));
  }

  #onError({ code, message }: MessageOf<'error'>): void {
    if (this.#link.takes({ code, message })) return;
    if (code === 'ECHO_NOT_CANCELLED') {
      this.notice({ level: 'warning', code, message, param: 'session.echo' }, null);
      return;
    }
    if (code === 'STT_FAILED' || code === 'STT_TIMEOUT') this.#sttFailure = { code, message };
    else this.#responses.failed({ code, message });
    this.#send([
      { type: 'error', error: { type: 'server_error', code, message, param: null, event_id: null } },
    ]);
  }

  /** Milliseconds since the session began. */
  #nowMs(): number {
    return this.#parts.clock.nowMs() - this.#openedAtMs;
  }

  #refuse({ code, message, param }: Refusal, event_id: string | null): void {
    this.#send([{ type: 'error', error: { type: 'invalid_request_error', code, message, param, event_id } }]);
  }

  #send(events: readonly ServerEvent[]): void {
    for (const event of events) this.#parts.send(event);
  }
}
