import type { KernelEvent } from '../../machines/kernel.ts';
import { heardLength, type SpokenSegment } from '../../machines/policies/heard.ts';
import type { ListenerSample, Reply } from '../../machines/session/model.ts';

/** The audio of the newest reply in a journal, and how much of it was heard. */
export class LastReply {
  #generation = 0;
  #sample: ListenerSample | undefined;
  #segments: Omit<SpokenSegment, 'text'>[] = [];
  /** Samples of a filler in front of the segments. */
  #lead = 0;

  note(event: KernelEvent, generation: number): void {
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#sample = undefined;
      this.#segments = [];
      this.#lead = 0;
    }
    if (event.listener?.generation === generation) this.#sample = event.listener;
    if (event.type === 'filler.audio') this.#lead = event.samples;
    if (event.type !== 'segment.ready') return;
    const { segment, samples, words } = event;
    this.#segments[segment] = { samples, words, ready: true };
  }

  /** The listener's position at the end. `played`: as the client says, which may know more than the last event. */
  listener(
    reply: Reply | null,
    played?: { readonly generation: number; readonly samples: number },
  ): ListenerSample | undefined {
    const sample = this.#sample;
    if (reply?.generation !== this.#generation) return undefined;
    if (played?.generation !== this.#generation || played.samples <= (sample?.played ?? 0)) return sample;
    const known = reply.segments.flatMap((text, index) => {
      const audio = this.#segments[index];
      return audio ? [{ text, ...audio }] : [];
    });
    const made = known.reduce((sum, { samples }) => sum + samples, this.#lead);
    const honest = Math.min(played.samples, Math.max(made, sample?.sent ?? 0));
    return {
      ...sample,
      ...{ generation: this.#generation, sent: Math.max(honest, sample?.sent ?? 0), played: honest },
      heard: Math.max(sample?.heard ?? 0, heardLength(known, Math.max(0, honest - this.#lead))),
      acknowledged: true,
    };
  }
}
