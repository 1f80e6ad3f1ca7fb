import { realClock } from '../../real-clock.ts';
import { Markup, type TextPiece } from './markup.ts';
import type { ServerMemory } from './server-memory.ts';
import type { TextCall, Tools } from './text-calls.ts';

/** How long the first words of an unknown server are held: thinking may end without having begun. */
const FIRST_HOLD_MS = 300;
/** Held text that is passed on at last. */
const MAX_HELD = 32_768;
/** How models begin that think aloud. */
const THINKS_ALOUD =
  /^\s*(?:(?:okay|ok|alright|all right|hmm+|so|well|right|wait|first|now|got it|好的?|嗯|首先)[,.…，。]*\s*)*(?:the (?:user|human|question|request|prompt)|user (?:says|asks|wants|said|asked)|(?:we|i) (?:need|should|have|must|'ll|will|can) (?:to )?(?:think|respond|reply|answer|figure|consider|check|call|use|be|make|decide)?|let me (?:think|see|analy|figure|check)|let's (?:think|see|analy|break)|(?:they|he|she)(?:'re| are|'s| is) asking|thinking(?: process)?:|reasoning:|analysis:|hmm|用户|我需要|我应该|让我|我们需要)/iu;

/** What the user may hear of one request's text, and the calls in it. */
export class HeardText {
  readonly #markup: Markup;
  readonly #memory: ServerMemory;
  readonly calls: TextCall[] = [];
  #held: string | undefined = '';
  #heldSinceMs: number | undefined;
  #lone = false;

  constructor(tools: Tools, memory: ServerMemory) {
    this.#markup = new Markup(tools);
    this.#memory = memory;
    if (memory.thinksFirst === 'no') this.#held = undefined;
  }

  /** The text that can be passed on now; empty if there is none. */
  push(text: string): string {
    return this.#take(this.#markup.push(text));
  }

  end(): string {
    const said = this.#take(this.#markup.end());
    const rest = this.#held ?? '';
    this.#held = undefined;
    this.#memory.noteReply(this.#lone);
    return said + rest;
  }

  /** When held text is passed on if nothing else arrives; undefined without such a limit. */
  get dueMs(): number | undefined {
    if (this.#held === undefined || this.#heldSinceMs === undefined || this.#waitsForEnd(this.#held))
      return undefined;
    return this.#heldSinceMs + FIRST_HOLD_MS;
  }

  /** The held text, once its time is up. */
  release(): string {
    const held = this.#held ?? '';
    this.#held = undefined;
    return held;
  }

  #take(pieces: readonly TextPiece[]): string {
    let said = '';
    for (const piece of pieces) {
      if (piece.type === 'call') this.calls.push(piece);
      else if (piece.type === 'say') {
        if (this.#held === undefined) said += piece.text;
        else {
          this.#held += piece.text;
          this.#heldSinceMs ??= realClock.nowMs();
        }
      } else if (piece.type === 'thought') {
        this.#lone ||= !piece.began;
        said = piece.began ? said + (this.#held ?? '') : '';
        // What follows is not thinking.
        this.#held = undefined;
      }
    }
    if (this.#held === undefined) return said;
    const isUp =
      this.#held.length > MAX_HELD || (this.dueMs ?? Number.POSITIVE_INFINITY) <= realClock.nowMs();
    const isKnown = !this.#memory.isNew && !this.#waitsForEnd(this.#held) && this.#held.length > 24;
    return isUp || isKnown ? this.release() : '';
  }

  /** Whether only an end of thinking, or of the reply, shows what the held text is. */
  #waitsForEnd(held: string): boolean {
    return this.#memory.thinksFirst === 'yes' || THINKS_ALOUD.test(held);
  }
}
