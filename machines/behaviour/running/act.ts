import type { Json } from '../../json.ts';
import { type Happened, resultIn } from '../actions.ts';
import type { Floor } from '../floor.ts';
import type { ActPart } from '../snapshot.ts';
import { type ActionMessage, RunningPart } from './part.ts';

/** Runs an action of the robot, and ends with it. */
export class RunningAct extends RunningPart<ActPart> {
  begin(floor: Floor): void {
    const { action, input } = this.plain;
    if (floor.isStopped) this.end('error', { code: 'stopped' }, floor);
    else this.host.request({ type: 'behaviour.act', id: action, args: {}, ...input });
  }

  /** It ends by its own terms, unless it has not begun. */
  override leave(): void {
    const { action } = this.plain;
    if (!this.host.withdraw(action)) this.host.request({ type: 'behaviour.leave', id: action });
  }

  protected output(data: ReturnType<typeof resultIn>['data'], _event: Happened | undefined): Json {
    return data ?? {};
  }

  override action(message: ActionMessage, event: Happened | undefined, floor: Floor): void {
    const { id, status } = message;
    if (id !== this.plain.action || status === 'progress') return;
    this.host.changed();
    if (status === 'started') return;
    const result = resultIn(event, message);
    if (status === 'done') this.end('done', this.output(result.data, event), floor);
    else {
      const code = status === 'cancelled' ? 'stopped' : status;
      this.end('error', { ...result, code: result.code ?? code }, floor);
    }
  }
}
