import { setTimeout as wait } from 'node:timers/promises';

/** What the robot can do: the name of an action in robot.dialog.yaml, and the function that does it. */
export const skills = {
  async turn({ direction }, signal) {
    console.log(`  (motors: turning ${direction})`);
    await wait(1_000, undefined, { signal }); // Your motors here. An aborted signal means: stop now.
  },
  async wave(_args, signal) {
    console.log('  (arm: waving)');
    await wait(1_000, undefined, { signal });
  },
};
