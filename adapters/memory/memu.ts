import { z } from 'zod';
import type { Memory } from '../../actors/ports/memory.ts';
import { jsonApi } from '../http/json-api.ts';

export interface MemuOptions {
  readonly baseURL: string;
  readonly apiKey?: string | undefined;
  /** Name of the robot's memory at the server. */
  readonly agentId: string;
  readonly topK: number;
  readonly minSimilarity: number;
  /** Categories to search. Empty: all. */
  readonly categories: readonly string[];
}

/** What is asked when the user has not said anything yet. */
const ANYTHING = 'the name, preferences and habits of the user';

const memory = z.object({
  memory_id: z.string().default(''),
  category: z.string().default(''),
  content: z.string(),
  happened_at: z.string().nullish(),
  created_at: z.string().nullish(),
});
const related = z.object({
  related_memories: z.array(z.object({ memory, similarity_score: z.number().nullish() })),
});
const categories = z.object({
  categories: z.array(
    z.object({ name: z.string(), memory_items: z.object({ memories: z.array(memory) }).nullish() }),
  ),
});
const task = z.object({ task_id: z.string().nullish() });
const deleted = z.object({ success: z.boolean(), deleted_count: z.int().nullish() });

/**
 * The memory of a memU server (API v1 under `/api/v1/memory`): it takes whole turns and finds the facts in them itself. It
 * does not get the ids of turns, so a turn that is sent again after a crash may be remembered twice.
 */
export function memuMemory(options: MemuOptions): Memory {
  const { agentId, topK, minSimilarity } = options;
  const api = jsonApi({ ...options, failed: 'MEMORY_FAILED' });
  const ours = (user: string) => ({ user_id: user, agent_id: agentId });
  const post = <T>(path: string, body: object, answer: z.ZodType<T>, signal?: AbortSignal) =>
    api.post(`/api/v1/memory/${path}`, body, answer, signal);
  return {
    usersOnly: true,
    async recall({ user, text }, signal) {
      if (user === undefined) return [];
      const query = text === '' ? ANYTHING : text;
      const limits = { top_k: topK, min_similarity: minSimilarity };
      const some = options.categories.length > 0 && { include_categories: options.categories };
      const body = { ...ours(user), query, ...limits, ...some };
      const found = await post('retrieve/related-memory-items', body, related, signal);
      return found.related_memories.map(({ memory: { content } }) => content);
    },
    async remember({ user, text, reply, at, profile }) {
      const facts = Object.entries(profile).map(([key, value]) => `The user's ${key}: ${value}`);
      const conversation = [
        { role: 'user', content: [text, ...facts].join('\n') },
        { role: 'assistant', content: reply },
      ];
      const names = { user_name: user, agent_name: agentId, session_date: at };
      await post('memorize', { ...ours(user), ...names, conversation }, task);
    },
    async list(user) {
      const body = { ...ours(user), want_memory_items: true };
      const found = await post('retrieve/default-categories', body, categories);
      return found.categories.flatMap(({ name, memory_items }) =>
        (memory_items?.memories ?? []).map((one) => ({
          ...{ id: one.memory_id, key: name, text: one.content, session: '' },
          at: one.happened_at ?? one.created_at ?? '',
        })),
      );
    },
    async forget(user) {
      return (await post('delete', ours(user), deleted)).deleted_count ?? undefined;
    },
    close: () => api.close(),
  };
}
