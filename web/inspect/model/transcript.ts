import { commandsOf, isMap } from './entries.ts';
import type { SessionLog } from './session-log.ts';
import { stateTree } from './states.ts';

/** One line of the conversation. All of it is text of strangers. */
export interface Line {
  readonly who: 'user' | 'parley';
  readonly text: string;
  /** Of a reply: what was played of it, when it is over. */
  readonly heard: string | undefined;
  /** Still being said or understood. */
  readonly partial: boolean;
  /** Of a reply that is over. */
  readonly reason: string | undefined;
  /** Record that made it so; undefined for what the moment has not finished. */
  readonly record: number | undefined;
  readonly turn: number;
}

/** The conversation of a journal: turns that are over, found once, and what the moment adds. */
export class Transcript {
  readonly #log: SessionLog;
  readonly #lines: Line[] = [];
  #seen = 0;

  constructor(log: SessionLog) {
    this.#log = log;
  }

  /** As it stood after the record. */
  at(index: number): Line[] {
    this.#advance();
    const over = this.#lines.filter(({ record = 0 }) => record <= index);
    return [...over, ...this.#now(index)];
  }

  #advance(): void {
    for (; this.#seen < this.#log.records.length; this.#seen++) {
      const record = this.#log.records[this.#seen];
      if (!record?.commands.includes('"persist"')) continue;
      for (const command of commandsOf(record)) {
        if (command.type !== 'persist') continue;
        const { turn, userText, replyText, heard, reason } = command.turn;
        const facts = { partial: false, record: record.record, turn };
        this.#lines.push({ ...facts, who: 'user', text: userText, heard: undefined, reason: undefined });
        this.#lines.push({ ...facts, who: 'parley', text: replyText, heard, reason });
      }
    }
  }

  #now(index: number): Line[] {
    const { context } = stateTree(this.#log.stateAt(index));
    if (!isMap(context)) return [];
    const turn = typeof context.turn === 'number' ? context.turn : 0;
    const facts = { heard: undefined, reason: undefined, record: undefined, turn };
    const lines: Line[] = [];
    const add = (who: Line['who'], text: unknown, partial: boolean) => {
      if (typeof text === 'string' && text !== '') lines.push({ ...facts, who, text, partial });
    };
    if (isMap(context.reply)) {
      add('user', context.reply.userText, false);
      add('parley', context.reply.text, true);
    } else if (isMap(context.pending)) add('user', context.pending.text, true);
    if (isMap(context.utterance)) {
      const { final, partial } = context.utterance;
      add('user', isMap(final) ? final.text : partial, true);
    }
    return lines;
  }
}
