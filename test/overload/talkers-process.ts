// The attackers of the spoken overload, in their own process.
import { answerParent } from '../../lab/bench/load/child-process.ts';
import { type TalkersPlan, talkers } from './talkers.ts';

answerParent({ talk: (plan) => talkers(plan as TalkersPlan) }, async () => {});
