import type { LlmEngine, LlmEvent, LlmRequest, LlmTool } from '../../../actors/ports/llm.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { JsonObject } from '../../../machines/json.ts';
import { toolNamed } from '../../../machines/policies/tool-names.ts';
import type { ActionOutcome, Message } from '../../../machines/session/model.ts';
import type { Call } from '../../http/calls.ts';
import {
  type OpenAiConnection,
  type OpenAiConnectionOptions,
  openAiConnection,
} from '../../http/openai-client.ts';
import type { ReportsConnections, TokenStats } from '../../http/transport.ts';
import { realClock } from '../../real-clock.ts';
import type { ChatDelta } from './chunk.ts';
import { chatDeltas, within } from './deltas.ts';
import { HeardText } from './heard-text.ts';
import { type Prompt, portableId, toMessages } from './messages.ts';
import { refusedPart, type SendParts, send } from './send.ts';
import { type Body, isStrict, ServerMemory, withExtra } from './server-memory.ts';
import { type ToolCall, ToolCallDrafts } from './tool-calls.ts';

export interface OpenAiLlmOptions extends OpenAiConnectionOptions {
  /** Placed before the conversation. Default: none. */
  readonly systemPrompt?: string;
  /** The server's default if absent. */
  readonly temperature?: number;
  /** Maximum number of tokens of a reply. The server's default if absent. */
  readonly maxTokens?: number;
  /** How much a model thinks that can think. The server's default if absent. */
  readonly reasoningEffort?: string;
  readonly tools?: readonly LlmTool[];
  /** Maximum number of further rounds after tool calls, in which the model can speak about them. Default 3. Tool calls of the last round are still executed.
   */
  readonly maxToolRounds?: number;
  /** Text in place of speech without recognised words, because many servers refuse empty content. */
  readonly notUnderstood?: string;
  /** Send the request's seed; some servers refuse it. Default false. */
  readonly sendSeed?: boolean;
  /** Further fields of the request, such as `{"top_p": 0.9}`. They override Parley's own; null leaves a field out. */
  readonly extraBody?: JsonObject;
  /** Fields that are never sent. */
  readonly omit?: readonly string[];
  /** Receives, once each, the parts of requests that the server refuses and Parley leaves out. */
  readonly onProblem?: (error: ParleyError) => void;
}

/** Far more than any spoken reply; limits the memory that a faulty server can use. */
const LIMITS = { maxResponseBytes: 4 << 20, maxEventChars: 128 << 10 };
const NOT_UNDERSTOOD = '(The user said something that could not be understood.)';
/** Keeps a model from promising what it cannot start. */
const NO_TOOLS = 'You cannot carry out any actions now. Say so if you are asked for one.';
/** How often an engine shows that it works while it has nothing to say. */
const ALIVE_MS = 1_000;
/** Longest time that a model may think, or write calls, before its first word. */
const MAX_SILENT_MS = 60_000;
/** Longest id of a call that is passed on as it is. */
const MAX_ID = 64;

/** The engine while it answers one request. */
interface Parts {
  readonly connection: OpenAiConnection;
  readonly options: OpenAiLlmOptions;
  readonly memory: ServerMemory;
  readonly sending: SendParts;
  readonly count: (tokens: TokenStats) => void;
}

/** The language engine for any server with OpenAI's streamed chat completions: OpenAI, Ollama, vLLM, llama.cpp and others. Tool calls become actions when the model has finished its round, so that a reply that breaks off starts none. A request with `stream: false` is sent without streaming. Errors: LLM_FAILED (5xx, an error in the stream, or nothing said), ENGINE_REQUEST,
 * ENGINE_OVERLOADED, ENGINE_UNREACHABLE, ENGINE_PROTOCOL. A request is sent again only without a field that the server refused, or when a busy server says so. Throws CONFIG_INVALID.
 */
export function openaiLlm(options: OpenAiLlmOptions): LlmEngine & ReportsConnections {
  const connection = openAiConnection(options, 'LLM_FAILED', LIMITS);
  const memory = new ServerMemory(options.omit ?? [], isStrict(options.model, options.baseURL));
  let tokens: TokenStats = { input: 0, cached: 0, output: 0 };
  const count = ({ input, cached, output }: TokenStats) => {
    tokens = {
      input: tokens.input + input,
      cached: tokens.cached + cached,
      output: tokens.output + output,
    };
  };
  const onChange = (what: string) => options.onProblem?.(refusedPart(connection.name, what));
  const sending: SendParts = { post: connection.post, memory, onChange };
  const parts: Parts = { connection, options, memory, sending, count };
  return {
    name: connection.name,
    connectionStats: () => ({ ...connection.connectionStats(), tokens }),
    warm: connection.warm,
    close: connection.close,
    reply: (request, signal) => connection.calls.stream(signal, (call) => rounds(parts, request, call)),
  };
}

async function* rounds(parts: Parts, request: LlmRequest, call: Call): AsyncGenerator<LlmEvent> {
  const { options } = parts;
  const usedIds = new Set<string>();
  // A client that reports results has the next request go on with them.
  const offered = toolsOf(options, request).map(({ name }) => name);
  const goesOn = offered.length > 0 && !request.reported;
  const followUps = goesOn ? (options.maxToolRounds ?? 3) : 0;
  let messages: readonly Message[] = request.messages;
  let spoken = '';
  for (let round = 0; ; round++) {
    const asked = round === 0 ? request : { ...request, ...free(request), messages };
    let said = '';
    const reading = read(parts, asked, call);
    let ended: Round = { calls: [], finish: undefined };
    try {
      let next = await reading.next();
      for (; !next.done; next = await reading.next()) {
        const text = said === '' && next.value !== '' ? joint(spoken, next.value) + next.value : next.value;
        said += next.value;
        yield { type: 'delta', text };
      }
      ended = next.value;
    } finally {
      await reading.return(ended);
    }
    const { calls, finish } = ended;
    const actions = calls.map((one) => actionOf(one, usedIds, parts));
    yield* actions;
    const isNothing = said.trim() === '' && calls.length === 0 && round === 0;
    if (isNothing && !hasSpokenSince(request)) throw nothingSaid(finish);
    if (calls.length === 0 || round >= followUps) return;
    messages = [
      ...messages,
      { role: 'assistant', content: said, actions: actions.map((action) => soFar(action, offered)) },
    ];
    spoken += said;
  }
}

interface Round {
  readonly calls: readonly ToolCall[];
  readonly finish: string | undefined;
}

/** One request: yields what is said, and empty text while the model works without saying anything. */
async function* read(parts: Parts, request: LlmRequest, call: Call): AsyncGenerator<string, Round, void> {
  const { connection, options, memory, sending, count } = parts;
  const tools = new Map(toolsOf(options, request).map((tool) => [tool.name, tool]));
  const drafts = new ToolCallDrafts(tools.keys());
  const heard = new HeardText(tools, memory);
  const response = await send(sending, () => bodyOf(parts, request), call.signal);
  const body = connection.body(response);
  const deltas = chatDeltas(body, LIMITS.maxEventChars, count);
  let finish: string | undefined;
  let isComplete = false;
  const startMs = realClock.nowMs();
  let aliveMs = startMs;
  let hasSaid = false;
  let next = deltas.next();
  try {
    for (;;) {
      const { dueMs } = heard;
      const arrived =
        dueMs === undefined ? await next : await within(next, Math.max(0, dueMs - realClock.nowMs()));
      if (arrived?.done) break;
      const delta = arrived?.value;
      finish = delta?.finish ?? finish;
      for (const piece of delta?.toolCalls ?? []) drafts.add(piece);
      const text = delta ? heard.push(delta.text) + delta.refusal : heard.release();
      if (delta) next = deltas.next();
      const isSilent = text === '' && delta && works(delta) && realClock.nowMs() - aliveMs >= ALIVE_MS;
      if (text === '' && !isSilent) continue;
      aliveMs = realClock.nowMs();
      hasSaid ||= text !== '';
      if (!hasSaid && aliveMs - startMs > MAX_SILENT_MS)
        throw new ParleyError('LLM_FAILED', `the model said nothing for ${MAX_SILENT_MS / 1_000} s`);
      yield text;
    }
    isComplete = true;
  } finally {
    if (!isComplete) {
      next.catch(() => {});
      void body.return();
    }
  }
  const rest = heard.end();
  if (rest !== '') yield rest;
  return { calls: together(drafts.complete(), heard), finish };
}

/** Whether a chunk shows that the model works: not the empty ones with which some servers begin. */
function works({ thinks, text, toolCalls }: ChatDelta): boolean {
  return thinks || text !== '' || toolCalls.length > 0;
}

/** Some servers pass a call on and leave its text too. */
function together(calls: readonly ToolCall[], { calls: written }: HeardText): readonly ToolCall[] {
  const others = written.filter(({ name }) => !calls.some((one) => one.name === name));
  return [
    ...calls,
    ...others.map(({ name, args, invalid }) => ({ id: '', name, args, ...(invalid && { invalid }) })),
  ];
}

type Action = Extract<LlmEvent, { type: 'action' }>;

function actionOf(call: ToolCall, used: Set<string>, { memory, connection }: Parts): Action {
  const { id, name, args, invalid, extra } = call;
  if (id !== '') memory.addId(id);
  const isLong = id.length > MAX_ID;
  const opaque = { ...(extra && { content: extra }), ...(isLong && { id }) };
  return {
    ...{ type: 'action', id: freshId(isLong ? portableId(id) : id, used), name, args },
    ...(invalid !== undefined && { invalid }),
    ...(Object.keys(opaque).length > 0 && { extra: { by: connection.name, ...opaque } }),
  };
}

/** The call for the next request of this reply: it was passed on, or cannot be. Only the session knows its end. */
function soFar({ id, name, args, invalid, extra }: Action, offered: readonly string[]): ActionOutcome {
  const isOffered = offered.includes(toolNamed(name, offered));
  const result =
    invalid !== undefined
      ? { status: 'failed', message: invalid }
      : isOffered
        ? { status: 'accepted' }
        : { status: 'refused', message: 'no tool of this name is offered' };
  return { id, name, args, result, ...(extra && { extra }) };
}

function freshId(wanted: string, used: Set<string>): string {
  let id = wanted;
  for (let n = used.size; !id || used.has(id); n++) id = `call-${n}`;
  used.add(id);
  return id;
}

/** Whether the model has already spoken about the user's newest words: then it may leave it at that. */
function hasSpokenSince({ messages }: LlmRequest): boolean {
  const newest = messages.findLastIndex(({ role }) => role === 'user');
  return messages
    .slice(newest + 1)
    .some(({ role, content }) => role === 'assistant' && content.trim() !== '');
}

function nothingSaid(finish: string | undefined): ParleyError {
  const why = {
    length: 'its tokens were used up; raise maxTokens',
    content_filter: 'its content filter stopped it',
  };
  const known = new Map(Object.entries(why)).get(finish ?? '');
  return new ParleyError(
    'LLM_FAILED',
    `the model said nothing${known ? `: ${known}` : ` (${finish ?? 'no reason given'})`}`,
  );
}

function bodyOf(parts: Parts, request: LlmRequest): Body {
  const { options, memory, connection } = parts;
  const { quirks } = memory;
  const tools = toolsOf(options, request);
  const withoutTools = tools.length === 0 || quirks.omit.has('tools');
  const { toolChoice } = request;
  const prompt: Prompt = {
    systemPrompt: request.systemPrompt ?? options.systemPrompt,
    notUnderstood: options.notUnderstood ?? NOT_UNDERSTOOD,
  };
  const cannotAct = tools.length > 0 && withoutTools;
  const instructions = [request.instructions, cannotAct && NO_TOOLS].filter(Boolean).join('\n\n');
  const messages = toMessages({ ...request, ...(instructions && { instructions }) }, prompt, {
    engine: connection.name,
    isOwnId: (id) => memory.isOwnId(id),
    ...{ shortIds: quirks.shortIds, bridged: quirks.bridged, systemInUser: quirks.systemInUser },
    ...{ emptyReasoning: quirks.emptyReasoning, withoutTools },
  });
  const isStreamed = request.stream !== false && !quirks.omit.has('stream');
  return withExtra(
    {
      model: options.model,
      ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : { stream: false }),
      ...(options.temperature !== undefined && { temperature: options.temperature }),
      ...(options.maxTokens !== undefined && { max_tokens: options.maxTokens }),
      ...(options.reasoningEffort !== undefined && { reasoning_effort: options.reasoningEffort }),
      ...(!withoutTools && {
        tools: tools.map(({ name, description, parameters }) => ({
          type: 'function',
          function: { name, description, parameters },
        })),
        ...(toolChoice !== undefined && { tool_choice: chosen(toolChoice) }),
      }),
      ...(options.sendSeed && { seed: request.seed }),
    },
    { messages, extra: options.extraBody },
  );
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

/** A space if two rounds of text would otherwise join into one word. */
function joint(before: string, after: string): string {
  return before !== '' && !/\s$/.test(before) && !/^\s/.test(after) ? ' ' : '';
}
