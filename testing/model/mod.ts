/** Model-based tests: of the session's machine as Parley uses it, and of users' own machines. */
export { type Coverage, coverageOf, missing, renderTable, type TablePage } from './coverage.ts';
export {
  type CoverOptions,
  coveringPaths,
  type Edge,
  type Exploration,
  type ExploredState,
  explore,
  type Model,
  type ModelPath,
  type PathStep,
} from './explore.ts';
export { describePath, runOnKernel, type SessionPath } from './kernel-level.ts';
export { type MachineState, machineModel } from './machine-model.ts';
export { type PuppetOutcome, runOnSession } from './puppet-session.ts';
export { IMPOSSIBLE_EVENTS, sessionRepresentatives, WORDS } from './representatives.ts';
export {
  type Happening,
  type Representative,
  SessionModel,
  type SessionModelEvent,
  type SessionModelOptions,
  type SessionModelState,
} from './session-model.ts';
export { type Stepped, Stepper, type TransitionInfo, transitionsOf } from './transitions.ts';
