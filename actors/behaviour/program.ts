/** From a behaviour as it is written to what sessions need of it. */
import type { AnyStateMachine } from 'xstate';
import { definitionOf, MAX_MICROSTEPS } from '../../machines/behaviour/chart.ts';
import { behaviourFaults } from '../../machines/behaviour/check.ts';
import type { BehaviourDefinition } from '../../machines/behaviour/define.ts';
import type { FormField } from '../../machines/behaviour/form/form.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { Task } from '../../machines/behaviour/task.ts';
import { ParleyError } from '../../machines/errors.ts';
import { argumentSchema } from '../calls/arguments.ts';
import { type Dialog, dialogIn, matchDialog } from '../dialog/mod.ts';
import { FormReader } from './form.ts';
import { phrasesOf } from './phrases.ts';
import { understand } from './understand.ts';

/** Reads and checks a behaviour once, for all sessions. Throws BEHAVIOUR_INVALID with all that is wrong. */
export function behaviourProgram(
  machine: AnyStateMachine,
  dialog?: Dialog,
  watch?: BehaviourProgram['watch'],
): BehaviourProgram {
  const definition = definitionOf(machine);
  if (!definition)
    throw new ParleyError('BEHAVIOUR_INVALID', 'the chart is not made with `behaviour({ … }).createMachine`');
  const phrases = phrasesOf(definition);
  const formReader = readersOf(definition);
  const faults = behaviourFaults(machine, definition);
  if (faults.length > 0) throw new ParleyError('BEHAVIOUR_INVALID', faults.join('; '));
  machine.options = { ...machine.options, maxIterations: MAX_MICROSTEPS };
  const program: BehaviourProgram = {
    definition,
    machine,
    ...(watch && { watch }),
    begin: (seed, from) => new Task(program, seed, from),
    understand: (words, wanted) => understand(phrases, words, wanted, formReader),
    checkForm: (fields) => void formReader(fields),
    fits(parameters, args) {
      const fault = argumentSchema(parameters).check(args, () => Promise.reject(new Error('too long')));
      return fault instanceof Promise ? 'the arguments are too long' : fault;
    },
    answeredByDialog(words, language) {
      const one = dialog && dialogIn(dialog, language);
      return one !== undefined && matchDialog(one, words) !== undefined;
    },
  };
  try {
    program.begin(1);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ParleyError('BEHAVIOUR_INVALID', `its start: ${detail}`, { cause });
  }
  return program;
}

/** Forms whose grammars are kept. */
const MAX_FORMS = 64;

/** The reader of each form, made once. */
function readersOf(definition: BehaviourDefinition): (fields: readonly FormField[]) => FormReader {
  const made = new Map<string, FormReader>();
  return (fields) => {
    const key = JSON.stringify(fields);
    const known = made.get(key);
    if (known) return known;
    if (made.size >= MAX_FORMS) made.clear();
    const reader = new FormReader(definition, fields);
    made.set(key, reader);
    return reader;
  };
}
