import { PIPELINE_RATE, samplesInMs } from '../../../machines/audio.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import { type ErrorRecord, ParleyError } from '../../../machines/errors.ts';
import type { PublicState, SessionMessage } from '../../../machines/wire.ts';
import type { AudioFrame, Door, SessionHandle } from '../../door/door.ts';
import { TRUSTED } from '../../door/holder.ts';
import { bytesOf, InputFormat, isWhole } from './audio.ts';
import type { ClientEvent, EventOf } from './events.ts';
import type { WyomingLink } from './link.ts';
import { WYOMING_SATELLITE, type WyomingParts } from './parts.ts';

/** Time to begin to speak after the wake word, ms. */
const LISTEN_MS = 10_000;
/** Time without a session after one was refused or ended with an error, ms. */
const PAUSE_MS = 2_000;
/** Audio given to the door at once, ms. */
const PIECE_MS = 100;
const BYTES_PER_SAMPLE = 2;
/** Replies whose `played` may be on the way. */
const MAX_UNPLAYED = 8;

interface Played {
  readonly generation: number;
  /** Sent of the reply. */
  readonly samples: number;
  /** The reply was sent to its end. */
  readonly whole: boolean;
}

/** The conversation with one satellite: its microphone, its loudspeaker, and the session between them. */
export class Satellite {
  readonly #link: WyomingLink;
  readonly #door: Door;
  readonly #parts: WyomingParts;
  readonly #onEnded: (error: ErrorRecord | undefined) => void;
  #session: SessionHandle | undefined;
  #refusedUntilMs = 0;
  #state: PublicState = 'idle';
  #input: InputFormat | undefined;
  #pipeline: EventOf<'run-pipeline'>['data'] | undefined;
  #outputRate: 16_000 | 24_000 = 24_000;
  /** Runs from the wake word until speech. */
  #listening: TimerHandle | undefined;
  /** The reply whose audio is being sent. */
  #speaking: { readonly generation: number; samples: number; told: boolean } | undefined;
  #text = { generation: 0, text: '' };
  readonly #unplayed: Played[] = [];

  /** `onEnded`: the session has ended; the satellite may begin another. */
  constructor(
    link: WyomingLink,
    door: Door,
    parts: WyomingParts,
    onEnded: (error: ErrorRecord | undefined) => void,
  ) {
    this.#link = link;
    this.#door = door;
    this.#parts = parts;
    this.#onEnded = onEnded;
    link.expectPongs();
  }

  /** Returns false for an event that is not for a conversation. */
  takes(event: ClientEvent): boolean {
    const { type, data } = event;
    if (type === 'run-pipeline') this.#run(data);
    else if (type === 'audio-chunk') this.#hear(event);
    // Its user has released a button, or its own detector found the end.
    else if (type === 'audio-stop') this.#session?.command({ type: 'commit' });
    else if (type === 'transcript') this.#open()?.command({ type: 'text', text: data.text });
    else if (type === 'detection') this.#wake();
    else if (type === 'played') this.#onPlayed();
    else if (type === 'info') this.#recordRate(data.snd?.[0]?.snd_format?.rate);
    // It has neither a wake word nor a recogniser of voices, so that there is no answer before the audio ends.
    else return type === 'audio-start' || type === 'detect' || type === 'identify';
    return true;
  }

  close(): void {
    this.#session?.close('lost');
    this.#forget();
  }

  #run(pipeline: EventOf<'run-pipeline'>['data']): void {
    const { clock } = this.#door;
    this.#pipeline = pipeline;
    this.#recordRate(pipeline.snd_format?.rate);
    this.#wake();
    const session = this.#open();
    if (!session) return;
    const { announce_text } = pipeline;
    if (announce_text) session.command({ type: 'respond', say: announce_text });
    this.#link.send('transcribe', { language: this.#parts.language });
    this.#listening?.cancel();
    const { start_stage, restart_on_end } = pipeline;
    // A satellite with a wake word records until it gets a transcript.
    if (start_stage === 'asr' && !restart_on_end)
      this.#listening = clock.setTimer(LISTEN_MS, () => this.#link.send('transcript', { text: '' }));
  }

  /** The user has called: what is being said ends, and so does a voice stop. */
  #wake(): void {
    if (this.#state === 'stopped') this.#session?.command({ type: 'rearm' });
    else if (this.#state === 'speaking' || this.#state === 'processing')
      this.#session?.command({ type: 'interrupt' });
  }

  #hear({ data, payload }: EventOf<'audio-chunk'>): void {
    if (!isWhole(payload, data)) {
      this.#link.complain(new ParleyError('BAD_FIELD', 'audio-chunk: half a sample'));
      return;
    }
    if (!this.#input?.matches(data)) {
      this.#input?.close();
      this.#input = new InputFormat(data, this.#door.resamplers);
    }
    const pcm = bytesOf(this.#input.convert(payload));
    const session = this.#open();
    const piece = samplesInMs(PIECE_MS, PIPELINE_RATE) * BYTES_PER_SAMPLE;
    for (let at = 0; at < pcm.byteLength; at += piece) session?.audio(pcm.subarray(at, at + piece));
  }

  /** The session, which the first pipeline, audio or words open. */
  #open(): SessionHandle | undefined {
    const { clock } = this.#door;
    if (this.#session || clock.nowMs() < this.#refusedUntilMs) return this.#session;
    const silent = this.#pipeline !== undefined && this.#pipeline.end_stage !== 'tts';
    try {
      this.#session = this.#door.open(
        {
          ...{
            endpoint: WYOMING_SATELLITE,
            caller: TRUSTED,
            address: this.#parts.address,
            echo: this.#parts.options.echo,
            playbackControl: 'none',
          },
          ...{ inputRate: PIPELINE_RATE, outputRate: this.#outputRate },
          ...(silent && { output: 'text' }),
        },
        {
          opened: () => {},
          message: (message) => this.#onMessage(message),
          audio: (frame) => this.#play(frame),
          audioSent: (generation) => this.#stopAudio(generation, true),
          draining: () => this.#link.send('pause-satellite'),
          ended: (error) => this.#onSessionEnded(error),
        },
      );
      this.#link.session = this.#session.session;
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      this.#onSessionEnded(error);
    }
    return this.#session;
  }

  #onSessionEnded(error: ErrorRecord | undefined): void {
    // What went wrong with a session shall not happen with each further event.
    if (error) this.#refusedUntilMs = this.#door.clock.nowMs() + PAUSE_MS;
    this.#forget();
    this.#onEnded(error);
  }

  #forget(): void {
    if (this.#speaking) this.#stopAudio(this.#speaking.generation, false);
    this.#session = undefined;
    this.#state = 'idle';
    this.#unplayed.length = 0;
    this.#listening?.cancel();
    this.#input?.close();
    this.#input = undefined;
  }

  #onMessage(message: SessionMessage): void {
    if (message.type === 'state') {
      this.#state = message.value;
      // Always listening, it has no other way to end a stop.
      if (message.value === 'stopped' && this.#pipeline?.restart_on_end)
        this.#session?.command({ type: 'rearm' });
    } else if (message.type === 'speech') {
      this.#listening?.cancel();
      const timestamp = Math.round(message.at);
      this.#link.send(message.event === 'start' ? 'voice-started' : 'voice-stopped', { timestamp });
    } else if (message.type === 'transcript') {
      if (message.final) this.#link.send('transcript', { text: message.text });
    } else if (message.type === 'reply') {
      const { generation, text } = message;
      const before = this.#text.generation === generation ? this.#text.text : '';
      this.#text = { generation, text: before + text };
    } else if (message.type === 'flush') this.#stopAudio(message.generation, false);
    else if (message.type === 'reply.end') this.#onReplyEnd(message.generation);
    else if (message.type === 'error') {
      // The user said nothing before the satellite stopped.
      if (message.code === 'NOTHING_TO_COMMIT') this.#link.send('transcript', { text: '' });
      else this.#link.complain(message);
    }
  }

  #onReplyEnd(generation: number): void {
    if (this.#speaking) this.#stopAudio(generation, false);
    const silent = this.#pipeline !== undefined && this.#pipeline.end_stage !== 'tts';
    if (silent && this.#text.generation === generation)
      this.#link.send('handled', { text: this.#text.text.trim() });
  }

  #play({ generation, pcm }: AudioFrame): void {
    const format = { rate: this.#outputRate, width: BYTES_PER_SAMPLE, channels: 1 };
    if (this.#speaking?.generation !== generation) {
      if (this.#speaking) this.#stopAudio(this.#speaking.generation, false);
      this.#speaking = { generation, samples: 0, told: false };
      this.#tellText();
      this.#link.send('audio-start', { ...format, timestamp: 0 });
    }
    // The text of a reply may come after its first audio, which is a filler then.
    this.#tellText();
    this.#link.send('audio-chunk', format, pcm);
    this.#speaking.samples += pcm.byteLength / BYTES_PER_SAMPLE;
  }

  #tellText(): void {
    const { generation, text } = this.#text;
    if (!this.#speaking || this.#speaking.told || this.#speaking.generation !== generation) return;
    this.#speaking.told = true;
    this.#link.send('synthesize', { text: text.trim() });
  }

  #stopAudio(generation: number, whole: boolean): void {
    if (this.#speaking?.generation !== generation) return;
    const { samples } = this.#speaking;
    this.#speaking = undefined;
    this.#link.send('audio-stop');
    this.#unplayed.push({ generation, samples, whole });
    if (this.#unplayed.length > MAX_UNPLAYED) this.#unplayed.shift();
  }

  /** It comes once a reply, so until then the position is reckoned from what was sent. */
  #onPlayed(): void {
    const { whole, generation, samples } = this.#unplayed.shift() ?? {};
    if (whole && generation !== undefined && samples !== undefined)
      this.#session?.command({ type: 'played', generation, samples });
  }

  #recordRate(rate: number | undefined): void {
    if (rate !== undefined) this.#outputRate = rate <= 16_000 ? 16_000 : 24_000;
  }
}
