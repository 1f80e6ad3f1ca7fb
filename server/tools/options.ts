import { z } from 'zod';
import { toolParameters, toolQuestion } from '../../actors/session/client-command.ts';
import { ACTION_POLICIES, INTERRUPTED_ACTIONS } from '../../machines/action-terms.ts';
import { constant, count, group, key } from '../../machines/options.ts';
import { HALT_ACTION } from '../../machines/session/halt/halt.ts';

/** Terms of a tool or of an action of the dialog. */
export const toolTerms = {
  policy: z.enum(ACTION_POLICIES).exactOptional(),
  question: toolQuestion.exactOptional(),
  whenInterrupted: z.enum(INTERRUPTED_ACTIONS).exactOptional(),
  group: z.string().min(1).max(64).exactOptional(),
  deadlineMs: z.int().min(1).max(86_400_000).exactOptional(),
};

const names = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must have 1 to 64 letters, digits, hyphens or underscores')
  .refine((name) => name !== HALT_ACTION, 'is reserved for the voice stop');
const headers = z.record(z.string(), z.string()).default({});

/** A tool that is an HTTP request. */
const httpTool = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  description: z.string().min(1).max(4_000),
  parameters: toolParameters.default({ type: 'object', properties: {} }),
  headers,
  ...toolTerms,
});

/** An MCP server. The terms are those of all of its tools. */
const mcpServer = z
  .strictObject({
    command: z.string().min(1).exactOptional(),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    url: z.url({ protocol: /^https?$/ }).exactOptional(),
    headers,
    allow: z.array(z.string().min(1)).default(['*']),
    connectMs: z.int().min(1).max(600_000).default(10_000),
    policy: toolTerms.policy,
    question: toolTerms.question,
    whenInterrupted: toolTerms.whenInterrupted,
    deadlineMs: toolTerms.deadlineMs,
  })
  .refine(
    ({ command, url }) => (command === undefined) !== (url === undefined),
    'needs either `command` or `url`',
  );

/** Configuration of the tools of language models; see docs/how-to/tools-and-memory.md. */
export const toolOptions = group({
  // Look up, act, check and correct once; a model that still calls is in a circle.
  maxRounds: constant(
    count(
      5,
      'Maximum number of times that a language model goes on with the results of its calls, one after another; 0: a reply of its own is about them.',
      0,
    ),
  ),
  http: key(
    z.record(names, httpTool).default({}),
    'Tools that are HTTP requests, by name: `url`, `method` (POST), `description`, `parameters` (JSON schema), `headers`, and terms. See docs/how-to/tools-and-memory.md.',
    { secret: true },
  ),
  mcp: key(
    z.record(names, mcpServer).default({}),
    'MCP servers by name: `command`, `args`, `env`, or `url` and `headers`; `allow`, `connectMs` (10 s), and terms. See docs/how-to/tools-and-memory.md.',
    { secret: true },
  ),
  terms: key(
    z
      .record(
        z.string(),
        z.strictObject({ ...toolTerms, cacheMs: z.int().min(1).max(86_400_000).exactOptional() }),
      )
      .default({}),
    'By name of a tool or action: `policy` (`allowed`, `refused`, `ask`), `question` (of `ask`; a text, or one by language: `{ en: …, de: … }`), `whenInterrupted`, `group` and `deadlineMs`; they count before what the dialog or the client says. `cacheMs`: how long the result of a tool that only reads counts for the same call, ms. See docs/how-to/tools-and-memory.md.',
  ),
});
