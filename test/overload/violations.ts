import type { AttackReport } from './spoken-attack.ts';

/** Codes that say why a client was refused and that it may come again. */
const REFUSED = /^(OVERLOADED|TOO_MANY)$/u;
const ADVISED = /^(OVERLOADED|TOO_MANY), again in \d+ ms$/u;
/** How a turn may end: with its reply, or with an error that has a code. */
const ANSWERED = /^(completed|interrupted|failed [A-Z_]+|closed [A-Z_]+)$/u;

/** What an overload must not cause. */
export function violations(report: AttackReport): string[] {
  const { attackers, bystanders, newcomers, unhealthy, failedReplies, halt } = report;
  const levels = report.levels.map(({ level }) => level);
  const wrong = (what: string, holds: boolean) => (holds ? [] : [what]);
  const turns = Object.keys(bystanders.turns);
  return [
    ...wrong('a bystander got no reply', (bystanders.turns.completed ?? 0) > 0),
    ...wrong(
      'a bystander got neither reply nor error',
      turns.every((turn) => ANSWERED.test(turn)),
    ),
    ...wrong('a bystander was refused', Object.keys(bystanders.refused).length === 0),
    ...wrong(
      'no client was refused: the server was not overloaded',
      Object.keys(attackers.refused).length > 0,
    ),
    ...wrong(
      'a talker was refused without a clear error',
      Object.keys(attackers.refused).every((code) => REFUSED.test(code)),
    ),
    ...wrong(
      'a newcomer was refused without a clear error and when to come again',
      newcomers.every((outcome) => outcome === 'admitted' || ADVISED.test(outcome)),
    ),
    ...wrong(
      'a talker who was let in got neither reply nor error',
      Object.keys(attackers.turns).every((turn) => ANSWERED.test(turn)),
    ),
    ...wrong('the server did not go through its levels one by one, and back', stepwise(levels)),
    ...wrong('a health check failed', unhealthy === 0),
    ...wrong('a failed reply was not logged', failedReplies.counted === failedReplies.logged),
    ...wrong('the stop never came', halt.roundTripMs !== undefined),
    ...wrong('the stop failed', halt.stopsFailed === 0),
    ...wrong('audio came after the stop', halt.framesAfter === 0),
  ];
}

function stepwise(levels: readonly number[]): boolean {
  const each = levels.every((level, index) => Math.abs(level - (levels[index - 1] ?? 0)) === 1);
  return each && (levels.at(-1) ?? 0) === 0;
}
