import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { Session } from '../../actors/session/handle.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { type SessionMachine, sessionMachine } from '../../machines/session/machine.ts';
import type { Templates } from '../shared/templates.ts';
import type { Flags } from './flags.ts';

/** Makes the dependencies of a session with these flags. The flags are in its journal's parameters. */
export function flagged(deps: SessionDeps, templates: Templates): (flags: Flags) => SessionDeps {
  const machines = new Map<string, SessionMachine>();
  /** Of the templates that these machines have. */
  let revision = 0;

  /** Sessions of the same steps share a machine. */
  function machineOf(parameters: SessionParameters, { speculation, filler }: Flags): SessionMachine {
    if (speculation && filler && templates.revision === 0) return deps.machine;
    if (revision !== templates.revision) machines.clear();
    revision = templates.revision;
    const name = `${speculation} ${filler}`;
    const made = machines.get(name) ?? sessionMachine(parameters);
    machines.set(name, made);
    return made;
  }

  return (flags) => {
    const { memory, engines, ...rest } = deps;
    const parameters = withFlags(templates.in(deps.parameters), flags);
    return {
      ...rest,
      parameters,
      machine: machineOf(parameters, flags),
      engines: {
        ...engines,
        ...(flags.sseCore ? {} : { llm: (scope) => wholeLlm(engines.llm(scope)) }),
        ...(flags.ttsStreaming ? {} : { tts: (scope) => wholeTts(engines.tts(scope)) }),
      },
      ...(memory && flags.memory && { memory }),
    };
  };
}

function withFlags(parameters: SessionParameters, flags: Flags): SessionParameters {
  const { speculation, reply } = parameters;
  return {
    ...parameters,
    steps: flags,
    ...(flags.speculation ? {} : { speculation: { ...speculation, enabled: false } }),
    ...(flags.filler ? {} : { reply: { ...reply, fillerAfterMs: 0 } }),
  };
}

function wholeLlm(engine: LlmEngine): LlmEngine {
  return {
    ...engine,
    reply: (request, signal) => whole(engine.reply({ ...request, stream: false }, signal)),
  };
}

function wholeTts(engine: TtsEngine): TtsEngine {
  return { ...engine, synthesize: (request, signal) => whole(engine.synthesize(request, signal)) };
}

async function* whole<Event>(events: AsyncIterable<Event>): AsyncGenerator<Event> {
  const all: Event[] = [];
  for await (const event of events) all.push(event);
  yield* all;
}

/** `session`, in which speech interrupts no reply, whatever its client sets. `manual`: its client makes the turns. */
export function withoutBargeIn(session: Session, manual: boolean): Session {
  if (!manual) session.command({ type: 'settings', turnDetection: { mode: 'auto', interrupt: false } });
  return {
    ...session,
    command(given) {
      if (given.type !== 'settings' || !given.turnDetection) session.command(given);
      else session.command({ ...given, turnDetection: { ...given.turnDetection, interrupt: false } });
    },
  };
}
