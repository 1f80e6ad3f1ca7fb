/** Spoken conversations on virtual time with the embedded engines, measured. Described in docs/how-to/test-your-robot.md. */
export { type EvaluateOptions, evaluate, MODELLED_LATENCY } from './evaluate.ts';
export type { ModelledLatency } from './held-time.ts';
export type { Evaluation, Latency, Rate, StepResult } from './measure.ts';
export { type Recording, type Rehearing, type RehearOptions, rehear } from './recorded/rehear.ts';
export { type EvalScenario, type EvalStep, parseScenario, readScenario } from './scenario.ts';
