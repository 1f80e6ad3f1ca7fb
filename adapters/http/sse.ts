import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';

/**
 * Events read in one turn of the event loop. One read of a socket may hold thousands, which promises alone would work off
 * before any other input, a voice stop above all.
 */
const EVENTS_A_TURN = 64;

/** The data of a stream of server-sent events, one text per event. Comments, other fields and events without data are skipped. An event that the stream ends before its empty line is dropped, as the HTML standard requires, unless its data is complete: `[DONE]` or JSON. Throws ENGINE_PROTOCOL at an event of more than `maxEventChars` UTF-16 units.
 */
export async function* eventData(
  pieces: AsyncIterable<Uint8Array>,
  maxEventChars: number,
): AsyncGenerator<string, void, void> {
  const utf8 = new TextDecoder();
  const lineEnd = /\r\n|\n|\r/g;
  let rest = '';
  /** Length of the beginning of `rest` that is known to contain no line end. */
  let searched = 0;
  let data: string[] = [];
  let chars = 0;
  let tick = -1;
  let events = 0;
  for await (const piece of pieces) {
    rest += utf8.decode(piece, { stream: true });
    let start = 0;
    lineEnd.lastIndex = searched;
    for (let end = lineEnd.exec(rest); end; end = lineEnd.exec(rest)) {
      // The `\n` of a `\r\n` may be in the next piece.
      if (end[0] === '\r' && end.index + 1 === rest.length) break;
      const line = rest.slice(start, end.index);
      start = lineEnd.lastIndex;
      chars += line.length;
      if (line.startsWith('data:')) data.push(line.slice(line.charAt(5) === ' ' ? 6 : 5));
      if (line !== '') continue;
      const complete = data;
      data = [];
      chars = 0;
      if (complete.length === 0) continue;
      yield complete.join('\n');
      if (realClock.tick() !== tick) {
        tick = realClock.tick();
        events = 0;
      }
      events += 1;
      if (events >= EVENTS_A_TURN) await realClock.nextTurn();
    }
    rest = rest.slice(start);
    searched = rest.endsWith('\r') ? rest.length - 1 : rest.length;
    if (chars + rest.length > maxEventChars)
      throw new ParleyError('ENGINE_PROTOCOL', 'an event of the answer is too long');
  }
  const last = /^data: ?(.*)$/su.exec(rest.replace(/\r$/, ''))?.[1];
  const unterminated = [...data, ...(last === undefined ? [] : [last])].join('\n');
  if (isComplete(unterminated)) yield unterminated;
}

function isComplete(data: string): boolean {
  if (data.trim() === '[DONE]') return true;
  try {
    return typeof JSON.parse(data) === 'object';
  } catch {
    return false;
  }
}
