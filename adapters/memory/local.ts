import type { Memory, MemoryItem, MemoryRows, RememberedTurn } from '../../actors/ports/memory.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { Embed } from './embeddings.ts';

export interface LocalMemoryOptions {
  readonly rows: MemoryRows;
  /** Makes vectors of texts. Default: memories are found by their words alone. */
  readonly embed?: Embed | undefined;
  /** Maximum number of recalled things said, besides what is known of the user. */
  readonly topK: number;
  /** Cosine similarity from which a thing said is like the question in meaning, 0 to 1. */
  readonly minSimilarity: number;
}

/** Weight of ranks: 1 / (60 + rank), as in reciprocal rank fusion (Cormack, Clarke, Büttcher: SIGIR 2009). */
const RANK_OFFSET = 60;
/** Things said that are recalled before a question. */
const NEWEST = 3;

/** A memory in SQLite: what is known of a user, and what they said, found by words (BM25) and, with `embed`, by meaning. */
export function localMemory({ rows, embed, topK, minSimilarity }: LocalMemoryOptions): Memory {
  return {
    usersOnly: true,
    async recall({ user, text }, signal) {
      if (user === undefined) return [];
      const vector = embed && text !== '' ? await embed.vectorOf(text, signal) : null;
      const found = await failing(rows.recall({ user, text, vector }));
      const near = found.byMeaning.filter(({ distance }) => 1 - distance >= minSimilarity);
      const said = text === '' ? found.newest.slice(0, NEWEST) : fused([found.byWords, near]).slice(0, topK);
      return [...found.facts.map(factOf), ...said.map(saidOf)];
    },
    async remember(turn) {
      const { keepWords, text } = turn;
      const vector = keepWords && embed ? await embed.vectorOf(text) : null;
      await failing(rows.remember(rowsOf(turn, vector)));
    },
    list: (user) => failing(rows.list(user)),
    async forget(user) {
      const all = await failing(rows.list(user));
      await failing(rows.forget(user));
      return all.length;
    },
    close: async () => embed?.close(),
  };
}

function rowsOf(turn: RememberedTurn, vector: Uint8Array | null) {
  const { id, user, text, at, session, profile, keepWords } = turn;
  const facts = Object.entries(profile).map(([key, value]) => ({
    ...{ id: JSON.stringify([user, key]), user, key, text: value, at, session, vector: null },
  }));
  return keepWords ? [...facts, { id, user, key: null, text, at, session, vector }] : facts;
}

function factOf({ key, text }: MemoryItem): string {
  return `${key}: ${text}`;
}

function saidOf({ text, at }: MemoryItem): string {
  return `${at.slice(0, 10)}, the user said: ${text}`;
}

/** The items of several rankings, best first. */
function fused(rankings: readonly (readonly MemoryItem[])[]): readonly MemoryItem[] {
  const scores = new Map<string, { readonly item: MemoryItem; score: number }>();
  for (const ranking of rankings)
    for (const [rank, item] of ranking.entries()) {
      const known = scores.get(item.id) ?? { item, score: 0 };
      known.score += 1 / (RANK_OFFSET + rank);
      scores.set(item.id, known);
    }
  return [...scores.values()].sort((a, b) => b.score - a.score).map(({ item }) => item);
}

/** The store's own errors are of the store; here it is the memory that failed. */
async function failing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new ParleyError('MEMORY_FAILED', errorRecord(cause, 'STORE_FAILED').message, { cause });
  }
}
