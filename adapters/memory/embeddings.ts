import { z } from 'zod';
import { jsonApi } from '../http/json-api.ts';

export interface Embed {
  /** The vector of a text: 32-bit floats, little endian. */
  vectorOf(text: string, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface EmbeddingOptions {
  /** Address of a server with OpenAI's protocol, up to `/v1`. */
  readonly baseURL: string;
  readonly apiKey?: string | undefined;
  readonly model: string;
}

const answer = z.object({ data: z.tuple([z.object({ embedding: z.array(z.number()).min(1) })]) });

/** Embeddings of a server with OpenAI's protocol (`POST /embeddings`). */
export function openAiEmbeddings({ baseURL, apiKey, model }: EmbeddingOptions): Embed {
  const api = jsonApi({ baseURL, apiKey, failed: 'MEMORY_FAILED' });
  return {
    async vectorOf(input, signal) {
      const { data } = await api.post('/embeddings', { model, input }, answer, signal);
      return new Uint8Array(Float32Array.from(data[0].embedding).buffer);
    },
    close: () => api.close(),
  };
}
