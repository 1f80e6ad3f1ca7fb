import { describe, expect, it } from 'vitest';
import {
  type Call,
  type Callable,
  checkedCall as checked,
  schemaProblems,
} from '../../actors/calls/call-check.ts';
import { dialogTools } from '../../actors/dialog/action-schema.ts';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { slowCheck } from '../../adapters/schema/slow-check.ts';
import type { Json, JsonObject } from '../../machines/json.ts';
import type { Tool } from '../../machines/wire.ts';

const GO: JsonObject = {
  type: 'object',
  properties: {
    metres: { type: 'number', minimum: 0, maximum: 10 },
    speed: { enum: ['slow', 'fast'] },
    times: { type: 'integer' },
    label: { type: 'string', pattern: '^[a-z]+$' },
    lights: { type: 'boolean' },
    path: {
      type: 'array',
      items: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] },
    },
  },
  required: ['metres'],
  additionalProperties: false,
};

const checkedCall = (call: Call, callable: Callable) => checked(call, callable, slowCheck);

function tool(parameters: JsonObject, name = 'go-forward'): Tool {
  return { name, description: '', parameters };
}

/** The call of a tool of a client. */
async function call(args: JsonObject, parameters = GO, name = 'go-forward'): Promise<Call> {
  return checkedCall({ name, args }, { servers: [], clients: [tool(parameters)], actions: [] });
}

/** The same of a tool that the server runs. */
async function serversCall(args: JsonObject): Promise<Call> {
  return checkedCall({ name: 'go-forward', args }, { servers: [tool(GO)], clients: [], actions: [] });
}

describe('arguments that fit the schema of their tool', () => {
  it.each<[string, JsonObject]>([
    ['all that must be there', { metres: 3 }],
    ['a whole number for a number, and 1.0 for an integer', { metres: 3, times: 1.0 }],
    ['one of the values', { metres: 0, speed: 'slow' }],
    ['nested values', { metres: 10, path: [{ x: 1 }, { x: 2.5, y: 1 }] }],
  ])('are used as they are: %s', async (_what, args) => {
    expect(await call(args)).toEqual({ name: 'go-forward', args });
  });

  it('may have null for what is left out', async () => {
    expect(await call({ metres: 3, speed: null, lights: null })).toEqual({
      name: 'go-forward',
      args: { metres: 3 },
    });
  });
});

describe('arguments that break the schema of their tool', () => {
  it.each<[string, JsonObject, RegExp]>([
    ['missing', {}, /^arguments: missing "metres"$/],
    ['null for what must be there', { metres: null }, /^metres: type "null" is invalid.*number/],
    ['of the wrong type', { metres: 'far' }, /^metres: type "string" is invalid.*"number"/],
    ['a number as text', { metres: '5' }, /^metres: type "string"/],
    ['a number as a boolean', { metres: true }, /^metres: type "boolean"/],
    ['a number in a list', { metres: [3] }, /^metres: type "array"/],
    ['a boolean as text', { metres: 1, lights: 'true' }, /^lights: type "string"/],
    ['a boolean as a number', { metres: 1, lights: 1 }, /^lights: type "number"/],
    ['over the maximum', { metres: 5_000 }, /^metres: 5000 is greater than 10 \(maximum\)$/],
    ['under the minimum', { metres: -1 }, /^metres: -1 is less than 0 \(minimum\)$/],
    ['not among the values', { metres: 1, speed: 'warp' }, /^speed: .*\["slow","fast"\] \(enum\)$/],
    ['not whole', { metres: 1, times: 1.5 }, /^times: type/],
    ['extra', { metres: 1, turbo: true }, /^arguments: unknown argument "turbo"$/],
    ['against the pattern', { metres: 1, label: 'A1' }, /^label: String does not match pattern/],
    ['deep inside', { metres: 1, path: [{ x: 1 }, {}] }, /^path\.1: missing "x"$/],
    ['several', { metres: 99, turbo: 1 }, /metres: 99 is greater.*; .*turbo|turbo.*; metres: 99/],
  ])('make the call invalid, with place and reason: %s', async (_what, args, why) => {
    const checked = await call(args);
    expect(checked.args).toEqual(args);
    expect(checked.invalid).toMatch(why);
  });

  it('are reported in a bounded text', async () => {
    const args = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`extra${i}`.repeat(50), i]));
    expect((await call({ metres: 1, ...args })).invalid?.length).toBeLessThan(2_000);
  });
});

describe('a tool that the server runs', () => {
  it.each<[Json, Json]>([
    ['5', 5],
    ['-0.5', undefined as unknown as Json],
    ['9.50', 9.5],
    ['0', 0],
  ])('takes the number in the text %j if nothing is lost', async (text, number) => {
    const { args, invalid } = await serversCall({ metres: text });
    if (number === undefined) expect(invalid).toBeDefined();
    else expect({ args, invalid }).toEqual({ args: { metres: number }, invalid: undefined });
  });

  it.each(['5000', ' 5', '5m', '0x5', '1e1', '05', '+5', 'five', '', '9.99999999999999999999'])(
    'does not take %j for a number within the bounds',
    async (text) => {
      expect((await serversCall({ metres: text })).invalid).toBeDefined();
    },
  );

  it('takes no boolean for a number, and no fraction for a whole number', async () => {
    expect((await serversCall({ metres: true })).invalid).toBeDefined();
    expect((await serversCall({ metres: 1, times: '1.5' })).invalid).toBeDefined();
  });
});

describe('the name of a call', () => {
  it.each(['go_forward', 'goForward', 'Go-Forward', 'functions.go_forward'])(
    '%s means go-forward',
    async (name) => {
      expect(await call({ metres: 1 }, GO, name)).toEqual({ name: 'go-forward', args: { metres: 1 } });
      expect(await call({ metres: 5_000 }, GO, name)).toMatchObject({
        name: 'go-forward',
        invalid: expect.any(String),
      });
    },
  );

  it('of no tool stays, for the conversation to refuse', async () => {
    expect(await call({}, GO, 'fly')).toEqual({ name: 'fly', args: {} });
  });

  it('of the voice stop is the voice stop', async () => {
    expect((await call({}, GO, 'Halt')).name).toBe('halt');
  });

  it('means the server’s tool first, then the client’s', async () => {
    const own = tool({ type: 'object', properties: { metres: { maximum: 1 } } });
    const all = { servers: [own], clients: [tool(GO)], actions: [tool({})] };
    const checked = await checkedCall({ name: 'go-forward', args: { metres: 5 } }, all);
    expect(checked.invalid).toMatch(/greater than 1/);
  });
});

describe('schemas as tools send them', () => {
  const property = (schema: Json) => ({ type: 'object', properties: { x: schema } });
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    ['no keywords', {}, { any: 1 }, undefined as unknown as JsonObject],
    ['capital types', { type: 'OBJECT', properties: { x: { type: 'NUMBER' } } }, { x: 1 }, { x: 'a' }],
    ['types of programming languages', property({ type: 'float' }), { x: 1.5 }, { x: 'a' }],
    ['draft 4 exclusive bounds', property({ maximum: 5, exclusiveMaximum: true }), { x: 4 }, { x: 5 }],
    ['draft 3 required', property({ type: 'string', required: true }), { x: 'a' }, {}],
    ['nullable', property({ type: 'string', nullable: true }), { x: null }, { x: 1 }],
    [
      'draft 7 tuples',
      property({ items: [{ type: 'number' }], additionalItems: false }),
      { x: [1] },
      { x: [1, 2] },
    ],
    [
      '2020-12 tuples',
      property({ prefixItems: [{ type: 'number' }], items: false }),
      { x: [1] },
      { x: ['a'] },
    ],
    [
      'draft 7 definitions',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        definitions: { d: { maximum: 5 } },
        ...property({ $ref: '#/definitions/d' }),
      },
      { x: 5 },
      { x: 6 },
    ],
    [
      'what pydantic writes',
      {
        $defs: { Size: { enum: ['s', 'l'], title: 'Size', type: 'string' } },
        ...property({ anyOf: [{ $ref: '#/$defs/Size' }, { type: 'null' }], default: null }),
      },
      { x: null },
      { x: 'xl' },
    ],
    [
      'what zod writes',
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        ...property({ type: 'integer', exclusiveMinimum: 0, maximum: 9007199254740991 }),
        additionalProperties: false,
      },
      { x: 1 },
      { x: 0 },
    ],
    ['dependencies', { ...property({}), dependencies: { x: ['y'] } }, { x: 1, y: 1 }, { x: 1 }],
    ['bounds as text', property({ maximum: '5' }), { x: 5 }, { x: 6 }],
    ['needless escapes in patterns', property({ pattern: '^[a-z\\@\\_]+$' }), { x: 'a@_' }, { x: 'A' }],
    [
      'a property called constructor',
      { properties: { constructor: { type: 'string' } }, required: ['constructor'] },
      { constructor: 'a' } as unknown as JsonObject,
      {},
    ],
    [
      'unknown keywords',
      property({ type: 'number', 'x-unit': { type: 'banana' }, format: 'metres' }),
      { x: 1 },
      { x: 'a' },
    ],
    [
      'a reference to itself',
      { properties: { child: { $ref: '#' }, n: { type: 'number' } } },
      { child: { child: { n: 1 } } },
      { child: { child: { n: 'a' } } },
    ],
  ])('are understood: %s', async (_what, schema, fits, breaks) => {
    expect(schemaProblems([tool(schema)])).toEqual([]);
    expect((await call(fits, schema)).invalid).toBeUndefined();
    if (breaks) expect((await call(breaks, schema)).invalid).toBeDefined();
  });

  const deep = (levels: number): JsonObject =>
    levels === 0 ? {} : { type: 'object', properties: { x: deep(levels - 1) } };
  it.each<[string, JsonObject, RegExp]>([
    [
      'a reference to a server',
      property({ $ref: 'http://127.0.0.1:1/schema.json' }),
      /127\.0\.0\.1.*not within the schema/,
    ],
    ['a reference to nothing', property({ $ref: '#/$defs/none' }), /none.*not within the schema/],
    ['an unknown type', property({ type: 'banana' }), /"banana" is not a type/],
    ['a broken pattern', property({ pattern: '(' }), /"\(" is not a regular expression/],
    ['an object as a list', { type: 'array' }, /arguments are an object/],
    [
      'properties in a list',
      { type: 'object', properties: ['x'] as unknown as Json },
      /properties is not an object/,
    ],
    ['too many levels', deep(100), /more than 64 levels/],
    [
      'too many parts',
      { properties: Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`p${i}`, {}])) },
      /5000 parts/,
    ],
    ['a bound that is not a number', property({ maximum: 'lots' }), /"lots" is not a number/],
  ])('that cannot be used are reported, and their calls refused: %s', async (_what, schema, why) => {
    expect(schemaProblems([tool(schema)])).toMatchObject([{ code: 'TOOL_SCHEMA' }]);
    expect(schemaProblems([tool(schema)])[0]?.message).toMatch(why);
    expect((await call({}, schema)).invalid).toMatch(/cannot be used/);
  });

  const doubling = () => {
    const to = (i: number) => ({ $ref: `#/$defs/d${i}` });
    const defs = Object.fromEntries(
      Array.from({ length: 21 }, (_, i) => [
        `d${i}`,
        i === 20 ? { type: 'string' } : { anyOf: [to(i + 1), to(i + 1), to(i + 1)] },
      ]),
    );
    return { $defs: defs, ...property(to(0)) };
  };
  it.each<[string, JsonObject, JsonObject]>([
    ['a pattern that backtracks', property({ pattern: '^(a+)+$' }), { x: `${'a'.repeat(60)}!` }],
    ['references that double', doubling(), { x: 1 }],
    ['a reference to itself only', { $ref: '#' }, { x: 1 }],
    ['a pattern of names', { patternProperties: { '^(a+)+$': {} } }, { [`${'a'.repeat(60)}!`]: 1 }],
  ])('end within the time limit, and are not tried for ever: %s', async (_what, schema, args) => {
    const startMs = performance.now();
    for (let i = 0; i < 50; i++)
      expect((await call(args, schema)).invalid).toMatch(/could not be compared|too long/);
    // Two tries of a second; without a limit one alone takes hours.
    expect(performance.now() - startMs).toBeLessThan(30_000);
  });
});

describe('a pattern with groups', () => {
  it('is checked beside the conversation, and others wait for it', async () => {
    const slug = { properties: { x: { type: 'string', pattern: '^[a-z]+(-[a-z]+)*$' } } };
    const checks = [call({ x: 'a-b' }, slug), call({ x: 'a--b' }, slug), call({ x: 'c' }, slug)];
    expect((await Promise.all(checks)).map(({ invalid }) => invalid)).toEqual([
      undefined,
      'x: String does not match pattern (pattern)',
      undefined,
    ]);
  });

  it('works again after one that never ended', async () => {
    const evil = { properties: { y: { pattern: '^(a|aa)+$' } } };
    const fine = { properties: { x: { pattern: '^(a|b)$' } } };
    const checks = [call({ y: `${'a'.repeat(80)}!` }, evil), call({ x: 'b' }, fine)];
    expect((await Promise.all(checks)).map(({ invalid }) => invalid)).toEqual([
      expect.stringMatching(/could not be compared/),
      undefined,
    ]);
  });
});

describe('actions of a dialog', () => {
  const dialog = parseDialog(
    `
slots: { metres: number 1..5, height: decimal 0..2, side: { left: L, right: R }, pin: digits 4..6, when: date, sides: list of side }
entries:
  - { id: go, phrases: "go forward [{metres} metres]", defaults: { metres: 1 }, actions: [{ name: go-forward, args: { metres: "{metres}" } }] }
  - { id: lift, phrases: "lift {height} metres", actions: [{ name: lift, args: { height: "{height}" } }] }
  - { id: turn, phrases: "turn {side}", actions: [{ name: turn, args: { side: "{side}", degrees: 90 } }] }
  - { id: around, phrases: "turn around", actions: [{ name: turn, args: { side: L, degrees: 180 } }] }
  - { id: pay, phrases: "pay with {pin} [on {when}]", actions: [{ name: pay, args: { pin: "{pin}", when: "[{when}]" } }] }
  - { id: look, phrases: "look {sides}", actions: [{ name: look, args: { at: "{sides}" } }] }
  - { id: wave, phrases: wave, actions: [{ name: wave }] }
`,
    'test.yaml',
  );
  const actions = dialogTools(dialog);
  const act = async (name: string, args: JsonObject) =>
    checkedCall({ name, args }, { servers: [], clients: [], actions });

  it.each<[string, JsonObject, JsonObject]>([
    ['go-forward', { metres: 5 }, { metres: 5 }],
    ['go_forward', {}, { metres: 1 }],
    ['lift', { height: 1.5 }, { height: 1.5 }],
    ['turn', { side: 'R', degrees: 180 }, { side: 'R', degrees: 180 }],
    ['pay', { pin: '0123' }, { pin: '0123' }],
    ['pay', { pin: '0123', when: '2026-05-03' }, { pin: '0123', when: '2026-05-03' }],
    ['look', { at: ['L', 'R'] }, { at: ['L', 'R'] }],
    ['wave', {}, {}],
  ])('%s may have %j', async (name, args, runs) => {
    expect(await act(name, args)).toEqual({ name: name.replace('_', '-'), args: runs });
  });

  it.each<[string, JsonObject, RegExp]>([
    ['go-forward', { metres: 5_000 }, /metres: 5000 is greater than 5/],
    ['go-forward', { metres: 0 }, /metres: 0 is less than 1/],
    ['go-forward', { metres: 2.5 }, /metres: .*integer/],
    ['go-forward', { metres: '3' }, /metres: type "string"/],
    ['go-forward', { metres: 3, speed: 9 }, /unknown argument "speed"/],
    ['lift', {}, /missing "height"/],
    ['lift', { height: 2.1 }, /height: 2.1 is greater than 2/],
    ['turn', { side: 'up', degrees: 90 }, /side: .*"L"/],
    ['turn', { side: 'L', degrees: 720 }, /degrees: .*90/],
    ['pay', { pin: '12' }, /pin: String does not match/],
    ['pay', { pin: 1234 }, /pin: type "number"/],
    ['look', { at: ['L', 'up'] }, /at\.1/],
    ['wave', { times: 1_000 }, /unknown argument "times"/],
  ])('%s may not have %j', async (name, args, why) => {
    expect((await act(name, args)).invalid).toMatch(why);
  });
});
