import { RecordedState } from '../../../machines/journal/state.ts';
import { publicState } from '../../../machines/session/public-state.ts';
import { align } from './align.ts';
import { commandsOf, eventOf, isMap, typeOf } from './entries.ts';
import type { Row, Side } from './rows.ts';
import type { SessionLog } from './session-log.ts';
import { recordedSide } from './what-if.ts';

/** A step that matters, with its key for comparison. */
interface Mark {
  readonly side: Side;
  readonly key: string;
  readonly words: string;
}

/**
 * Lays two sessions side by side, turn by turn. Only what moves the machine or causes something is compared: how often
 * an engine reports its progress differs every time. Yields how many turns are done.
 */
export function* compareSessions(left: SessionLog, right: SessionLog): Generator<number, Row[], undefined> {
  const [ours, theirs] = [turnsOf(left), turnsOf(right)];
  yield 0;
  const rows: Row[] = [];
  for (let turn = 0; turn < Math.max(ours.length, theirs.length); turn++) {
    const [a, b] = [ours[turn] ?? [], theirs[turn] ?? []];
    const pairs = align(
      a.map(({ key }) => key),
      b.map(({ key }) => key),
    );
    for (const [l, r] of pairs) rows.push(row(a[l], b[r]));
    yield turn + 1;
  }
  return rows;
}

function row(left: Mark | undefined, right: Mark | undefined): Row {
  const same = left !== undefined && right !== undefined && left.words === right.words;
  const why =
    left && right ? (same ? undefined : 'different words') : left ? 'only on the left' : 'only on the right';
  return { left: left?.side, right: right?.side, same, why };
}

function turnsOf(log: SessionLog): Mark[][] {
  const turns: Mark[][] = [];
  const state = new RecordedState();
  let value = '';
  for (const [index, record] of log.records.entries()) {
    state.apply(record.change);
    const after = state.part('value') ?? 'null';
    const moved = after !== value;
    value = after;
    if (!moved && record.commands === '[]') continue;
    const turn = log.entries[index]?.turn ?? 0;
    const marks = turns[turn] ?? [];
    turns[turn] = marks;
    const mark = markOf(recordedSide(record, after), record);
    // A step that only continues the previous one: the next words of a reply.
    if (marks.at(-1)?.key !== mark.key) marks.push(mark);
  }
  return Array.from(turns, (marks) => marks ?? []);
}

function markOf(side: Side, record: SessionLog['records'][number]): Mark {
  const event = eventOf(record);
  const commands = commandsOf(record);
  const told = commands.map((command) => {
    if (command.type === 'publish')
      return command.message.type === 'reply.end' ? `end ${command.message.reason}` : command.message.type;
    return 'child' in command ? `${command.type} ${command.child}` : command.type;
  });
  const state = publicState(JSON.parse(side.value));
  const key = [record.source, typeOf(event), state, ...new Set(told)].join(' ');
  return { side, key, words: `${wordsOf(event)} ${told.includes('error') ? record.commands : ''}` };
}

/** What was said, where that is the user's; other engines may word and cut a reply as they like. */
function wordsOf(event: ReturnType<typeof eventOf>): string {
  const text = isMap(event.output) ? event.output.text : typeOf(event) === 'text' ? event.text : '';
  const code = isMap(event.error) ? event.error.code : '';
  return [text, code].map((word) => (typeof word === 'string' ? word.toLowerCase() : '')).join(' ');
}
