import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { OutputRate } from '../../machines/audio.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { SessionHost, SessionRequest } from '../door/session-host.ts';
import type { IngestOptions } from './options.ts';
import { OutputService, type OutputServiceOptions, type Voice } from './output-service.ts';
import { weightsOf } from './wire.ts';

/** `host`, and the configured output service. `chat`: the endpoint whose sessions speak only to that. */
export function withOutputService(
  host: SessionHost,
  { url, token, sessions }: IngestOptions,
  chat: string,
  options: Pick<OutputServiceOptions, 'clock' | 'log' | 'onLost'>,
): { readonly host: SessionHost; readonly chatSpeaks: boolean; close(): void } {
  if (url === undefined) return { host, chatSpeaks: false, close: () => {} };
  const service = new OutputService({ ...options, url, token });
  const wanted = ({ endpoint }: SessionRequest) => sessions === 'all' || endpoint === chat;
  return { host: speakingHost(host, service, wanted), chatSpeaks: true, close: () => service.close() };
}

/** `host`, with the speech of the sessions that are `wanted` sent to an output service too. */
export function speakingHost(
  host: SessionHost,
  service: OutputService,
  wanted: (request: SessionRequest) => boolean,
): SessionHost {
  return {
    ...host,
    async open(request, listener) {
      if (request.output === 'text' || !wanted(request)) return host.open(request, listener);
      let command: (command: ClientCommand) => void = () => {};
      const voice = new SessionVoice(service, request, () => command({ type: 'interrupt' }));
      const handle = await host.open(request, {
        message: (message) => {
          listener.message(message);
          voice.message(message);
        },
        audio: (generation, seq, pcm) => {
          listener.audio(generation, seq, pcm);
          voice.audio(generation, pcm);
        },
        audioSent: (generation) => {
          listener.audioSent?.(generation);
          voice.end(generation);
        },
      });
      command = handle.command;
      service.add(voice.sessionId, voice);
      return {
        ...handle,
        close: (reason) => {
          service.remove(voice.sessionId, voice);
          return handle.close(reason);
        },
      };
    },
  };
}

/** The speech of one session, as the output service gets it. */
class SessionVoice implements Voice {
  readonly sessionId: string;
  readonly #service: OutputService;
  readonly #rate: OutputRate;
  readonly #interrupt: () => void;
  /** The reply that is being sent, or was last. */
  #generation: number | undefined;
  /** Replies up to this one are not sent any more. */
  #over = 0;
  #seq = 0;
  #shape: { readonly generation: number; readonly viseme: number } | undefined;

  constructor(service: OutputService, { session, alias, outputRate }: SessionRequest, interrupt: () => void) {
    this.sessionId = alias ?? session;
    this.#service = service;
    this.#rate = outputRate;
    this.#interrupt = interrupt;
  }

  message(message: SessionMessage): void {
    // A mouth shape comes right before the frame in which it begins.
    if (message.type === 'viseme') this.#shape = message;
    else if (message.type === 'flush') this.end(message.generation, 'interrupted');
  }

  audio(generation: number, pcm: Uint8Array): void {
    if (generation <= this.#over) return;
    if (!this.#service.isConnected) {
      this.#service.lost('gone');
      this.#skip(generation);
      return;
    }
    if (this.#generation !== generation) {
      this.#generation = generation;
      this.#seq = 0;
    }
    this.#service.send({
      type: 'SPEECH_CHUNK',
      sessionId: this.sessionId,
      seq: this.#seq++,
      pcm: Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength).toString('base64'),
      viseme: this.#shape?.generation === generation ? weightsOf(this.#shape.viseme) : {},
      ts: Date.now(),
      rate: this.#rate,
    });
  }

  /** The reply is complete, or was interrupted. */
  end(generation: number, reason?: 'interrupted'): void {
    if (this.#generation !== generation || generation <= this.#over) return;
    this.#skip(generation);
    const { sessionId } = this;
    this.#service.send({ type: 'CONTROL', action: 'END', sessionId, ...(reason && { reason }) });
  }

  onStop(): void {
    if (this.#generation === undefined || this.#generation <= this.#over) return;
    this.#skip(this.#generation);
    this.#interrupt();
  }

  onDropped(): void {
    if (this.#generation !== undefined) this.end(this.#generation, 'interrupted');
  }

  /** Half a sentence is useless: nothing more of this reply is sent. */
  #skip(generation: number): void {
    this.#over = Math.max(this.#over, generation);
  }
}
