/** The parts, by kind: a new one is a file beside this, and a line in each of these functions and in `PARTS`. */
import type { Json } from '../../json.ts';
import { pathOf } from '../actions.ts';
import type { PARTS } from '../define.ts';
import { newForm } from '../form/form.ts';
import { formInput } from '../form/input.ts';
import { actInput, askInput, modelInput, sayInput } from '../inputs.ts';
import type { Part } from '../snapshot.ts';
import { RunningAct } from './act.ts';
import { RunningAsk } from './ask.ts';
import { RunningForm } from './form.ts';
import { RunningModel } from './model.ts';
import type { Host, RunningPart } from './part.ts';
import { RunningSay } from './say.ts';
import { RunningTool } from './tool.ts';

/** A part of a chart that begins. Throws BEHAVIOUR_INVALID if it cannot begin with this input. */
export function newPart(
  part: (typeof PARTS)[number],
  id: string,
  { entry, input }: { readonly entry: number; readonly input: Json },
  host: Host,
): RunningPart {
  const action = `${pathOf(id, host.program)}/${entry}`;
  switch (part) {
    case 'say':
      return new RunningSay(id, { kind: part, entry }, host, sayInput(input));
    case 'ask':
      return new RunningAsk(id, { kind: part, entry, input: askInput(input), tries: 0, asked: false }, host);
    case 'form': {
      const form = formInput(input);
      host.program.checkForm(form.fields);
      return new RunningForm(
        id,
        { kind: part, entry, input: form, state: newForm(form), asked: false },
        host,
      );
    }
    case 'tool':
      return new RunningTool(id, { kind: part, entry, input: actInput(input), action }, host);
    case 'model':
      return new RunningModel(
        id,
        { kind: part, entry, input: modelInput(input), text: '', rest: '', waiting: 0, heard: '' },
        host,
      );
    case 'act':
      return new RunningAct(id, { kind: part, entry, input: actInput(input), action }, host);
  }
}

/** A part that goes on from its plain state. */
export function resumedPart(id: string, plain: Part, host: Host): RunningPart {
  switch (plain.kind) {
    case 'say':
      return new RunningSay(id, plain, host);
    case 'ask':
      return new RunningAsk(id, plain, host);
    case 'form':
      return new RunningForm(id, plain, host);
    case 'act':
      return new RunningAct(id, plain, host);
    case 'tool':
      return new RunningTool(id, plain, host);
    case 'model':
      return new RunningModel(id, plain, host);
  }
}
