/** The conversations of the files beside this one, each with a real session. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { behaviourProgram } from '../../../actors/behaviour/program.ts';
import { identityOf } from '../../../machines/behaviour/program.ts';
import { kernelStart, SessionKernel, type Step } from '../../../machines/kernel.ts';
import { parameters, say, scene } from '../../session/scene.ts';
import { chartOf, FORMS } from './forms.ts';

/** A line: who, and what. */
type Line = readonly [who: string, text: string];

interface Written {
  readonly title: string;
  readonly form: string;
  readonly lines: readonly Line[];
}

function conversationsIn(file: string): readonly Written[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  return text
    .split(/^## /mu)
    .slice(1)
    .map((part) => {
      const [title = '', ...rest] = part.trim().split('\n');
      const lines = rest.flatMap((line): readonly Line[] => {
        const [, who, said = ''] = /^- ([^:]+?)(?:: (.*))?$/u.exec(line.trim()) ?? [];
        return who === undefined ? [] : [[who, said]];
      });
      const [, name, form = file.replace('.md', '')] = /^(.*?)(?: \((\w+)\))?$/u.exec(title) ?? [];
      return { title: name ?? title, form, lines };
    });
}

const programs = new Map(
  Object.entries(FORMS).map(([name, form]) => [name, behaviourProgram(chartOf(form))] as const),
);
const programOf = (form: string) => programs.get(form) ?? expect.unreachable(`no form ${form}`);

/** What a step publishes, as lines of a conversation. */
function linesOf({ commands }: Pick<Step, 'commands'>): readonly Line[] {
  return commands.flatMap((command): readonly Line[] => {
    if (command.type !== 'publish') return [];
    const { message } = command;
    if (message.type === 'reply.end')
      return [[message.reason === 'completed' ? 'robot' : message.reason, message.heard]];
    if (message.type !== 'report') return [];
    const data = Object.entries(message.data ?? {}).map(([name, value]) => `${name} = ${shown(value)}`);
    return [data.length > 0 ? [message.name, data.join(', ')] : [message.name, '']];
  });
}

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Types what the user says. `resumed`: before each line the session goes on from its stored snapshot. */
function typed({ form, lines }: Written, resumed = false): readonly Line[] {
  const program = programOf(form);
  const input = {
    ...({ language: FORMS[form]?.language ?? 'en', outputRate: 24_000, seed: 1, memory: false } as const),
    ...({ output: 'text', behaviour: identityOf(program) } as const),
  };
  let kernel = new SessionKernel(parameters({}), input, { behaviour: program });
  const resume = () => {
    const from = kernelStart(JSON.parse(JSON.stringify(kernel.snapshot())), parameters({}));
    kernel = new SessionKernel(parameters({}), input, { from, behaviour: program });
  };
  const all: Line[] = [];
  const take = (step: Step) => {
    all.push(...linesOf(step));
    // The reply ends as soon as it begins, because it is a text.
    for (
      let next: Step | undefined = step;
      next?.commands.some((one) => one.type === 'spawn' && one.child === 'actions');
    ) {
      next = kernel.step({ type: 'xstate.done.actor.actions' }, kernel.nowMs + 1);
      all.push(...linesOf(next));
    }
  };
  take(kernel.initial);
  for (const [who, text] of lines) {
    if (resumed) resume();
    if (who === 'you') {
      all.push([who, text]);
      take(kernel.step({ type: 'text', text }, kernel.nowMs + 1_000));
    }
    if (who === 'silence') {
      all.push([who, '']);
      const count = all.length;
      while (all.length === count) {
        const timer = kernel.popTimer(Number.POSITIVE_INFINITY);
        if (!timer) break;
        take(kernel.step(timer.event, timer.dueMs));
      }
    }
  }
  return all;
}

/** Says it, each as sure as its line has it. */
async function spoken({ form, lines }: Written): Promise<readonly Line[]> {
  const words = lines.filter(([who]) => who.startsWith('you'));
  const said = words.map(([who, text]) => {
    const confidence = Number(/\((.*)\)/u.exec(who)?.[1] ?? 1);
    return { partial: text, text, confidence };
  });
  const talk = await scene({
    ...{ behaviour: programOf(form), said },
    parameters: parameters({ asking: { enabled: false } }),
  });
  const all: Line[] = [];
  let read = 0;
  const listen = async () => {
    await talk.wait(1_000);
    await talk.until(() => talk.state === 'idle');
    const heard = talk.heard.slice(read);
    read = talk.heard.length;
    all.push(...linesOf({ commands: heard.map((message) => ({ type: 'publish', message }) as never) }));
  };
  await listen();
  for (const [who, text] of words) {
    all.push([who, text]);
    await say(talk, 700);
    await listen();
  }
  return all;
}

const written = (lines: readonly Line[]) =>
  lines.map(([who, text]) => (text === '' ? who : `${who}: ${text}`));

const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.md'));
describe.each(files)('%s', (file) => {
  it.each(conversationsIn(file).map((one) => [one.title, one] as const))('%s', async (_, one) => {
    const isSpoken = one.lines.some(([who]) => who.startsWith('you ('));
    expect(written(isSpoken ? await spoken(one) : typed(one))).toEqual(written(one.lines));
    if (!isSpoken) expect(written(typed(one, true))).toEqual(written(one.lines));
  });
});
