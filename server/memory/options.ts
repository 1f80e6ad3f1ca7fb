import { z } from 'zod';
import { constant, count, group, key, list, probability, text } from '../../machines/options.ts';

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const apiKey = (alsoEnv?: readonly string[]) =>
  key(z.string().min(1).exactOptional(), 'API key.', { secret: true, ...(alsoEnv && { alsoEnv }) });

/** What is remembered of users, beyond their sessions. */
export const memoryOptions = group({
  engine: key(
    z.enum(['none', 'local', 'memu']).default('none'),
    'Memory of users (`hello.user`): `local`, in the data directory, or `memu`, a memU server; see docs/how-to/tools-and-memory.md.',
  ),
  // What a person would recall; more facts make the prompt longer and the first token later.
  topK: constant(count(6, 'Maximum number of things said earlier that the language engine gets.')),
  // Below it sentences have little more in common than the language.
  minSimilarity: constant(
    probability(0.3, 'Similarity in meaning from which the language engine gets something said earlier.'),
  ),
  embeddings: group({
    baseURL: key(
      url.exactOptional(),
      'With `local`: address of a server with OpenAI’s embeddings, up to `/v1`. Without it, memories are found by their words alone.',
    ),
    apiKey: apiKey(),
    model: text('text-embedding-3-small', 'Embedding model.'),
  }),
  memu: group({
    baseURL: key(url.default('https://api.memu.so'), 'Address of the memU server.'),
    apiKey: apiKey(['MEMU_API_KEY']),
    // One robot has one memory.
    agentId: constant(text('parley', 'Name of this robot’s memory at the server.')),
    // All: the server ranks what it finds.
    categories: constant(list([], 'Categories of memories to search. Empty: all.')),
  }),
});
