import type { Reporter, TestModule } from 'vitest/node';

/** Names the tests that passed only at their second attempt, at the end of a run, with why the first failed. */
export default class Retries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) =>
      [...module.children.allTests('passed')]
        .filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0)
        .map((test) => {
          const [error] = test.result().errors ?? [];
          return `retried: ${module.relativeModuleId} > ${test.fullName}: ${error?.message.split('\n')[0] ?? ''}`;
        }),
    );
    console.log([`${retried.length} tests needed a second attempt`, ...retried].join('\n'));
  }
}
