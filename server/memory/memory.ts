import { cachedMemory } from '../../actors/memory/cached-memory.ts';
import type { Memory, MemoryRows } from '../../actors/ports/memory.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { Config } from '../config/schema.ts';

/** The memory as configured; undefined for none. `rows`: where the local one keeps things, if there is a store. */
export async function openMemory(
  { memory: { engine, topK, minSimilarity, embeddings, memu } }: Pick<Config, 'memory'>,
  rows: MemoryRows | undefined,
): Promise<Memory | undefined> {
  const cached = (memory: Memory) => cachedMemory(memory, () => realClock.nowMs());
  if (engine === 'memu') {
    const { memuMemory } = await import('../../adapters/memory/memu.ts');
    return cached(memuMemory({ ...memu, topK, minSimilarity }));
  }
  if (engine === 'none' || !rows) return undefined;
  const { baseURL, apiKey, model } = embeddings;
  const { localMemory } = await import('../../adapters/memory/local.ts');
  const { openAiEmbeddings } = await import('../../adapters/memory/embeddings.ts');
  const embed = baseURL === undefined ? undefined : openAiEmbeddings({ baseURL, apiKey, model });
  return cached(localMemory({ rows, embed, topK, minSimilarity }));
}
