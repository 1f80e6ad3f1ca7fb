import { delayName } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { Attention, AttentionState, PublicState } from '../../machines/wire.ts';
import { WAKE_WORDS } from './script.ts';
import type { Sometimes } from './sometimes.ts';

/** Watches what happens beside the conversation: attention, and the robot's body. */
export class BesideWatch {
  readonly #reached: (name: Sometimes) => void;
  readonly #mode: Attention;
  #attention: AttentionState = 'awake';
  #state: PublicState = 'idle';
  #event = '';
  #words = '';
  #moving = false;
  #strict = false;
  #partials = 0;

  constructor(reached: (name: Sometimes) => void, mode: Attention) {
    this.#reached = reached;
    this.#mode = mode;
  }

  observe(entry: LogEntry): void {
    if (entry.type === 'event') this.#onEvent(entry);
    if (entry.type !== 'command') return;
    const { command } = entry;
    if (command.type === 'ear') this.#onEar(command.strict);
    if (command.type === 'publish' && command.message.type === 'attention')
      this.#onAttention(command.message.state);
  }

  #onEvent({ event, state }: LogEntry & { type: 'event' }): void {
    const before = this.#state;
    this.#state = state;
    this.#event = event.type;
    const sleeps = this.#attention === 'asleep';
    if (event.type === 'memory.facts') this.#reached('the memory gave facts that no reply waited for');
    else if (event.type === 'memory.failed')
      this.#reached('the memory failed when no reply waited for it any more');
    else if (event.type === 'body') this.#moving = event.moving;
    else if (event.type === 'away' && before === 'speaking')
      this.#reached('a client was lost while it was spoken to');
    else if (event.type === 'back') this.#reached('a lost client came back');
    else if (event.type === 'speech.start') this.#partials = 0;
    else if (event.type === 'transcript.partial') this.#onPartial(before);
    else if (event.type === 'xstate.done.actor.stt') {
      this.#words = event.output.text;
      if (sleeps && before === 'processing' && state === 'idle' && this.#words !== '')
        this.#reached(
          this.#mode === 'wake'
            ? 'speech without the wake phrase was ignored'
            : 'speech that was plainly not for the robot was ignored',
        );
      if (this.#attention === 'window' && !this.#words.startsWith(WAKE_WORDS) && state === 'processing')
        this.#reached('a turn in the window after another needed no wake phrase');
    } else if (event.type === 'halt' && sleeps) this.#reached('voice stop while asleep');
    else if (event.type === 'commit' && this.#mode === 'push' && state === 'processing')
      this.#reached('a session that begins with push to talk had a turn');
    else if (event.type === 'stop.suspected' && this.#strict)
      this.#reached('a stop was suspected while the robot moved');
  }

  #onPartial(before: PublicState): void {
    this.#partials += 1;
    if (!this.#strict || before !== 'speaking') return;
    if (this.#state === 'speaking' && this.#partials === 1)
      this.#reached('one partial transcript did not interrupt while motors were heard');
    if (this.#state === 'listening' && this.#partials > 1)
      this.#reached('partial transcripts that agree interrupted while motors were heard');
  }

  #onEar(strict: boolean): void {
    if (strict && this.#state === 'speaking') this.#reached('the robot moved during a reply');
    if (this.#event === 'body' && this.#moving && strict) this.#reached('motors were heard');
    if (this.#event === 'body' && this.#moving && !strict) this.#reached('motors were not heard');
    this.#strict = strict;
  }

  #onAttention(state: AttentionState): void {
    const before = this.#attention;
    this.#attention = state;
    if (before === 'asleep' && state === 'awake')
      this.#reached(
        this.#event === 'text'
          ? 'a typed turn woke the robot'
          : this.#words.startsWith(WAKE_WORDS)
            ? 'a wake phrase woke the robot'
            : 'the robot woke without a wake phrase',
      );
    if (before === 'window' && state === 'asleep') this.#reached('the window after a turn closed');
    if (before === 'window' && state === 'window' && delayName(this.#event) === 'attentionWindow')
      this.#reached('the window after a turn stayed open while the user spoke');
  }
}
