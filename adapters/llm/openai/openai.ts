import type { ChatCompletionCreateParamsStreaming, ChatCompletionMessageParam } from 'openai/resources/chat';
import type { LlmEngine, LlmEvent, LlmRequest, LlmTool } from '../../../actors/ports/llm.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { factsIn } from '../../../machines/session/memory/known.ts';
import type { Call } from '../../http/calls.ts';
import {
  type OpenAiConnection,
  type OpenAiConnectionOptions,
  openAiConnection,
  openAiEvents,
  requireContentType,
} from '../../http/openai-client.ts';
import type { ReportsConnections, TokenStats } from '../../http/transport.ts';
import { type ChatDelta, parseChunk, parseWhole } from './chunk.ts';
import { type ToolCall, ToolCallDrafts } from './tool-calls.ts';

export interface OpenAiLlmOptions extends OpenAiConnectionOptions {
  /** Placed before the conversation. Default: none. */
  readonly systemPrompt?: string;
  /** The server's default if absent. */
  readonly temperature?: number;
  readonly tools?: readonly LlmTool[];
  /** Maximum number of further rounds after tool calls, in which the model can speak about them. Default 3. Tool calls of the last round are still executed.
   */
  readonly maxToolRounds?: number;
  /** Text in place of speech without recognised words, because many servers refuse empty content. */
  readonly notUnderstood?: string;
  /** Send the request's seed; some servers refuse it. Default false. */
  readonly sendSeed?: boolean;
  /** Further fields of the request, such as `{"max_tokens": 200}`. They override Parley's own. */
  readonly extraBody?: JsonObject;
}

/** Far more than any spoken reply; limits the memory that a faulty server can use. */
const LIMITS = { maxResponseBytes: 4 << 20, maxEventChars: 128 << 10 };
const ACCEPTED = { status: 'accepted' };
const NOT_UNDERSTOOD = '(The user said something that could not be understood.)';

/** The language engine for any server with OpenAI's streamed chat completions: OpenAI, Ollama, vLLM, llama.cpp and others. Tool calls become actions when the model has finished its round, so that a reply that breaks off starts none. A request with `stream: false` is sent without streaming. Errors: LLM_FAILED (5xx, or an error in the stream), ENGINE_REQUEST,
 * ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL. Requests are not retried. Throws CONFIG_INVALID.
 */
export function openaiLlm(options: OpenAiLlmOptions): LlmEngine & ReportsConnections {
  const connection = openAiConnection(options, 'LLM_FAILED', LIMITS);
  let tokens: TokenStats = { input: 0, cached: 0, output: 0 };
  const count = ({ input, cached, output }: TokenStats) => {
    tokens = {
      input: tokens.input + input,
      cached: tokens.cached + cached,
      output: tokens.output + output,
    };
  };
  return {
    name: connection.name,
    connectionStats: () => ({ ...connection.connectionStats(), tokens }),
    warm: connection.warm,
    close: connection.close,
    reply: (request, signal) =>
      connection.calls.stream(signal, (call) => rounds(connection, options, request, call, count)),
  };
}

async function* rounds(
  connection: OpenAiConnection,
  options: OpenAiLlmOptions,
  request: LlmRequest,
  call: Call,
  count: (tokens: TokenStats) => void,
): AsyncGenerator<LlmEvent> {
  const messages = toMessages(request, options);
  const usedIds = new Set<string>();
  // A client that reports results has the next request go on with them.
  const goesOn = toolsOf(options, request).length > 0 && !request.reported;
  const followUps = goesOn ? (options.maxToolRounds ?? 3) : 0;
  let spoken = '';
  for (let round = 0; ; round++) {
    let said = '';
    const drafts = new ToolCallDrafts();
    const params = { ...body(options, round === 0 ? request : { ...request, ...free(request) }), messages };
    const deltas = request.stream === false ? wholeReply : chunks;
    for await (const delta of deltas(connection, params, call)) {
      if (delta.usage) count(delta.usage);
      for (const piece of delta.toolCalls) drafts.add(piece);
      if (!delta.text) continue;
      const text = said === '' ? joint(spoken, delta.text) + delta.text : delta.text;
      said += delta.text;
      yield { type: 'delta', text };
    }
    const toolCalls = drafts.complete(usedIds);
    for (const { id, name, args } of toolCalls) yield { type: 'action', id, name, args };
    if (toolCalls.length === 0 || round >= followUps) return;
    messages.push(...answered(said, toolCalls));
    spoken += said;
  }
}

/** The chunks of one request, up to the server's end marker. */
async function* chunks(
  connection: OpenAiConnection,
  params: ChatCompletionCreateParamsStreaming,
  call: Call,
): AsyncGenerator<ChatDelta> {
  const response = await connection.client.chat.completions
    .create(params, { signal: call.signal })
    .asResponse();
  requireContentType(response, /^(text\/event-stream|text\/plain|application\/octet-stream)/i);
  let finished = false;
  for await (const chunk of openAiEvents(connection.body(response), LIMITS.maxEventChars)) {
    const delta = parseChunk(chunk);
    finished ||= delta.finished;
    yield delta;
  }
  if (!finished) throw new ParleyError('ENGINE_PROTOCOL', 'the reply broke off without a finish_reason');
}

/** The reply of one request without streaming. */
async function* wholeReply(
  connection: OpenAiConnection,
  params: ChatCompletionCreateParamsStreaming,
  call: Call,
): AsyncGenerator<ChatDelta> {
  const response = await connection.client.chat.completions
    .create({ ...params, stream: false, stream_options: null }, { signal: call.signal })
    .asResponse();
  requireContentType(response, /json|^text\/plain|^application\/octet-stream/i);
  yield parseWhole(JSON.parse(await connection.body(response).text()));
}

function body(
  options: OpenAiLlmOptions,
  request: LlmRequest,
): Omit<ChatCompletionCreateParamsStreaming, 'messages'> {
  const { model, temperature } = options;
  const tools = toolsOf(options, request);
  const { toolChoice } = request;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    ...(temperature === undefined ? {} : { temperature }),
    ...(tools.length > 0
      ? {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function' as const,
            function: { name, description, parameters },
          })),
          ...(toolChoice === undefined ? {} : { tool_choice: chosen(toolChoice) }),
        }
      : {}),
    ...(options.sendSeed ? { seed: request.seed } : {}),
    ...options.extraBody,
  };
}

/** The session's tools come after those of the configuration; of two with one name, the session's counts. */
function toolsOf({ tools = [] }: OpenAiLlmOptions, { tools: own = [] }: LlmRequest): readonly LlmTool[] {
  return [...tools.filter(({ name }) => !own.some((tool) => tool.name === name)), ...own];
}

/** After the first round the model may speak about the calls that it had to make. */
function free({ toolChoice = 'auto' }: LlmRequest): Pick<LlmRequest, 'toolChoice'> {
  return toolChoice === 'auto' || toolChoice === 'none' ? {} : { toolChoice: 'auto' };
}

function chosen(choice: NonNullable<LlmRequest['toolChoice']>) {
  return typeof choice === 'string' ? choice : { type: 'function' as const, function: choice };
}

/**
 * What lasts comes first, so that the caches of providers and servers hit: the prompts with the user's profile, then the
 * history. What was recalled for the newest words stands in front of them.
 */
function toMessages(request: LlmRequest, options: OpenAiLlmOptions): ChatCompletionMessageParam[] {
  const { profile, recalled, conversation } = factsIn(request.messages);
  const prompts = [
    request.systemPrompt ?? options.systemPrompt,
    request.instructions,
    profile.length > 0 && `Of the user you know:\n${profile.join('\n')}`,
  ].filter(Boolean);
  const system = prompts.length > 0 ? [{ role: 'system' as const, content: prompts.join('\n\n') }] : [];
  const newest = conversation.findLastIndex(({ role }) => role === 'user');
  const heard = conversation.flatMap(({ role, content, actions }, index): ChatCompletionMessageParam[] => {
    if (actions) return answered(content, actions);
    const understood = role !== 'user' || content !== '';
    const said = { role, content: understood ? content : (options.notUnderstood ?? NOT_UNDERSTOOD) };
    return index === newest ? [...remembered(recalled), said] : [said];
  });
  return [...system, ...heard, ...(newest < 0 ? remembered(recalled) : []), ...news(request)];
}

function remembered(facts: readonly string[]): ChatCompletionMessageParam[] {
  return facts.length > 0 ? [{ role: 'system', content: `You remember:\n${facts.join('\n')}` }] : [];
}

/** Results that came after the conversation went on: the model finds them far back, as those of its calls. */
function news({ messages, results = [] }: LlmRequest): ChatCompletionMessageParam[] {
  const last = messages.at(-1)?.actions ?? [];
  const late = results.filter(({ id }) => !last.some((one) => one.id === id));
  return late.map(({ name, args, result }) => ({
    role: 'system',
    content: `The call ${name}(${JSON.stringify(args)}) has just ${result.status === 'started' ? 'begun' : 'ended'}: ${JSON.stringify(result)}`,
  }));
}

/** Tool calls and their results. A call without one has started, and the model may continue. */
function answered(
  said: string,
  toolCalls: readonly (ToolCall & { readonly result?: JsonObject })[],
): ChatCompletionMessageParam[] {
  return [
    {
      role: 'assistant',
      content: said,
      tool_calls: toolCalls.map(({ id, name, args }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      })),
    },
    ...toolCalls.map(({ id, result = ACCEPTED }) => ({
      role: 'tool' as const,
      tool_call_id: id,
      content: JSON.stringify(result),
    })),
  ];
}

/** A space if two rounds of text would otherwise join into one word. */
function joint(before: string, after: string): string {
  return before !== '' && !/\s$/.test(before) && !/^\s/.test(after) ? ' ' : '';
}
