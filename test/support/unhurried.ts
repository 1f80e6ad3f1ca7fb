/**
 * Configuration of a server of `test:real` that refuses nothing because the machine is busy, and is no busier than it must be: the stop
 * spotter takes 0.9 s of processor time. Only for tests whose client does not try again; all others have the shipped limits.
 */
export const UNHURRIED = {
  PARLEY_LIMITS_LOOP_DELAY_MS: '60000',
  PARLEY_LIMITS_NEW_SESSIONS: '100000',
  PARLEY_OVERLOAD_WORSE_MS: '3600000',
  PARLEY_VOICE_STOP_LISTEN: 'never',
};
