import type { Memory } from '../ports/memory.ts';
import { similarity } from './similarity.ts';

/** Queries that are kept of each user, and users. */
const QUERIES = 50;
const USERS = 1_000;
/** Queries that are more alike than this have the same answer. */
const SAME = 0.9;
/** Another process may have remembered something meanwhile, ms. */
const KEPT_MS = 60_000;

interface Answer {
  readonly text: string;
  readonly facts: readonly string[];
  readonly atMs: number;
}

/** `memory` with a cache of its newest answers to each user. What is remembered or forgotten empties the user's cache. */
export function cachedMemory(memory: Memory, nowMs: () => number): Memory {
  /** In order of use, the oldest first. */
  const users = new Map<string, Answer[]>();
  const ofUser = (user: string) => {
    const answers = users.get(user) ?? [];
    users.delete(user);
    users.set(user, answers);
    const [oldest] = users.keys();
    if (users.size > USERS && oldest !== undefined) users.delete(oldest);
    return answers;
  };
  return {
    async recall(request, signal) {
      const { user, text } = request;
      if (user === undefined) return memory.recall(request, signal);
      const answers = ofUser(user);
      const known = answers.find((one) => isSame(one.text, text) && nowMs() - one.atMs < KEPT_MS);
      if (known) return known.facts;
      const facts = await memory.recall(request, signal);
      // Not if something was remembered or forgotten meanwhile: the answer may not be true any more.
      if (users.get(user) === answers) {
        answers.push({ text, facts, atMs: nowMs() });
        if (answers.length > QUERIES) answers.shift();
      }
      return facts;
    },
    async remember(turn) {
      await memory.remember(turn);
      users.delete(turn.user);
    },
    list: (user) => memory.list(user),
    async forget(user) {
      users.delete(user);
      const count = await memory.forget(user);
      users.delete(user);
      return count;
    },
    close: () => memory.close(),
  };
}

function isSame(one: string, other: string): boolean {
  return one === other || (one !== '' && other !== '' && similarity(one, other) > SAME);
}
