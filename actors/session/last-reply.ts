import type { KernelEvent } from '../../machines/kernel.ts';
import { heardLength, type SpokenSegment } from '../../machines/policies/heard.ts';
import type { ListenerSample, Reply } from '../../machines/session/model.ts';

/** The audio of a session's newest reply, and how much of it was heard. Plain data. */
export interface ReplyAudio {
  readonly generation: number;
  readonly sample?: ListenerSample | undefined;
  /** By number; null: not synthesised yet. */
  readonly segments: readonly (Omit<SpokenSegment, 'text'> | null)[];
  /** Samples of a filler in front of the segments. */
  readonly lead: number;
}

const NONE: ReplyAudio = { generation: 0, segments: [], lead: 0 };

/** Follows the audio of the newest reply. */
export class LastReply {
  #audio: ReplyAudio;

  constructor(audio = NONE) {
    this.#audio = audio;
  }

  get audio(): ReplyAudio {
    return this.#audio;
  }

  note(event: KernelEvent, generation: number): void {
    if (generation !== this.#audio.generation) this.#audio = { ...NONE, generation };
    if (event.listener?.generation === generation) this.#audio = { ...this.#audio, sample: event.listener };
    if (event.type === 'filler.audio') this.#audio = { ...this.#audio, lead: event.samples };
    if (event.type !== 'segment.ready') return;
    const { segment, samples, words } = event;
    const segments = [...this.#audio.segments];
    while (segments.length < segment) segments.push(null);
    segments[segment] = { samples, words, ready: true };
    this.#audio = { ...this.#audio, segments };
  }

  /** The listener's position at the end. `played`: as the client says, which may know more than the last event. */
  listener(
    reply: Reply | null,
    played?: { readonly generation: number; readonly samples: number },
  ): ListenerSample | undefined {
    const { generation, sample, segments, lead } = this.#audio;
    if (reply?.generation !== generation) return undefined;
    if (played?.generation !== generation || played.samples <= (sample?.played ?? 0)) return sample;
    const known = reply.segments.flatMap((text, index) => {
      const audio = segments[index];
      return audio ? [{ text, ...audio }] : [];
    });
    const made = known.reduce((sum, { samples }) => sum + samples, lead);
    const honest = Math.min(played.samples, Math.max(made, sample?.sent ?? 0));
    return {
      ...sample,
      ...{ generation, sent: Math.max(honest, sample?.sent ?? 0), played: honest },
      heard: Math.max(sample?.heard ?? 0, heardLength(known, Math.max(0, honest - lead))),
      acknowledged: true,
    };
  }
}
