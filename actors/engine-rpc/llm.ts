import { z } from 'zod';
import type { Clock, LoopClock } from '../../machines/clock.ts';
import type { Bus } from '../ports/bus.ts';
import type { LlmEngine, LlmEvent, LlmRequest } from '../ports/llm.ts';
import { callEngine } from './client.ts';
import { type EngineHost, hostEngine } from './host.ts';
import { type WorkOptions, workOptions } from './options.ts';
import { jsonBytes, parseJson, type RpcScope } from './protocol.ts';

const JsonRecord = z.record(z.string(), z.json());

const Outcome = z.object({
  id: z.string(),
  name: z.string(),
  args: JsonRecord,
  result: JsonRecord,
  extra: JsonRecord.exactOptional(),
});

const Request: z.ZodType<LlmRequest> = z.object({
  messages: z.array(
    z.object({
      role: z.enum(['system', 'user', 'assistant']),
      content: z.string(),
      actions: z.array(Outcome).exactOptional(),
      facts: z.literal(true).exactOptional(),
    }),
  ),
  results: z.array(Outcome).exactOptional(),
  reported: z.literal(true).exactOptional(),
  language: z.string(),
  seed: z.int().min(0).max(0xffff_ffff),
  stream: z.boolean().exactOptional(),
  session: z.string().exactOptional(),
  user: z.string().exactOptional(),
  systemPrompt: z.string().exactOptional(),
  instructions: z.string().exactOptional(),
  tools: z
    .array(
      z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.json()) }),
    )
    .exactOptional(),
  toolChoice: z.union([z.enum(['auto', 'none', 'required']), z.object({ name: z.string() })]).exactOptional(),
});

/** Longest id and name of an action, in UTF-16 units: four times the limit of the model providers. */
const MAX_NAME = 256;

const Event: z.ZodType<LlmEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('delta'), text: z.string() }),
  z.object({
    type: z.literal('action'),
    id: z.string().max(MAX_NAME),
    name: z.string().max(MAX_NAME),
    args: JsonRecord,
    invalid: z.string().exactOptional(),
    extra: JsonRecord.exactOptional(),
  }),
]);

/** Serves a language engine on the bus as `name`. */
export function hostLlm(
  bus: Bus,
  clock: LoopClock,
  engine: LlmEngine,
  options?: Partial<WorkOptions>,
  name = engine.name,
): EngineHost {
  return hostEngine<LlmEvent>(
    bus,
    clock,
    {
      kind: 'llm',
      name,
      prepare: (payload) => {
        const request = parseJson(Request, payload);
        return (_audio, signal) => engine.reply(request, signal);
      },
      send: (event, job) => job.data(jsonBytes(event)),
    },
    options,
  );
}

/** Returns a client of the language engine `name` on the bus. Cheap to make: one per reply. */
export function remoteLlm(
  bus: Bus,
  clock: Clock,
  name: string,
  scope: RpcScope,
  options?: Partial<WorkOptions>,
): LlmEngine {
  return {
    name,
    reply: (request, signal) =>
      callEngine<LlmEvent>(
        bus,
        clock,
        workOptions(options),
        {
          kind: 'llm',
          name,
          scope,
          payload: jsonBytes(request),
          decode: (message) => parseJson(Event, message.payload),
        },
        signal,
      ),
    close: async () => {},
  };
}
