import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { ATTENTION_MODES, ECHO_STATES } from '../../machines/wire.ts';
import { NOISES } from './sounds.ts';

/** What may happen in a conversation, each with what it is measured by. */
export const STEP_KINDS = [
  'order',
  'bargeIn',
  'backchannel',
  'aside',
  'chatter',
  'noise',
  'stop',
  'listen',
  'quiet',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

const ms = (meaning: string) => z.int().min(0).max(600_000).describe(meaning);
const db = (meaning: string) => z.number().min(-100).max(40).describe(meaning);
const words = (meaning: string) => z.string().min(1).exactOptional().describe(meaning);

const length = (meaning: string) => z.int().min(100).max(600_000).exactOptional().describe(meaning);

const stepSchema = z
  .strictObject({
    order: words('The user says this to an idle robot. It should be understood and answered.'),
    bargeIn: words(
      'The user says this while the robot speaks (`over`). It should fall silent, understand and answer.',
    ),
    backchannel: words('A listener’s sound over the reply, such as `uh-huh`. The robot should go on.'),
    aside: words('People talk to each other. The robot should go on, or stay silent.'),
    chatter: length(
      'Two people talk to each other for this long, ms. The robot should go on, or stay silent.',
    ),
    noise: z
      .union([z.enum(NOISES), z.string().endsWith('.wav')])
      .exactOptional()
      .describe(
        `A sound that is not for the robot: ${NOISES.join(', ')}, or a WAV file. The robot should go on, or stay silent.`,
      ),
    stop: words('The voice stop. The robot should be stopped.'),
    listen: words(
      'The robot is asked this in writing, and the user is silent. It should say all of its answer.',
    ),
    quiet: length('Silence for this long, ms. The robot should stay silent.'),
    over: words('The robot is asked this in writing first; the step happens while it answers.'),
    afterMs: ms('How long after the reply begins to sound the step happens.').default(1_200),
    expect: words('What counts as understood. Default: what is said; needed for a WAV file.'),
    voice: words('An eSpeak voice instead of the scenario’s.'),
    db: db('Level relative to the user’s.').default(0),
    ms: ms('Length of a generated noise.').default(800),
  })
  .superRefine((step, context) => {
    const kinds = STEP_KINDS.filter((kind) => step[kind] !== undefined);
    if (kinds.length !== 1)
      context.addIssue({ code: 'custom', message: `a step has exactly one of ${STEP_KINDS.join(', ')}` });
    const needsOver = kinds.find((kind) => kind === 'bargeIn' || kind === 'backchannel');
    if (needsOver && step.over === undefined)
      context.addIssue({ code: 'custom', message: `${needsOver} needs over: what the robot is asked first` });
    if ((step.order ?? step.bargeIn)?.endsWith('.wav') && step.expect === undefined)
      context.addIssue({ code: 'custom', message: 'a WAV file needs expect: what is said in it' });
  });

const noiseSchema = z.strictObject({
  kind: z.union([z.enum(NOISES), z.string().endsWith('.wav')]).describe('A generated noise, or a WAV file.'),
  db: db('Level relative to the user’s.').default(-20),
});

const scenarioSchema = z.strictObject({
  name: z.string().min(1).describe('For the report.'),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('Decides noise, room and exact moments.'),
  voices: z
    .array(z.string().min(1))
    .min(1)
    .default(['en-us'])
    .describe('eSpeak voices of the user. Each holds the conversation once.'),
  levelDbfs: z
    .number()
    .min(-80)
    .max(-6)
    .default(-26)
    .describe('Level of the user’s speech at the microphone.'),
  echoDb: db('')
    .exactOptional()
    .describe(
      'Level of the robot’s own voice at the microphone, relative to the user’s. Without it there is no echo.',
    ),
  echo: z
    .enum(ECHO_STATES)
    .default('unknown')
    .describe('What the client says of it, as `hello.audio.echo`; it need not be true.'),
  reverbMs: z.int().min(1).max(1_000).default(250).describe('Time in which the room’s sound falls by 60 dB.'),
  distanceM: z.number().min(0.01).max(10).default(0.3).describe('From loudspeaker to microphone.'),
  distortion: z.number().min(0).max(1).default(0).describe('How far the loudspeaker clips softly.'),
  attention: z
    .enum(ATTENTION_MODES)
    .exactOptional()
    .describe('When speech is for the robot. Default: `attention.mode` of the configuration.'),
  wake: z
    .string()
    .min(1)
    .default('hey robot')
    .describe('With `attention: wake`: the wake phrase, which the user says before each order.'),
  moving: z
    .boolean()
    .default(false)
    .describe('The robot moves throughout: its client says so, with the level of `background` as its noise.'),
  background: noiseSchema.exactOptional().describe('Noise throughout the conversation: `{kind, db}`.'),
  networkMs: ms('Between client and server, one way.').default(10),
  outputMs: z.int().min(8).max(1_000).default(20).describe('From the player to the air.'),
  repeat: z.int().min(1).max(1_000).default(1).describe('How often all steps happen.'),
  steps: z.array(stepSchema).min(1).max(200).describe('What happens, one after another.'),
});

export type EvalScenario = z.output<typeof scenarioSchema> & {
  /** Folder that paths of WAV files are relative to. */
  readonly folder: string;
};
export type EvalStep = z.output<typeof stepSchema>;

/** Reads a scenario file. Throws SCENARIO_UNREADABLE or SCENARIO_INVALID. */
export async function readScenario(path: string): Promise<EvalScenario> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ParleyError('SCENARIO_UNREADABLE', path, { cause });
  });
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new ParleyError('SCENARIO_INVALID', `${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  return parseScenario(value, path);
}

/** Checks a scenario. `path` is its file, for errors and for the paths of its WAV files. Throws SCENARIO_INVALID. */
export function parseScenario(value: unknown, path = 'scenario'): EvalScenario {
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success) return { ...parsed.data, folder: dirname(path) };
  const faults = parsed.error.issues.map(
    ({ path: at, message }) => `${at.map(String).join('.') || 'the file'}: ${message}`,
  );
  throw new ParleyError('SCENARIO_INVALID', `${path}: ${faults.join('; ')}`);
}

/** All steps of a conversation, in their order. */
export function stepsOf({ steps, repeat }: EvalScenario): readonly EvalStep[] {
  return Array.from({ length: repeat }, () => steps).flat();
}

/** What a step is about, as text. */
export function saidIn(step: EvalStep): string {
  const said = step[kindOf(step)] ?? '';
  return typeof said === 'number' ? `${said} ms` : said;
}

export function kindOf(step: EvalStep): StepKind {
  return STEP_KINDS.find((kind) => step[kind] !== undefined) ?? 'listen';
}

/** The path of a WAV file that a scenario names; undefined for anything else. */
export function wavOf(scenario: EvalScenario, named: string): string | undefined {
  if (!named.endsWith('.wav')) return undefined;
  return isAbsolute(named) ? named : join(scenario.folder, named);
}

/** Markdown tables of a scenario’s keys, for the documentation. */
export function describeScenario(): string {
  const table = (shape: Readonly<Record<string, z.ZodType>>) =>
    [
      '| key | default | what |',
      '|---|---|---|',
      ...Object.entries(shape).map(([name, schema]) => {
        const given = schema instanceof z.ZodDefault ? `\`${JSON.stringify(schema.def.defaultValue)}\`` : '';
        const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
        return `| \`${name}\` | ${given} | ${schema.description ?? describedBy(inner)} |`;
      }),
    ].join('\n');
  return `${table(scenarioSchema.shape)}\n\nA step has one of the first nine keys:\n\n${table(stepSchema.shape)}\n`;
}

function describedBy(schema: unknown): string {
  return schema instanceof z.ZodType ? (schema.description ?? '') : '';
}
