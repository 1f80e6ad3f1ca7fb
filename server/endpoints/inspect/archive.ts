import type { InspectStore } from '../../../actors/ports/inspect.ts';
import type { JournalAudio } from '../../../actors/ports/journal.ts';
import type { Store } from '../../../actors/ports/store.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JournalRecord } from '../../../machines/journal/record.ts';
import {
  type AudioPage,
  audioPage,
  type JournalPage,
  journalPage,
  type TurnsPage,
  turnsPage,
} from './wire.ts';

/**
 * The recorded data of a session, one page at a time. All methods reject with SESSION_UNKNOWN for an unknown session.
 */
export interface Archive {
  journal(session: string, from: number, limit: number): Promise<JournalPage>;
  /** `from` counts turns. */
  turns(session: string, from: number, limit: number): Promise<TurnsPage & { readonly next: number | null }>;
  /** `from` counts pieces. */
  audio(session: string, from: number, limit: number): Promise<AudioPage>;
}

/** Upper estimate of a record's size without its texts, in bytes. */
const RECORD_BYTES = 400;

/** The archive of this server's own store. A page has at most `maxBytes`, unless a single entry is larger. */
export function storeArchive(
  store: Store,
  inspectStore: InspectStore | undefined,
  maxBytes: number,
): Archive {
  function journals(session: string): InspectStore {
    if (!inspectStore) throw new ParleyError('SESSION_UNKNOWN', `no journal of ${session}`);
    return inspectStore;
  }

  return {
    async journal(session, from, limit) {
      const journal = journals(session);
      const head = await journal.journalHead(session);
      const found = await journal.journalRecords(session, from, limit);
      const records = found.slice(0, fitting(found.map(sizeOfRecord), maxBytes));
      const full = records.length < found.length || found.length === limit;
      return journalPage.parse({ ...head, records, next: full ? from + records.length : null });
    },
    async turns(session, from, limit) {
      const all = await store.turns(session);
      const found = all.slice(from, from + limit);
      const turns = found.slice(0, fitting(found.map(sizeOf), maxBytes));
      const next = from + turns.length < all.length ? from + turns.length : null;
      return { ...turnsPage.parse({ turns }), next };
    },
    async audio(session, from, limit) {
      const found = (await journals(session).journalAudio(session, from, limit)).map(pieceOf);
      const pieces = found.slice(0, fitting(found.map(sizeOf), maxBytes));
      const full = pieces.length < found.length || found.length === limit;
      return audioPage.parse({ pieces, next: full ? from + pieces.length : null });
    },
  };
}

/** Number of leading items that fit into `maxBytes`, at least one. */
function fitting(sizes: readonly number[], maxBytes: number): number {
  let sum = 0;
  const over = sizes.findIndex((size) => {
    sum += size;
    return sum > maxBytes;
  });
  return over < 0 ? sizes.length : Math.max(1, over);
}

/** Size in UTF-8, with its texts escaped once more, which may add half of their size. */
function sizeOfRecord({ event, change, commands }: JournalRecord): number {
  return RECORD_BYTES + 1.5 * (event.length + change.length + commands.length);
}

function sizeOf(value: object): number {
  return 1.5 * JSON.stringify(value).length;
}

function pieceOf({ samples, direction, generation, sample, rate }: JournalAudio) {
  const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
  return { direction, generation, sample, rate, pcm };
}
