import { behaviourReader, expecter } from '../../actors/behaviour/hearing.ts';
import { dialogTools, secretsOf } from '../../actors/dialog/mod.ts';
import type { SessionDeps } from '../../actors/session/session.ts';
import { languageIdentifier } from '../../adapters/language/identify.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { slowCheck } from '../../adapters/schema/slow-check.ts';
import { sessionMachine } from '../../machines/session/machine.ts';
import { earOf } from '../ear.ts';
import { statelyBridge } from '../endpoints/inspect/stately.ts';
import { supportsLanguage } from '../engine-warnings.ts';
import { startJournaling, watchedJournals } from '../journaling.ts';
import { logTo } from '../observers.ts';
import { executorOf } from '../ros-robot.ts';
import { isKnown } from '../stores.ts';
import { openTools } from '../tools/sources.ts';
import { warmMachine } from '../warm-machine.ts';
import type { Base } from './base.ts';
import { modelMayAnswer, type Speech } from './speech.ts';

export async function makeSessions(base: Base, speech: Speech): Promise<SessionDeps> {
  const { options, closers, dialog, behaviour, bus, metrics, stores, inspector, observers } = base;
  const { config, log, parts } = options;
  const { vad, stopSpotter, resamplers, parameters, clients: engines } = speech;
  const { store, journals } = stores;
  const watched = journals && watchedJournals(journals, inspector);
  const journaling =
    watched && config.journal.enabled
      ? startJournaling(watched, config.journal, log, stores.problem)
      : undefined;
  if (journaling) closers.push(() => journaling.close());
  warmMachine(parameters);
  const stately = await statelyBridge(config, sessionMachine);
  if (stately) closers.push(() => stately.close());
  const executor = parts?.actions ?? executorOf(dialog, base.robot);
  const tools = await openTools(config.tools, (error) => log.warn({ err: error }, error.message));
  if (tools) closers.push(() => tools.close());
  const actions = base.shared.cachedTools(tools?.port(executor) ?? executor);
  const journal = stately ? stately.watching(journaling?.open) : journaling?.open;
  const secrets = secretsOf(dialog);
  if (secrets) inspector?.wire.outlineOnly();
  return {
    ...{ bus, clock: realClock, parameters, engines, vad, stopSpotter, resamplers, store },
    ...{ detector: config.vad, ear: await earOf(config), speech: speech.engines.speech },
    economy: speech.governor,
    ...(parts?.engines ? {} : { supports: (language: string) => supportsLanguage(language, config) }),
    ...{
      tools,
      slowSchemaCheck: slowCheck,
      dialogTools: dialogTools(dialog),
      actions: base.tracer?.actions(actions) ?? actions,
    },
    behaviour,
    read: behaviourReader(dialog, behaviour, !modelMayAnswer(options)),
    expect: expecter(behaviour),
    secrets,
    identify: await languageIdentifier([config.language, ...parameters.languages.among]),
    memory: parts?.memory ?? base.memory,
    ...(journal && { journal }),
    onLog: logTo(observers),
    onProblem: (session, error) => {
      metrics?.onProblem(error);
      if (isKnown(error, stores.problem())) log.debug({ session, err: error }, error.message);
      else log.warn({ session, err: error }, error.message);
    },
  };
}
